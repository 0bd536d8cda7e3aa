/** Which steps a draft needs: each condition holds where its step has something to do, and only there (house-2 5). */
import { describe, expect, test } from '@jest/globals';
import { bodyOf } from '../../../src/fhir/json.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Draft, Planned } from '../../../src/operations/write/draft.ts';
import {
  custodyDecides,
  hasOutputs,
  isIncomplete,
  mayChangeNothing,
  mends,
  namesSubject,
  refersAnew,
} from '../../../src/operations/write/step-conditions.ts';
import { documentReference, parameter, patient, task } from '../../resources.ts';

const PARTIES = {
  focus: 'ServiceRequest/s',
  for: 'Patient/p',
  requester: 'PractitionerRole/a',
  owner: 'PractitionerRole/b',
};
const sent = task(PARTIES);

/** As much of a draft as conditions look at. */
const draftOf = (...written: readonly Partial<Planned>[]): Draft =>
  ({
    context: { settings: { publicBase: 'https://here.example/fhir', skipUnchanged: true } },
    planned: new Map(written.map((one) => [one.ref, { method: 'PUT', base: 1, origin: 'client', ...one }])),
    moves: [],
    records: [],
  }) as unknown as Draft; // conditions look at nothing else

const change = (before: Resource | undefined, after: Resource, ref: Ref = 'Task/t'): Partial<Planned> => ({
  ref,
  before,
  after: bodyOf(after),
});

const NO_ENTRIES = new Map<string, Ref>();
const holds = (condition: typeof mends, written: Partial<Planned>): boolean =>
  condition(draftOf(written), NO_ENTRIES);

describe('(house-2 5) a step runs where it has a reason', () => {
  const accepted = { ...sent, status: 'accepted' };
  test.each([
    ['the same references', change(sent, accepted), false],
    ['a new resource', change(undefined, accepted), true],
    ['a new reference', change(sent, { ...accepted, basedOn: [{ reference: 'CarePlan/c' }] }), true],
    [
      'our own address, in full',
      change(sent, { ...sent, for: { reference: 'https://here.example/fhir/Patient/p' } }),
      true,
    ],
  ])('references: %s', (_what, written, expected) => {
    expect(holds(refersAnew, written)).toBe(expected);
  });

  test('what an order may complete, outputs, and a subject', () => {
    const { owner: _owner, ...ownerless } = sent as Resource & { readonly owner?: unknown };
    expect(holds(isIncomplete, change(sent, accepted))).toBe(false);
    expect(holds(isIncomplete, change(sent, ownerless as Resource))).toBe(true);
    expect(holds(hasOutputs, change(sent, accepted))).toBe(false);
    expect(holds(hasOutputs, change(sent, { ...sent, output: [parameter('Binary/b')] }))).toBe(true);
    expect(holds(namesSubject, change(sent, accepted))).toBe(false);
    expect(holds(namesSubject, change(sent, { ...sent, for: { reference: 'Patient/q' } }))).toBe(true);
  });

  test('custody decides, but for a referral Task that is here', () => {
    expect(holds(custodyDecides, change(sent, accepted))).toBe(false);
    expect(holds(custodyDecides, change(undefined, sent))).toBe(true);
    expect(holds(custodyDecides, change(patient(), patient(), 'Patient/p'))).toBe(true);
    expect(holds(custodyDecides, { ...change(undefined, sent), origin: 'server' })).toBe(false);
  });

  test('a write that changes nothing, though its server-set fields differ', () => {
    expect(holds(mayChangeNothing, change(sent, { ...sent, meta: { versionId: '7' } }))).toBe(true);
    expect(holds(mayChangeNothing, change(sent, accepted))).toBe(false);
  });

  test('(rules 1.15) a file mends only an order that was here before its draft', () => {
    const related = { context: { related: [{ reference: 'ServiceRequest/s' }] } };
    const file = change(
      undefined,
      documentReference('Patient/p', 'Binary/b', related),
      'DocumentReference/d',
    );
    const order: Partial<Planned> = { ref: 'ServiceRequest/s', method: 'POST', base: 0 };
    expect(mends(draftOf(file), NO_ENTRIES)).toBe(true);
    expect(mends(draftOf(file, order), NO_ENTRIES)).toBe(false);
    expect(mends(draftOf(file, { ...order, method: 'PUT', base: 3 }), NO_ENTRIES)).toBe(true);
  });
});
