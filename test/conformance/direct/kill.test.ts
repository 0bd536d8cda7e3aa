/** The server, killed again and again while a partner mails it requests: what was taken happened once. (direct-xdm 8, 14) */
import { expect, test } from '@jest/globals';
import { killBetween, killUnderMail } from '../../../tools/durability/direct-kill.ts';
import { proofOf } from '../../proof.ts';

const { runs: kills, seed, within } = proofOf('direct-kills');

test('a crash between commit and notification repeats the notification alone', async () => {
  const { told, referrals, tasks } = await killBetween();
  expect(told.toSorted()).toEqual(['dispatched 1', 'processed 1']);
  expect(referrals).toEqual([1, 1]);
  expect(tasks[1]).toBe(tasks[0]);
  expect(tasks[0]).not.toBe('');
}, 60_000);

test(
  'kills: what was taken happened once, and is notified',
  async () => {
    const report = await killUnderMail({ kills, seed });
    expect(report).toMatchObject({ faults: [], kills });
    // A run that did nothing would find nothing.
    expect(report.taken).toBeGreaterThan(kills * 2);
    expect(report.sent).toBeGreaterThan(report.taken);
  },
  within(30_000),
);
