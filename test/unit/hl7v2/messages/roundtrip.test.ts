/** FHIR → message → FHIR, and message → FHIR → message, give the same referral but for the published losses. */
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../../chance.ts';
import type {
  CodeableConcept,
  Coding,
  HumanName,
  Patient,
  Practitioner,
  Reference,
  Resource,
  ServiceRequest,
  Task,
} from '../../../../src/fhir/types.ts';
import { toFhirString } from '../../../../src/hl7v2/mapping/plain.ts';
import { encodeMessage, parseMessage, type Message } from '../../../../src/hl7v2/message.ts';
import type { ReferralResources } from '../../../../src/hl7v2/messages/building.ts';
import { readMessage } from '../../../../src/hl7v2/messages/read-message.ts';
import type { RequestReading, StatusReading, VisitReading } from '../../../../src/hl7v2/messages/reading.ts';
import { validateResource } from '../../../../src/resources/validate.ts';
import { built, CONTEXT, FULL, readAgain, readingContext, referralOf, type World } from './full.ts';
import { changesOf, textOf, WIRES } from './wire.ts';

const RUNS = { numRuns: 150 };

// — any referral within what a message can carry

const words = fc
  .oneof(
    { weight: 5, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'a|b^c~d\\e&f',
        '""',
        '\\F\\',
        '\\.br\\',
        'MSH|^~\\&',
        'two\nlines',
        'Zoë Ōkafor',
        '\\X0D\\',
      ),
    },
  )
  .filter((text) => toFhirString(text) === text && !text.includes('\r'));
const word = words.filter((text) => !/\s/.test(text));
const code = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.-]{0,11}$/);
const system = fc.constantFrom(
  'http://snomed.info/sct',
  'http://loinc.org',
  'http://hl7.org/fhir/sid/icd-10-cm',
  'http://terminology.hl7.org/CodeSystem/v2-0278',
  'http://example.org/codes',
  'https://closeloop.dev/fhir/local-codes/2.999.1/99HOUSE',
);
const authority = fc.constantFrom(
  'urn:oid:2.999.1.5',
  'urn:uuid:0b1f6c1e-7f0e-4c5d-9d5a-1f6d3f0a9b11',
  'http://example.org/numbers',
);
const optional = <Type>(arbitrary: fc.Arbitrary<Type>) => fc.option(arbitrary, { nil: undefined });

const coding: fc.Arbitrary<Coding> = fc
  .record({ system, code, version: optional(code), display: optional(words) })
  .map(compact);

/** Its first display is its text: of a reason, one of the two travels. */
const reason: fc.Arbitrary<CodeableConcept> = fc
  .record({ text: words, codings: fc.array(coding, { maxLength: 2 }) })
  .map(({ text, codings: [one, ...others] }) => ({
    ...(one !== undefined && { coding: [{ ...one, display: text }, ...others] }),
    text,
  }));

const concept: fc.Arbitrary<CodeableConcept> = fc
  .record({ coding: fc.array(coding, { minLength: 1, maxLength: 2 }), text: optional(words) })
  .map(compact);

const moment = fc
  .tuple(
    fc.integer({ min: Date.UTC(1950, 0, 1), max: Date.UTC(2080, 0, 1) }),
    fc.constantFrom('Z', '-05:00', '+05:30', '+13:00'),
  )
  .map(([ms, offset]) => `${new Date(ms).toISOString().slice(0, 19)}${offset}`);

const name: fc.Arbitrary<HumanName> = fc
  .record({
    use: fc.constantFrom('official' as const, 'usual' as const, 'nickname' as const),
    family: words,
    given: optional(fc.tuple(words, word, word).map((all) => [...all])),
    prefix: optional(words.map((one) => [one])),
    suffix: optional(words.map((one) => [one])),
  })
  // v2 samples say the type L in the prefix; a prefix that is just that is taken for it
  .filter(({ prefix }) => prefix?.[0] !== 'L')
  .map(compact);

const patient: fc.Arbitrary<Patient> = fc
  .record({
    resourceType: fc.constant('Patient' as const),
    number: fc.record({ system: authority, value: words }),
    name: name.map((one) => [one]),
    gender: optional(
      fc.constantFrom('male' as const, 'female' as const, 'other' as const, 'unknown' as const),
    ),
    birthDate: optional(moment.map((at) => at.slice(0, 10))),
    telecom: optional(
      fc.tuple(words, words, words).map(([home, mail, work]) => [
        { system: 'phone' as const, value: home, use: 'home' as const },
        { system: 'email' as const, value: mail },
        { system: 'fax' as const, value: work, use: 'work' as const },
      ]),
    ),
    address: optional(
      fc
        .record({
          use: fc.constantFrom('home' as const, 'temp' as const, 'billing' as const),
          line: fc.tuple(words, words).map((lines) => [...lines]),
          city: optional(words),
          district: optional(words),
          state: optional(words),
          postalCode: optional(words),
          country: optional(words),
        })
        .map((one) => [compact(one)]),
    ),
  })
  .map(({ number, ...rest }) => compact({ ...rest, identifier: [{ type: typed('MR'), ...number }] }));

