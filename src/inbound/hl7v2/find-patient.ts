/**
 * Whether the person of a message is a person known here (rules 7.6): "only assigning authorities that are registered for
 * the link match, within that custodian. Name and birth date must agree, else quarantine."
 */
import { systemOfOid } from '../../fhir/identifier.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import type { Link } from '../../hl7v2/link.ts';
import type { PatientReading } from '../../hl7v2/messages/reading.ts';
import type { Query } from '../../ports/query.ts';
import { agrees } from '../../resources/same-person.ts';
import { remark } from '../fate.ts';
import { ownMatches, sightOfSender } from '../sender-sight.ts';
import type { Remark } from '../../ports/inbound.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { Draft } from '../../operations/write/draft.ts';

type PatientMatch =
  | { readonly kind: 'known'; readonly ref: Ref; readonly patient: Resource }
  | { readonly kind: 'new' }
  /** An identifier is known, and belongs to somebody else, or to several. */
  | { readonly kind: 'contradicted'; readonly says: string };

/** Patients under one number that are looked at, at most. */
const PATIENTS_MAX = 100;

/** The patient of the sender's own that a message means. */
export async function findPatient(
  draft: Draft,
  reading: PatientReading,
  { authorities }: Link,
): Promise<PatientMatch> {
  const systems = new Set(authorities.map((oid) => systemOfOid(oid) ?? oid));
  const numbers = reading.identifiers.filter(({ system, value }) => system && value && systems.has(system));
  if (numbers.length === 0) return { kind: 'new' };
  const query: Query = {
    type: 'Patient',
    where: {
      kind: 'any',
      of: numbers.map(({ system = '', value = '' }) => ({
        kind: 'token',
        param: 'identifier',
        system,
        code: value,
      })),
    },
    sort: [],
    sight: sightOfSender(draft),
    count: PATIENTS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  const [match, another] = ownMatches(draft, matches);
  if (match === undefined) return { kind: 'new' };
  if (another !== undefined) return { kind: 'contradicted', says: 'the numbers belong to several patients' };
  const patient = parseStored(match.text);
  return agrees(reading, patient)
    ? { kind: 'known', ref: match.ref, patient }
    : { kind: 'contradicted', says: 'name or birth date are not those of the patient with this number' };
}

/**
 * Whether a message about a referral means the referral's patient: at least one number is the patient's, none of the same
 * authority is another, and name and birth date agree.
 */
export function isSamePerson(reading: PatientReading, patient: Resource): boolean {
  const known = (patient['identifier'] ?? []) as readonly Identifier[]; // validated structure
  const alike = reading.identifiers.filter((number) => known.some((one) => isSameNumber(one, number)));
  if (alike.length === 0) return false;
  const contradicts = reading.identifiers.some(
    ({ system }) =>
      system !== undefined &&
      known.some((one) => one.system === system) &&
      !alike.some((one) => one.system === system),
  );
  return !contradicts && agrees(reading, patient);
}

const isSameNumber = (one: Identifier, other: Identifier): boolean =>
  one.value !== undefined && one.value === other.value && one.system === other.system;

/** The person of a message is not whom its numbers stand for: table 0357, unknown key identifier. */
export const mistaken = (says: string): Remark => ({
  ...remark('structure-invalid', 'E', 'PID-3', says),
  code: '204',
});
