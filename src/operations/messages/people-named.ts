/**
 * The patients of the sender who could be meant by what a message says, by the dates and numbers in it (baa-messaging MS21): a
 * thread that is about nobody may tell of somebody all the same.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { datesIn, numbersIn } from '../../messaging/dates-and-numbers.ts';
import { plainTextOf } from '../../messaging/plain-text.ts';
import type { Clause, Query } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import type { Draft } from '../write/draft.ts';

/** Patients of one question; among more of them, the message is judged by these. */
const PATIENTS_MAX = 500;
const DAY_MS = 86_400_000;

/** The patients whom an organization keeps or sees, who were born on a day or bear a number of the text. */
export async function findPeopleNamed(
  draft: Draft,
  organization: Ref | undefined,
  message: Resource,
): Promise<readonly Resource[]> {
  if (organization === undefined) return [];
  const text = plainTextOf(message);
  const born = datesIn(text).map((date): Clause => {
    const low = Date.parse(date);
    return { kind: 'range', param: 'birthdate', prefix: 'eq', low, high: low + DAY_MS - 1 };
  });
  const numbered = numbersIn(text).map((code): Clause => ({ kind: 'token', param: 'identifier', code }));
  const found = new Map<Ref, Resource>();
  for (const clauses of [born, numbered]) {
    if (clauses.length === 0) continue;
    const { matches } = await draft.snapshot.search(patientsOf(organization, clauses)).catch(searchRefusal);
    for (const match of matches) found.set(match.ref, parseStored(match.text));
  }
  return [...found.values()];
}

const patientsOf = (organization: Ref, of: readonly Clause[]): Query => ({
  type: 'Patient',
  where: { kind: 'any', of },
  sort: [],
  sight: { everything: false, organization },
  count: PATIENTS_MAX,
  offset: 0,
  total: false,
});