const practitioner: fc.Arbitrary<Practitioner> = fc
  .record({ number: code, name, degree: optional(words) })
  .map(({ number, name: one, degree }) =>
    compact({
      resourceType: 'Practitioner' as const,
      identifier: [{ type: typed('NPI'), system: 'http://hl7.org/fhir/sid/us-npi', value: number }],
      name: [one],
      qualification: degree === undefined ? undefined : [{ code: { text: degree } }],
    }),
  );

interface Asked {
  readonly request: ServiceRequest;
  readonly task: Task;
}

const asked: fc.Arbitrary<Asked> = fc
  .record({
    value: words,
    system: authority,
    code: fc.record({ coding: coding.map((one) => [one]), text: optional(words) }).map(compact),
    orderDetail: optional(
      fc.array(
        fc.oneof(
          words.map((text) => ({ text })),
          concept,
        ),
        { minLength: 1, maxLength: 4 },
      ),
    ),
    quantity: optional(fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constant(2.5))),
    priority: optional(
      fc.constantFrom('routine' as const, 'urgent' as const, 'asap' as const, 'stat' as const),
    ),
    end: moment,
    authoredOn: moment,
    reasonCode: fc.array(reason, { minLength: 1, maxLength: 3 }),
    note: optional(
      fc.array(
        words.map((text) => ({ text })),
        { minLength: 1, maxLength: 3 },
      ),
    ),
    security: optional(fc.constantFrom('N', 'R', 'V')),
    validFor: optional(fc.integer({ min: 1, max: 400 * 86_400 })),
  })
  .map(({ value, system: assigner, quantity, end, security, validFor, ...elements }) => ({
    request: compact({
      ...elements,
      resourceType: 'ServiceRequest' as const,
      meta: security && {
        security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: security }],
      },
      identifier: [{ type: typed('PLAC'), system: assigner, value }],
      status: 'active' as const,
      intent: 'order' as const,
      quantityQuantity: quantity === undefined ? undefined : { value: quantity },
      subject: { reference: 'Patient/p' },
      occurrencePeriod: { end },
      requester: { reference: 'PractitionerRole/dr' },
    }),
    task: {
      ...FULL.task,
      authoredOn: elements.authoredOn,
      restriction: validFor === undefined ? {} : { period: { end: later(elements.authoredOn, validFor) } },
    },
  }));

const world: fc.Arbitrary<World> = fc
  .record({ patient, practitioner, asked })
  .map(({ asked: both, ...people }) => ({ ...FULL, ...people, ...both }));

const typed = (type: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: type }],
});

const later = (from: string, seconds: number): string =>
  new Date(Date.parse(from) + seconds * 1000).toISOString();

function compact<Shape extends object>(
  shape: Shape,
): { [Key in keyof Shape]: Exclude<Shape[Key], undefined> } {
  // what is undefined is left out
  return JSON.parse(JSON.stringify(shape)) as { [Key in keyof Shape]: Exclude<Shape[Key], undefined> };
}

// — there and back

const requestFrom = (one: World): Message => {
  const context = { ...CONTEXT, patientSystems: { initiator: systemsOf(one.patient), recipient: [] } };
  const [message] = built(
    { event: 'send-referral-package', from: 'draft', referral: referralOf(one) },
    context,
  );
  if (message === undefined) throw new Error('no message');
  return message;
};

const systemsOf = ({ identifier = [] }: Patient): string[] => identifier.flatMap((one) => one.system ?? []);

const resourceIn = (reading: RequestReading, type: string): Resource => {
  const found = reading.resources.find(({ resource }) => resource.resourceType === type);
  if (found === undefined) throw new Error(`no ${type}`);
  return found.resource;
};

/** What a receiver would answer from: the resources as they were read. */
function referralIn(reading: RequestReading): ReferralResources {
  return {
    patient: resourceIn(reading, 'Patient') as object as Patient,
    request: resourceIn(reading, 'ServiceRequest') as object as ServiceRequest,
    task: resourceIn(reading, 'Task') as object as Task,
    resolve: ({ reference }: Reference) =>
      reading.resources.find(({ fullUrl }) => fullUrl === reference)?.resource,
  };
}

/** What the published lists say is not the message's to carry: added by the reader, or implied. */
const OWN = ['meta', 'identifier', 'category', 'subject', 'requester', 'performer'] as const;

function carried(request: Resource): Resource {
  const copy: Record<string, unknown> = { ...request };
  for (const element of OWN) delete copy[element];
  return copy as Resource;
}

