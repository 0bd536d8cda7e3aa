/** Which resources of a root a guard withholds, by their marks, the permits of their patients and the kinds of the parties. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Permit } from '../../../policies/consent/permit.ts';
import { guardAgainst, type ContentGuard, type GuardedTelling } from '../../../policies/guards/index.ts';
import { readMarks, type ReadMarks } from '../../../policies/guards/marks.ts';
import type { PartyKind } from '../../../policies/party-kind.ts';
import { prepare } from '../folder/connection.ts';

/** What guards ask of a resource: its marks, and what each of its patients permits. */
export interface GuardedContentRow extends ReadMarks {
  /** One list for each patient; a single empty one where nobody knows whom it is about. */
  readonly permits: readonly (readonly Permit[])[];
}

/** A resource that would be told to an organization. */
type Telling = Pick<GuardedTelling, 'ref' | 'type' | 'from' | 'to'>;

interface GuardedMembers {
  /** Undefined where it bears no label. */
  readonly readGuarded: (rid: number) => GuardedContentRow | undefined;
  /** The guard that withholds it at an instant: a quiet one before all others. */
  readonly guardOn: (content: GuardedContentRow, one: Telling, at: number) => ContentGuard | undefined;
}

/** What a party is of which no kinds are kept. */
const PROVIDER: ReadonlySet<PartyKind> = new Set(['provider']);

export function prepareGuardedMembers(db: DatabaseSync): GuardedMembers {
  const marksOfOne = prepare<[string]>(db, 'SELECT mark FROM mark WHERE rid = ?');
  const patientsOf = prepare<[Ref]>(
    db,
    'SELECT r.ref FROM about a JOIN resource r ON r.rid = a.patient WHERE a.rid = ?',
  );
  const permitsOf = prepare<[string]>(
    db,
    'SELECT p.permit FROM resource r JOIN permit p ON p.patient = r.rid WHERE r.ref = ? ORDER BY p.source',
  );
  const kindsOfOne = prepare<[string]>(db, 'SELECT kinds FROM party_kind WHERE party = ?');

  return { readGuarded, guardOn };

  function readGuarded(rid: number): GuardedContentRow | undefined {
    const marks = marksOfOne.all(rid);
    if (marks.length === 0) return undefined;
    const read = readMarks(marks.map(([mark]) => mark));
    const patients = new Set([...patientsOf.all(rid).map(([ref]) => ref), ...read.patients]);
    const permits = [...patients].map(
      (patient) => permitsOf.all(patient).map(([text]) => JSON.parse(text) as Permit), // written by denial-rows.ts
    );
    return { ...read, permits: permits.length === 0 ? [[]] : permits };
  }

  function kindsOf(party: Ref): ReadonlySet<PartyKind> {
    const [text] = kindsOfOne.get(party) ?? [];
    return text === undefined ? PROVIDER : new Set(JSON.parse(text) as readonly PartyKind[]); // the writer's
  }

  function guardOn(
    { facts, sources, permits }: GuardedContentRow,
    one: Telling,
    at: number,
  ): ContentGuard | undefined {
    const telling: GuardedTelling = {
      ...one,
      facts,
      sources,
      discloserKinds: kindsOf(one.from),
      recipientKinds: kindsOf(one.to),
      // What a referral reaches is told for treatment.
      basis: 'treatment',
      purpose: 'TREAT',
    };
    const found = permits.flatMap((list) => guardAgainst(telling, list, at) ?? []);
    return found.find(({ quiet }) => quiet) ?? found[0];
  }
}
