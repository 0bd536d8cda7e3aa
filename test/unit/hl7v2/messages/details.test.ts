/** Details of what is built: datatypes as v2.5.1 has them, and urgency as a time (360X). */
import { describe, expect, test } from '@jest/globals';
import { buildAck } from '../../../../src/hl7v2/ack.ts';
import {
  encodeMessage,
  firstSegment,
  repetitions,
  text,
  type Message,
} from '../../../../src/hl7v2/message.ts';
import { built, CONTEXT, FULL, readAgain, referralOf, type World } from './full.ts';

const requestOf = (world: World): Message => {
  const [message] = built({ event: 'send-referral-package', from: 'draft', referral: referralOf(world) });
  if (message === undefined) throw new Error('a request is one message');
  return message;
};
const at = (message: Message, name: string, n: number): string | undefined => {
  const segment = firstSegment(message, name);
  return segment && text(segment, n);
};

describe('TQ1-8 of an urgent order', () => {
  const request = { ...FULL.request };
  delete request.occurrencePeriod;
  delete request.occurrenceDateTime;
  delete request.authoredOn;
  const task = { ...FULL.task };
  delete task.authoredOn;

  test.each([
    ['when it was ordered', { ...request, authoredOn: '2026-01-01T00:00:00Z' }, task, '20260102000000+0000'],
    [
      'when its Task was written',
      request,
      { ...task, authoredOn: '2026-02-01T00:00:00Z' },
      '20260202000000+0000',
    ],
    ['when it is sent', request, task, '20260302000000.000+0000'],
  ] as const)('counts from %s', (_since, order, sent, end) => {
    const world = { ...FULL, request: { ...order, priority: 'stat' as const }, task: sent } as World;
    const message = built(
      { event: 'send-referral-package', from: 'draft', referral: referralOf(world) },
      { ...CONTEXT, now: Date.parse('2026-03-01T00:00:00Z') },
    )[0];
    expect(message && at(message, 'TQ1', 8)).toBe(end);
  });
});

describe('a text of several lines', () => {
  const LINES = 'first line\nsecond line';

  test('has no formatting command where v2 has a string', () => {
    const world = { ...FULL, request: { ...FULL.request, reasonCode: [{ text: LINES }] } };
    const message = requestOf(world);
    const obr = firstSegment(message, 'OBR');
    expect(obr && repetitions(obr, 31)[0]?.raw).toBe('^first line\\X0A\\second line');
  });

  test('keeps its lines where v2 has formatted text', () => {
    const world = {
      ...FULL,
      request: { ...FULL.request, orderDetail: [{ text: LINES }], note: [{ text: LINES }] },
    };
    const message = requestOf(world);
    expect(at(message, 'OBX', 2)).toBe('FT');
    expect(encodeMessage(message)).toMatch(/NTE\|1\|\|first line\\\.br\\second line/);
    expect(JSON.stringify(readAgain(message))).toContain(JSON.stringify([{ text: LINES }]));
  });
});

test('TXA-2 is a code alone (IS, table 0270)', () => {
  const { note } = FULL;
  const [mdm] = built({ event: 'send-referral-outcome', from: 'accepted', referral: referralOf(FULL), note });
  const txa = mdm && firstSegment(mdm, 'TXA');
  expect(txa?.fields[2]).toBe('CN');
});

test('an acknowledgment is ASCII, whatever we say', () => {
  const says = 'the other party’s “move” – wait… 1 → 2 äß\nend';
  const received = Buffer.from('MSH|^~\\&|A|B|C|D|2026||OMG^O19|1|P|2.5.1\r');
  const errors = [{ code: '207', severity: 'E' as const, says }];
  const ack = encodeMessage(buildAck({ received, code: 'AE', controlId: '1', at: 0, errors }));
  expect(ack).toMatch(/^[\x20-\x7e\r]*$/);
  expect(ack).toContain(`the other party's "move" - wait... 1 -> 2 a end`);
});