describe('FHIR → OMG → FHIR', () => {
  test('gives the same order', () => {
    fc.assert(
      fc.property(world, (one) => {
        const reading = readAgain(requestFrom(one)) as RequestReading;
        const request = resourceIn(reading, 'ServiceRequest');
        expect(carried(request)).toEqual(carried(one.request as object as Resource));
        expect(reading.referralId).toEqual(one.request.identifier?.[0]);
        expect(request.meta?.security).toEqual(one.request.meta?.security);
        const task = resourceIn(reading, 'Task') as object as Task;
        const [until, wanted] = [task.restriction?.period?.end, one.task.restriction?.period?.end];
        expect(until && Date.parse(until)).toEqual(wanted && Date.parse(wanted));
      }),
      RUNS,
    );
  });

  test('gives the same people', () => {
    fc.assert(
      fc.property(world, (one) => {
        const reading = readAgain(requestFrom(one)) as RequestReading;
        expect(resourceIn(reading, 'Patient')).toEqual(one.patient);
        expect(resourceIn(reading, 'Practitioner')).toEqual(one.practitioner);
      }),
      RUNS,
    );
  });

  test('makes valid resources, of the profiles they claim', () => {
    fc.assert(
      fc.property(world, (one) => {
        const { resources, findings } = readAgain(requestFrom(one)) as RequestReading;
        expect(findings).toEqual([]);
        const found = resources.flatMap(({ resource }) =>
          validateResource(resource, { unknownCodes: 'warning' }),
        );
        // What a code means is its sender's affair.
        expect(found.filter(({ severity }) => severity !== 'warning')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

function rebuilt(message: Message): Message {
  const reading = readAgain(message) as RequestReading;
  const referral = referralIn(reading);
  const context = { ...CONTEXT, patientSystems: { initiator: systemsOf(referral.patient), recipient: [] } };
  const [again] = built({ event: 'send-referral-package', from: 'draft', referral }, context);
  if (again === undefined) throw new Error('no message');
  return again;
}

describe('OMG → FHIR → OMG', () => {
  test('gives the same message', () => {
    fc.assert(
      fc.property(world, (one) => {
        const message = requestFrom(one);
        expect(encodeMessage(rebuilt(message))).toBe(encodeMessage(message));
      }),
      RUNS,
    );
  });

  test('of any other sender’s message, keeps what was read', () => {
    const odd = changesOf(WIRES['OMG'] ?? []).map(({ text }) => text);
    const first = odd.map((text) => readMessage(parseMessage(text), readingContext()));
    const sound = odd.filter((_, index) => {
      const reading = first[index];
      return (
        reading?.kind === 'reading' &&
        'resources' in reading &&
        reading.findings.every(({ severity }) => severity !== 'E')
      );
    });
    expect(sound.length).toBeGreaterThan(200);
    for (const text of sound) {
      const message = parseMessage(text);
      const once = rebuilt(message);
      expect(encodeMessage(rebuilt(once))).toBe(encodeMessage(once));
    }
  });
});

describe('a status', () => {
  test('brings its reason', () => {
    fc.assert(
      fc.property(
        reason,
        fc.constantFrom('send-decline' as const, 'send-cancellation-request' as const),
        (why, event) => {
          const task: Task = { ...FULL.task, statusReason: why };
          delete task.note;
          const [message] = built({ event, from: 'received', referral: referralOf({ ...FULL, task }) });
          if (message === undefined) throw new Error('no message');
          expect((readAgain(message) as StatusReading).reason).toEqual(why);
        },
      ),
      RUNS,
    );
  });
});

describe('a visit', () => {
  test('brings its slot, its reasons and its number', () => {
    fc.assert(
      fc.property(
        moment,
        fc.integer({ min: 1, max: 600 }),
        concept,
        concept,
        words,
        (start, minutes, why, what, number) => {
          const end = later(start, minutes * 60);
          const appointment = {
            ...FULL.appointment,
            identifier: [{ system: 'urn:oid:2.999.2.14', value: number }],
            start,
            end,
            minutesDuration: minutes,
            serviceType: [what],
            cancelationReason: why,
          };
          const event = 'send-appointment-cancellation-information';
          const [message] = built({
            event,
            from: 'in-progress/5.1.1',
            referral: referralOf(FULL),
            appointment,
          });
          if (message === undefined) throw new Error('no message');
          const { appointment: read } = readAgain(message) as VisitReading;
          expect(read).toMatchObject({
            identifier: appointment.identifier,
            status: 'cancelled',
            minutesDuration: minutes,
            serviceType: [what],
            cancelationReason: why,
          });
          expect(Date.parse(read.start ?? '')).toBe(Date.parse(start));
          expect(Date.parse(read.end ?? '')).toBe(Date.parse(end));
        },
      ),
      RUNS,
    );
  });
});

test('every wire of the tests is read without an error', () => {
  for (const wire of Object.values(WIRES)) {
    const reading = readMessage(parseMessage(textOf(wire)), readingContext());
    expect(reading.findings.filter(({ severity }) => severity === 'E')).toEqual([]);
  }
});
