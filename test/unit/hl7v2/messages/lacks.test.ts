/** What a message lacks (rules 1.15) is what would keep it out of the chart where it is read: the same, found on its fields. */
import { expect, test } from '@jest/globals';
import type { Message } from '../../../../src/hl7v2/message.ts';
import { lacksOf } from '../../../../src/hl7v2/messages/lacks.ts';
import type { Told } from '../../../../src/hl7v2/messages/build.ts';
import { built, FULL, readAgain, referralOf } from './full.ts';

const referral = referralOf(FULL);
const { note } = FULL;
/** Whose slot stands in TQ1 alone; where it is said of people, too, it is the same. */
const appointment = { ...FULL.appointment, participant: [] };
const TOLD: readonly Told[] = [
  { event: 'send-referral-package', from: 'draft', referral },
  { event: 'send-decline', from: 'received', referral },
  { event: 'send-referral-outcome', from: 'accepted', referral, note },
  { event: 'send-schedule-visit-information', from: 'accepted', referral, appointment },
  { event: 'send-no-show-information', from: 'in-progress/5.1.1', referral, appointment },
];

/** Its receiver's errors, and what nobody could know it by. */
function errorsOf(message: Message): readonly string[] {
  const reading = readAgain(message, { namespaces: {} });
  if (reading.kind === 'fault') throw new Error(reading.issue);
  const { family, given } = reading.patient?.name ?? {};
  return [
    ...(family === undefined && given === undefined ? ['PID-5: the patient has no name'] : []),
    ...(reading.sendingFacility === undefined
      ? ['MSH-4: the sending organization has neither a facility nor an OID']
      : []),
    ...reading.findings
      .filter(({ severity }) => severity === 'E')
      .map(({ location, says }) => `${location}: ${says}`),
  ];
}

/** The message with each of its fields, of MSH only the sender, as each of these values in turn. */
function variants(message: Message, values: readonly string[]): readonly Message[] {
  return message.segments.flatMap((segment, at) =>
    segment.fields.flatMap((_, n) =>
      n === 0 || (segment.name === 'MSH' && n !== 4)
        ? []
        : values.map((value) => ({
            ...message,
            segments: message.segments.map((one, index) =>
              index === at ? { ...one, fields: one.fields.map((raw, i) => (i === n ? value : raw)) } : one,
            ),
          })),
    ),
  );
}

test.each(TOLD.map((told) => [told.event, built(told)] as const))('of %s', (_event, messages) => {
  const found = new Set<string>();
  for (const message of messages) {
    for (const variant of [message, ...variants(message, ['', '^', 'R-1', '^^2.999.1^ISO'])]) {
      const lacks = lacksOf([variant]);
      expect([...lacks].sort()).toEqual([...new Set(errorsOf(variant))].sort());
      for (const line of lacks) found.add(line.split(':')[0] ?? '');
    }
    expect(lacksOf([message])).toEqual([]);
  }
  expect(found).toContain('PID-5');
});
