/** The server, killed again and again while engines send it orders (rules 7.2, 7.3). */
import { expect, test } from '@jest/globals';
import { proofOf } from '../../proof.ts';
import { killUnderMessages } from '../../../tools/durability/hl7-kill.ts';

const { runs: kills, seed, within } = proofOf('message-kills');

test(
  'kills: what was acknowledged happened once, and sending all again makes all once',
  async () => {
    const report = await killUnderMessages({ kills, engines: 6, seed });
    expect(report).toMatchObject({ faults: [], kills });
    // A run that did nothing would find nothing.
    expect(report.acknowledged).toBeGreaterThan(kills * 3);
    expect(report.sent).toBeGreaterThan(report.acknowledged);
  },
  within(20_000),
);
