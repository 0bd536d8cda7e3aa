/** What the proofs of derived tables share: the two databases that are compared, and the comparison of their rows. */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from '../folder/connection.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import type { Permit } from '../../../policies/consent/permit.ts';
import type { Denial, PermitGrant } from '../../../ports/denial.ts';
import type { SearchValue } from '../../../ports/query.ts';
import type { Reach } from '../../../ports/store.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import type { TextReader } from '../../../ports/text-reader.ts';

/** What a Consent of a custodian denies, its actors standing for these organizations. */
type DenialOf = (
  consent: Resource,
  custodian: Ref | '',
  actors: Readonly<Record<string, Ref>>,
) => Pick<Denial, 'patient' | 'keeper' | 'restriction'> | undefined;

/** What it permits of guarded content. */
type PermitOf = (
  consent: Resource,
  source: Ref,
  custodian: Ref | '',
  known: Pick<PermitGrant, 'actors' | 'about'>,
) => Permit | undefined;

/** What resources mean, which an engine does not know. */
export interface Derivation extends Pick<TextReader, 'fullTextOf'> {
  readonly valuesOf: (resource: Resource) => readonly SearchValue[];
  readonly reachOf: (resource: Resource, parties: readonly Ref[]) => Reach;
  readonly denialOf: DenialOf;
  readonly permitOf: PermitOf;
}

/** What the comparison has in hands. */
export interface Proof {
  readonly db: DatabaseSync;
  readonly scratch: DatabaseSync;
  readonly derivation: Derivation;
  readonly note: (seq: number, says: string) => void;
  readonly notes: string[];
  /** What was received and may not be written yet, as rows: it follows the log in batches. */
  readonly due: Set<string>;
}

/** The texts of rows, in the order of the query. */
export function* rowTexts(db: DatabaseSync, sql: string): Generator<string> {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  for (const row of statement.iterate()) yield JSON.stringify(row);
}

/** Tells what stands on one side alone: `missing` where it should be, `strange` where nothing gives it. */
export function compareRows(
  wanted: Iterable<string>,
  found: Iterable<string>,
  differs: (row: string, side: 'missing' | 'strange') => void,
): void {
  const counts = new Map<string, number>();
  const [left, right] = [wanted[Symbol.iterator](), found[Symbol.iterator]()];
  for (let [a, b] = [left.next(), right.next()]; !(a.done && b.done); [a, b] = [left.next(), right.next()]) {
    if (!a.done && !b.done && a.value === b.value) continue;
    if (!a.done) count(a.value, 1);
    if (!b.done) count(b.value, -1);
  }
  for (const [row, times] of counts) differs(row, times > 0 ? 'missing' : 'strange');

  function count(row: string, by: number): void {
    const times = (counts.get(row) ?? 0) + by;
    if (times === 0) counts.delete(row);
    else counts.set(row, times);
  }
}

export function readResource(text: string): Resource | undefined {
  try {
    return parseStored(text);
  } catch {
    return undefined;
  }
}

/** Names a difference, by the seq of its commit and in one line. */
export type NoteDifference = (seq: number, says: string) => void;

/** The members of log row `l`; empty when somebody made them unreadable. */
export const READABLE = `CASE WHEN json_valid(l.members) THEN l.members ELSE '{}' END`;

/** The number that a query gives. */
export function count(db: DatabaseSync, sql: string): number {
  return prepare<[number]>(db, sql).get()![0];
}
