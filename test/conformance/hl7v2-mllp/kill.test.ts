/** The server, killed again and again while engines send it orders (rules 7.2, 7.3). */
import { expect, test } from '@jest/globals';
import { killUnderMessages } from '../../../tools/durability/hl7-kill.ts';

test('six kills: what was acknowledged happened once, and sending all again makes all once', async () => {
  const report = await killUnderMessages({ kills: 6, engines: 6, seed: Date.now() % 2 ** 32 });
  expect(report).toMatchObject({ faults: [], kills: 6 });
  // A run that did nothing would find nothing.
  expect(report.acknowledged).toBeGreaterThan(50);
  expect(report.sent).toBeGreaterThan(report.acknowledged);
}, 120_000);
