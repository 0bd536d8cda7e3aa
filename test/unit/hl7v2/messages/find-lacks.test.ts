/** What a message lacks (rules 1.15) is what would keep it out of the chart where it is read: the same, found on its fields. */
import { expect, test } from '@jest/globals';
import { buildMessage } from '../../../../src/hl7v2/build.ts';
import type { Message, Segment } from '../../../../src/hl7v2/message.ts';
import { elementsLacking } from '../../../../src/hl7v2/messages/find-lacks.ts';
import type { Segments, ReferralEvent } from '../../../../src/hl7v2/messages/build-messages.ts';
import { readMsh } from '../../../../src/hl7v2/segments/msh.ts';
import { readObr } from '../../../../src/hl7v2/segments/obr.ts';
import { readObx } from '../../../../src/hl7v2/segments/obx.ts';
import { readOrc } from '../../../../src/hl7v2/segments/orc.ts';
import { readPid } from '../../../../src/hl7v2/segments/pid.ts';
import { readSch } from '../../../../src/hl7v2/segments/sch.ts';
import { readTq1 } from '../../../../src/hl7v2/segments/tq1.ts';
import { readTxa } from '../../../../src/hl7v2/segments/txa.ts';
import { built, drafted, FULL, readAgain, referralOf, type World } from './full.ts';

const referral = referralOf(FULL);
const { note } = FULL;
/** Whose slot stands in TQ1 alone; where it is said of people, too, it is the same. */
const appointment = { ...FULL.appointment, participant: [] };
const TOLD: readonly ReferralEvent[] = [
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

const READERS: Readonly<Record<string, (segment: Segment) => object>> = {
  MSH: readMsh,
  PID: readPid,
  ORC: readOrc,
  OBR: readObr,
  OBX: readObx,
  SCH: readSch,
  TQ1: readTq1,
  TXA: readTxa,
};

/** The values that a message with these fields would have been made of. */
const valuesIn = ({ segments }: Message): Segments =>
  segments.map((segment) => ({
    name: segment.name,
    fields: {},
    draft: READERS[segment.name]?.(segment) ?? {},
  }));

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
      const lacks = elementsLacking([valuesIn(variant)]);
      expect([...lacks].sort()).toEqual([...new Set(errorsOf(variant))].sort());
      for (const line of lacks) found.add(line.split(':')[0] ?? '');
    }
    expect(elementsLacking([valuesIn(message)])).toEqual([]);
  }
  expect(found).toContain('PID-5');
});

/** What a client may write of a referral, and of which nothing, or nothing that counts, is left in a message. */
const WRITTEN: readonly (readonly [says: string, world: Partial<World>])[] = [
  ['all of it', {}],
  ['a patient without a name', { patient: { ...FULL.patient, name: [] } }],
  ['a name that is a use alone', { patient: { ...FULL.patient, name: [{ use: 'official' }] } }],
  ['a name of a control character', { patient: { ...FULL.patient, name: [{ family: '\u0001' }] } }],
  ['a name of two quotation marks', { patient: { ...FULL.patient, name: [{ family: '""' }] } }],
  ['a name of delimiters', { patient: { ...FULL.patient, name: [{ given: ['^~&|'] }] } }],
  ['no number of the patient', { patient: { ...FULL.patient, identifier: [] } }],
  ['no clinician', { practitioner: { resourceType: 'Practitioner' } }],
  [
    'a clinician whose name in use is empty',
    {
      practitioner: {
        resourceType: 'Practitioner',
        name: [{ use: 'official' }, { family: 'Old', use: 'old' }],
      },
    },
  ],
  ['no number of the order', { request: { ...FULL.request, identifier: [] } }],
  [
    'a number of nobody',
    {
      request: {
        ...FULL.request,
        identifier: [{ ...FULL.request.identifier?.[0], system: 'urn:example:local', value: ' ' }],
      },
    },
  ],
  [
    'no reason and no service',
    { request: { ...FULL.request, reasonCode: [], reasonReference: [], code: {} } },
  ],
  ['a reason of blanks', { request: { ...FULL.request, reasonCode: [{ text: ' ' }], reasonReference: [] } }],
  [
    'a visit without a slot',
    { appointment: { ...appointment, start: undefined, end: undefined } as World['appointment'] },
  ],
  [
    'a visit that ends before it begins',
    {
      appointment: { ...appointment, start: appointment.end ?? '', end: appointment.start ?? '' },
    },
  ],
  ['a visit without a number', { appointment: { ...appointment, identifier: [], id: 'a' } }],
  ['an empty file', { note: { ...note, data: '' } }],
];

test.each(WRITTEN)('values are looked at as their receiver reads their text: %s', (_says, more) => {
  const world = { ...FULL, appointment, ...more };
  for (const told of TOLD) {
    const changed = {
      ...told,
      referral: referralOf(world),
      ...(told.appointment !== undefined && { appointment: world.appointment }),
      ...(told.note !== undefined && { note: world.note }),
    };
    for (const segments of drafted(changed)) {
      const errors = errorsOf(buildMessage(segments));
      expect([...elementsLacking([segments])].sort()).toEqual([...new Set(errors)].sort());
    }
  }
});
