/**
 * Suspensions (45 CFR 164.528(a)(2)): an agency's statement that its disclosures are not told to the patient for a time. It
 * is a DocumentReference about the patient, of the type below, whose author is the agency and whose context has the time; an
 * oral one counts for thirty days at most. It ends by the clock, and what it hides is counted nowhere.
 */
import { foldText } from '../../fhir/fold.ts';
import { parseDateTime } from '../../fhir/datetime.ts';
import type { DocumentReference, Ref, Reference } from '../../fhir/types.ts';
import { SUSPENDABLE, SUSPENSION_SYSTEM } from '../../policies/accounting.ts';
import { localRef } from '../../resources/element.ts';
import type { Disclosed } from './disclosures.ts';

const ORAL_MS = 30 * 86_400_000;

interface Suspension {
  /** The agencies: organizations of this server and their names, folded, and names alone. */
  readonly agencies: ReadonlySet<string>;
}

/** The name of an organization of this server; undefined where it has none. */
export type NameOf = (ref: Ref) => Promise<string | undefined>;

/** The suspensions among documents that are in force; one without an end is none, because the statement must have one. */
export async function suspensionsAt(
  documents: readonly DocumentReference[],
  now: number,
  nameOf: NameOf,
): Promise<readonly Suspension[]> {
  const inForce = documents.filter((document) => isInForce(document, now));
  return Promise.all(
    inForce.map(async ({ author = [] }) => ({
      agencies: new Set((await Promise.all(author.map((agency) => namesOf(agency, nameOf)))).flat()),
    })),
  );
}

/** An agency is the same by its reference and by its name: a person enters the one, and the server knows the other. */
async function namesOf(agency: Reference, nameOf: NameOf): Promise<readonly string[]> {
  const ref = localRef(agency);
  const names = [agency.display, ref && (await nameOf(ref))].map((name = '') => foldText(name));
  return [...(ref === undefined ? [] : [ref]), ...names.filter((name) => name !== '')];
}

function isInForce({ status, type, date, context }: DocumentReference, now: number): boolean {
  const code = type?.coding?.find(({ system }) => system === SUSPENSION_SYSTEM)?.code;
  const { start = date, end } = context?.period ?? {};
  const from = start === undefined ? undefined : parseDateTime(start)?.low;
  const until = end === undefined ? undefined : parseDateTime(end)?.high;
  if (status !== 'current' || from === undefined || from > now) return false;
  if (code === 'oral') return now <= Math.min(from + ORAL_MS, until ?? Infinity);
  return code === 'written' && until !== undefined && now <= until;
}

export async function isSuspended(
  { recipient, basis }: Disclosed,
  suspensions: readonly Suspension[],
  nameOf: NameOf,
): Promise<boolean> {
  if (suspensions.length === 0 || basis === undefined || !SUSPENDABLE.has(basis)) return false;
  const isRef = typeof recipient === 'string';
  const name = foldText((isRef ? await nameOf(recipient) : recipient.name) ?? '');
  return suspensions.some(({ agencies }) => agencies.has(name) || (isRef && agencies.has(recipient)));
}
