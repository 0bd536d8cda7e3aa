/** Whether a commit may be written: its key, its bases, its preconditions and its expectations. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Query } from '../../../ports/query.ts';
import type { Commit, Expectation, VersionPrecondition, Write } from '../../../ports/store.ts';
import { prepareLookup } from '../search/lookup.ts';
import type { SightMoment } from '../search/sight.ts';
import type { CommitKeys } from './commit-keys.ts';
import type { Heads } from './heads.ts';
import type { Identities } from './identities.ts';
import type { Outbox } from './outbox.ts';
import type { Records } from './records.ts';
import { refused, type CommitVerdict } from './verdict.ts';

/** References that an expectation is compared with, at most, where its page was not full. */
const REFS_MAX = 1000;

/** The search of an expectation, run in the writer's own connection. */
export type FindRefs = (db: DatabaseSync, query: Query, moment: SightMoment) => readonly Ref[];

export interface CheckTools {
  readonly identities: Identities;
  readonly outbox: Outbox;
  readonly records: Records;
  readonly findRefs: FindRefs;
}

/** Checks a commit against the state at `seq`, the last one given. */
export type CheckCommit = (commit: Commit, seq: number, now: number) => CommitVerdict | undefined;

export function prepareChecks(
  db: DatabaseSync,
  { identities, outbox, records, findRefs }: CheckTools,
  keys: CommitKeys,
  { headOf, begin, isVisible }: Heads,
): CheckCommit {
  const lookup = prepareLookup(db);

  return check;

  function check(commit: Commit, seq: number, now: number): CommitVerdict | undefined {
    assertSound(commit);
    begin();
    return (
      keys.check(commit.key, now) ??
      first(commit.writes, checkBase) ??
      first(commit.preconditions, (precondition) =>
        holds(precondition, { seq, now }) ? undefined : refused('stale', precondition.ref),
      ) ??
      first(commit.recordPreconditions ?? [], (precondition) =>
        records.holds(precondition, now) ? undefined : refused('stale', precondition.kind),
      ) ??
      first(commit.records ?? [], (one) =>
        records.isExpected(one, now) ? undefined : refused('unexpected', one.kind),
      ) ??
      first(commit.expects, (expected) =>
        sameRefs(refsOf(expected, { seq, now }), expected.refs)
          ? undefined
          : refused('unexpected', expected.query.type),
      ) ??
      first(commit.deliveryOutcomes, ({ id }) => (outbox.isOpen(id) ? undefined : refused('not-leased', id)))
    );
  }

  /** All that a query finds; of a page that others may follow or precede, what stands on that page. */
  function refsOf({ query, refs }: Expectation, moment: SightMoment): readonly Ref[] {
    if (query.offset > 0 || refs.length >= query.count) return findRefs(db, query, moment);
    const whole = { ...query, sort: [], count: REFS_MAX };
    return lookup(whole, moment)?.map(({ ref }) => ref) ?? findRefs(db, whole, moment);
  }

  function checkBase({ ref, base, custodian }: Write): CommitVerdict | undefined {
    const head = headOf(ref);
    const live = head?.[4] && head[4] !== 'DELETE' ? head[3] : 0;
    if (live !== base) return refused('stale', ref);
    // A deleted resource comes back only to the organization that kept it: its history is theirs.
    const kept = head?.[2] == null ? undefined : head[1];
    const keeper = custodian === '' ? 0 : identities.find(custodian);
    return kept === undefined || kept === keeper ? undefined : refused('stale', ref);
  }

  function holds(precondition: VersionPrecondition, moment: SightMoment): boolean {
    const head = headOf(precondition.ref);
    if (head?.[4] == null || head[4] === 'DELETE') return false;
    return 'version' in precondition
      ? head[3] === precondition.version
      : isVisible(precondition.ref, precondition.sight, moment);
  }
}

/** What no caller may get wrong; thrown, never returned. */
function assertSound({ audit, writes, records = [] }: Commit): void {
  if (audit.length === 0) throw new Error('a commit needs an audit entry (law 12)');
  if (new Set(writes.map(({ ref }) => ref)).size < writes.length) {
    throw new Error('a commit writes a resource at most once (rules 3.1)');
  }
  if (new Set(records.map(({ kind, key }) => JSON.stringify([kind, key]))).size < records.length) {
    throw new Error('a commit writes a record at most once');
  }
}

/** The first verdict that is one. */
function first<T>(
  list: readonly T[],
  judge: (one: T) => CommitVerdict | undefined,
): CommitVerdict | undefined {
  for (const one of list) {
    const verdict = judge(one);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

function sameRefs(found: readonly Ref[], wanted: readonly Ref[]): boolean {
  const set = new Set(found);
  return set.size === new Set(wanted).size && wanted.every((ref) => set.has(ref));
}
