/**
 * Suspensions (45 CFR 164.528(a)(2)): an agency's statement that its disclosures are not told to the patient for a time. It
 * is a DocumentReference about the patient, of the type below, whose author is the agency and whose context has the time; an
 * oral one counts for thirty days at most. It ends by the clock, and what it hides is counted nowhere.
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import type { DocumentReference, Reference } from '../../fhir/types.ts';
import { SUSPENDABLE } from '../../policies/accounting.ts';
import { localRef } from '../../resources/element.ts';
import type { Disclosed } from './disclosures.ts';

export const SUSPENSION_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/accounting-suspension';

const ORAL_MS = 30 * 86_400_000;

export interface Suspension {
  /** The agencies: organizations of this server, and names. */
  readonly agencies: ReadonlySet<string>;
}

/** The suspensions among documents that are in force; one without an end is none, because the statement must have one. */
export function suspensionsAt(documents: readonly DocumentReference[], now: number): readonly Suspension[] {
  return documents
    .filter((document) => isInForce(document, now))
    .map(({ author = [] }) => ({ agencies: new Set(author.flatMap(namesOf)) }));
}

const namesOf = (agency: Reference): readonly string[] =>
  [localRef(agency), agency.display].filter((name): name is string => name !== undefined && name !== '');

function isInForce({ status, type, date, context }: DocumentReference, now: number): boolean {
  const code = type?.coding?.find(({ system }) => system === SUSPENSION_SYSTEM)?.code;
  const { start = date, end } = context?.period ?? {};
  const from = start === undefined ? undefined : parseDateTime(start)?.low;
  const until = end === undefined ? undefined : parseDateTime(end)?.high;
  if (status !== 'current' || from === undefined || from > now) return false;
  if (code === 'oral') return now <= Math.min(from + ORAL_MS, until ?? Infinity);
  return code === 'written' && until !== undefined && now <= until;
}

export function isSuspended({ recipient, basis }: Disclosed, suspensions: readonly Suspension[]): boolean {
  if (basis === undefined || !SUSPENDABLE.has(basis)) return false;
  const name = typeof recipient === 'string' ? recipient : recipient.name;
  return suspensions.some(({ agencies }) => agencies.has(name));
}
