/** What everything that reads shares: the connection, the rows of versions, and the newest version of a resource. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Snapshot, Version, Write } from '../../ports/store.ts';
import type { Page, Query } from '../../ports/query.ts';
import type { ScopeJudge } from '../../ports/scope-judge.ts';
import type { AnsweredReads } from './answers.ts';
import type { RememberedKinds } from './denial-reading.ts';
import type { Recent } from './recent.ts';
import type { Verdicts } from './scopes.ts';
import type { SharedReadTransaction } from './shared-read-transaction.ts';

/** What the snapshots of a store read with. */
export interface SnapshotReading {
  readonly db: DatabaseSync;
  /** Reads by id: their own connection, and the transaction that stands on it. */
  readonly byId: { readonly db: DatabaseSync; readonly transaction: SharedReadTransaction };
  /** The newest versions that were read lately. */
  readonly recent: Recent;
  /** What was seen lately, and by whom. */
  readonly answers: AnsweredReads;
  /** What narrowed scopes were found to leave. */
  readonly verdicts: Verdicts;
  /** Whether any party is something else than a provider. */
  readonly kinds: RememberedKinds;
  /** A search as of an earlier seq is expired. */
  readonly horizon: () => number;
  readonly openFile: Snapshot['openFile'];
  readonly search: (query: Query, seq: number, signal: AbortSignal) => Promise<Page>;
  /** Asked where scopes are narrowed. */
  readonly scopes: ScopeJudge;
  /** Whether a record has expired. */
  readonly clock: Clock;
  /** Milliseconds after which a history or an audit search is too costly. */
  readonly timeoutMs: number;
}

/** The columns of a {@link Version} whose row has this alias, its resource being `r`. */
export const columnsOf = (alias: string): string =>
  `r.ref, ${['seq', 'at', 'method', 'text'].map((column) => `${alias}.${column}`).join()},
   coalesce((SELECT name FROM name WHERE nid = r.custodian), '')`;

export type VersionRow = readonly [
  ref: Ref,
  seq: number,
  at: number,
  method: Write['method'],
  text: string | null,
  custodian: Ref | '',
];

export function toVersion([ref, seq, at, method, text, custodian]: readonly [
  ...VersionRow,
  ...unknown[],
]): Version {
  return { ref, seq, at: new Date(at).toISOString(), method, text: text ?? undefined, custodian };
}

/** The newest version of `r` as of a seq (`?`), under alias `h`; its sight is asked with {@link NEWEST}. */
export const JOIN_NEWEST = `JOIN version h ON h.vid =
  (SELECT n.vid FROM version n WHERE n.rid = r.rid AND n.seq <= ? ORDER BY n.seq DESC LIMIT 1)`;

/** Visible by what is visible now: the newest version decides, and a deletion does not hide it from who saw it go. */
export const NEWEST = {
  resource: 'r',
  vid: 'h.vid',
  shown: 'h.seq',
  deletedAt: `CASE h.method WHEN 'DELETE' THEN h.seq END`,
} as const;
