/** Where the notice of 42 CFR 2.32 stands in each message (compliance P30), and how it is read again (P33). */
import { describe, expect, test } from '@jest/globals';
import { buildMessage } from '../../../../src/hl7v2/build.ts';
import { buildMessages, type ReferralEvent } from '../../../../src/hl7v2/messages/build-messages.ts';
import { hasNotice } from '../../../../src/hl7v2/messages/notice.ts';
import { encodeMessage, field, type Message } from '../../../../src/hl7v2/message.ts';
import { readNte } from '../../../../src/hl7v2/segments/nte.ts';
import { STATEMENT_1 } from '../../../../src/policies/part2/statements.ts';
import { CONTEXT, FULL, referralOf } from './full.ts';

const SCOPE = 'Consent of 2026-03-01: A may disclose "all" to B.';

function built(event: ReferralEvent['event'], notice: readonly string[]): readonly Message[] {
  const told = {
    event,
    from: 'accepted',
    referral: referralOf(FULL),
    appointment: FULL.appointment,
    note: FULL.note,
  };
  const made = buildMessages(told as ReferralEvent, () => ({ ...CONTEXT, notice }));
  if (made.kind === 'missing') throw new Error(made.missing);
  return made.messages.map((one) => buildMessage(one));
}

const names = ({ segments }: Message): string => segments.map(({ name }) => name).join(' ');

const notes = ({ segments }: Message) => segments.filter(({ name }) => name === 'NTE').map(readNte);

describe('(compliance P14, P30) the notice', () => {
  test.each<readonly [ReferralEvent['event'], readonly RegExp[], readonly [string, number][]]>([
    ['send-referral-package', [/^MSH NTE NTE PID ORC /], [['ORC', 28]]],
    ['send-acceptance', [/^MSH NTE NTE PID ORC$/], [['ORC', 28]]],
    ['send-schedule-visit-information', [/^MSH SCH TQ1 NTE NTE PID /], []],
    [
      'send-referral-outcome',
      [/TXA OBX NTE NTE$/, /^MSH NTE NTE PID ORC$/],
      [
        ['TXA', 18],
        ['ORC', 28],
      ],
    ],
  ])('of %s', (event, places, restricted) => {
    const messages = built(event, [STATEMENT_1, SCOPE]);
    expect(messages).toHaveLength(places.length);
    for (const [index, message] of messages.entries()) {
      expect(names(message)).toMatch(places[index] ?? /never/);
      const own = notes(message).filter(({ sourceOfComment }) => sourceOfComment === 'O');
      expect(own.map(({ comment }) => comment.join('')).slice(0, 2)).toEqual([STATEMENT_1, SCOPE]);
      expect(own[0]?.commentType).toEqual({
        identifier: 'RE',
        text: 'Remark',
        nameOfCodingSystem: 'HL70364',
      });
      expect(hasNotice(message)).toBe(true);
      const [segment = '', number = 0] = restricted[index] ?? [];
      const found = message.segments.find(({ name }) => name === segment);
      expect(found === undefined ? 'R' : field(found, number)).toMatch(/^[RV]$/);
      expect(encodeMessage(message)).not.toContain('ETH');
    }
  });

  test('is nowhere where nothing is of Part 2: the bytes are those of before', () => {
    for (const event of ['send-referral-package', 'send-acceptance', 'send-referral-outcome'] as const)
      for (const message of built(event, [])) {
        expect(hasNotice(message)).toBe(false);
        expect(encodeMessage(message)).not.toContain('NTE|1|O|');
      }
  });
});
