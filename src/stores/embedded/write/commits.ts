/**
 * One commit in the writer's transaction: everything is checked before anything is written, against the state that the
 * commits before it have left, those of the same group included.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { stampText } from '../../../ports/store.ts';
import type {
  AuditEntry,
  Commit,
  CommitKey,
  CommitRefusal,
  Expectation,
  VersionPrecondition,
  OutboxEntry,
  Write,
} from '../../../ports/store.ts';
import { withDenied, type Query, type Sight } from '../../../ports/query.ts';
import {
  digestAudit,
  digestKey,
  digestOutbox,
  digestDeliveryOutcome,
  digestVersion,
} from '../../log/chain.ts';
import type { Digest, Members } from '../../log/chain.ts';
import { prepare, statements } from '../folder/connection.ts';
import type { AuditIndex } from './audit-index.ts';
import { stampEntry } from '../../log/audit-rows.ts';
import { typeOfRef } from './identities.ts';
import type { Identities } from './identities.ts';
import { prepareLookup } from '../search/lookup.ts';
import { entryText } from '../../log/entry-text.ts';
import type { NoteAbout } from './about.ts';
import type { Denials } from './denials.ts';
import type { Outbox } from './outbox.ts';
import type { ApplyReach } from './reach.ts';
import type { Records } from './records.ts';
import { FOREVER } from '../folder/schema.ts';
import { sightSql, type SightMoment } from '../search/sight.ts';
import { prepareValues } from './values.ts';

/** The search of an expectation, run in the writer's own connection. */
/** References that an expectation is compared with, at most, where its page was not full. */
const REFS_MAX = 1000;

export type FindRefs = (db: DatabaseSync, query: Query, moment: SightMoment) => readonly Ref[];

interface CommitTools {
  readonly identities: Identities;
  readonly auditIndex: AuditIndex;
  readonly outbox: Outbox;
  readonly reach: ApplyReach;
  readonly records: Records;
  readonly about: NoteAbout;
  readonly denials: Denials;
  readonly findRefs: FindRefs;
  readonly keyRetentionMs: number;
}

/** What the checks found: nothing (undefined), a refusal, or that the key was used for the same before. */
type CommitVerdict =
  | { readonly kind: 'refused'; readonly reason: CommitRefusal; readonly ref?: string }
  | { readonly kind: 'replay'; readonly seq: number; readonly at: number; readonly reply: string };

/** The place that a commit takes in the order of everything. */
export interface LogPlace {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

interface AppliedCommit {
  readonly members: Members;
  /** The stored audit text. */
  readonly audit: string;
  readonly reply?: string;
  /** Outbox entries written less those settled. */
  readonly waiting: number;
}

export interface Commits {
  /** Checks against the state at `seq`, the last one given. */
  check(commit: Commit, seq: number, now: number): CommitVerdict | undefined;
  write(commit: Commit, place: LogPlace): AppliedCommit;
}

type HeadRow = [
  rid: number,
  custodian: number,
  vid: number | null,
  seq: number | null,
  method: string | null,
  everyone: number,
];

const refused = (reason: CommitRefusal, ref?: string): CommitVerdict =>
  ref === undefined ? { kind: 'refused', reason } : { kind: 'refused', reason, ref };

export function prepareCommits(db: DatabaseSync, tools: CommitTools): Commits {
  const { identities, auditIndex, outbox, reach, records, findRefs, keyRetentionMs } = tools;
  const { about, denials } = tools;
  const sql = statements(db);
  const lookup = prepareLookup(db);
  const headOf = prepare<HeadRow>(
    db,
    `SELECT r.rid, r.custodian, v.vid, v.seq, v.method, r.everyone FROM resource r LEFT JOIN version v
       ON v.vid = (SELECT n.vid FROM version n WHERE n.rid = r.rid ORDER BY n.seq DESC LIMIT 1)
     WHERE r.ref = ?`,
  );
  const claimIdentity = prepare(db, 'UPDATE resource SET custodian = ?, everyone = ? WHERE rid = ?');
  const showTo = prepare(db, 'UPDATE resource SET everyone = ? WHERE rid = ?');
  const endVersion = prepare(db, 'UPDATE version SET ended = ? WHERE vid = ?');
  const addVersion = prepare<[number]>(
    db,
    `INSERT INTO version (rid, type, seq, ended, at, method, text) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING vid`,
  );
  const values = prepareValues(db, identities);
  const findKey = prepare<[fingerprint: string, seq: number, at: number, reply: string]>(
    db,
    'SELECT fingerprint, seq, at, reply FROM commit_key WHERE scope = ? AND id = ?',
  );
  const addKey = prepare(
    db,
    'INSERT OR REPLACE INTO commit_key (scope, id, fingerprint, seq, at, reply) VALUES (?, ?, ?, ?, ?, ?)',
  );

  return { check, write };

  function check(commit: Commit, seq: number, now: number): CommitVerdict | undefined {
    assertSound(commit);
    return (
      checkKey(commit.key, now) ??
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

  function checkKey(key: CommitKey | undefined, now: number): CommitVerdict | undefined {
    if (key === undefined) return undefined;
    const refusal = key.refused === undefined ? undefined : checkId(key, refusedId(key), now);
    return refusal ?? checkId(key, key.id, now);
  }

  function checkId(key: CommitKey, id: string, now: number): CommitVerdict | undefined {
    const used = findKey.get(key.scope, id);
    if (used === undefined) return undefined;
    const [fingerprint, seq, at, reply] = used;
    if (at <= now - Math.min(key.countsMs ?? keyRetentionMs, keyRetentionMs)) return undefined;
    return fingerprint === key.fingerprint
      ? { kind: 'replay', seq, at, reply }
      : refused('key-reused', key.id);
  }

  function checkBase({ ref, base, custodian }: Write): CommitVerdict | undefined {
    const head = headOf.get(ref);
    const live = head?.[4] && head[4] !== 'DELETE' ? head[3] : 0;
    if (live !== base) return refused('stale', ref);
    // A deleted resource comes back only to the organization that kept it: its history is theirs.
    const kept = head?.[2] == null ? undefined : head[1];
    const keeper = custodian === '' ? 0 : identities.find(custodian);
    return kept === undefined || kept === keeper ? undefined : refused('stale', ref);
  }

  function holds(precondition: VersionPrecondition, moment: SightMoment): boolean {
    const head = headOf.get(precondition.ref);
    if (head?.[4] == null || head[4] === 'DELETE') return false;
    return 'version' in precondition
      ? head[3] === precondition.version
      : isVisible(precondition.ref, precondition.sight, moment);
  }

  /** Whether the resource, or that it was deleted, is within the sight at a moment. */
  function isVisible(ref: Ref, sight: Sight, moment: SightMoment): boolean {
    const visible = sightSql(sight, moment, {
      resource: 'r',
      vid: 'v.vid',
      shown: 'v.seq',
      deletedAt: `CASE v.method WHEN 'DELETE' THEN v.seq END`,
    });
    const found = sql<[number]>(
      `SELECT 1 FROM resource r JOIN version v
         ON v.vid = (SELECT n.vid FROM version n WHERE n.rid = r.rid ORDER BY n.seq DESC LIMIT 1)
       WHERE r.ref = ? AND ${visible.sql}`,
    );
    return found.get(ref, ...visible.params) !== undefined;
  }

  function write(commit: Commit, place: LogPlace): AppliedCommit {
    const at = new Date(place.at).toISOString();
    const moved: number[] = [];
    const versions = commit.writes.map((one) => writeVersion(one, place, at, moved));
    const roots = reach(
      commit.writes.map(({ ref, text, reach: wanted }) => ({
        ref,
        rid: identities.ridOf(ref),
        reach: text === undefined ? undefined : wanted,
      })),
      place.seq,
      commit.leaves,
    );
    denials.apply({ denials: commit.denials ?? [], moved, roots });
    const entries = commit.outbox.flatMap((entry, position) => writeEntry(entry, position, place));
    for (const outcome of commit.deliveryOutcomes) outbox.conclude(outcome, place.at);
    const reply = commit.key && stampText(commit.key.reply, place.seq, at);
    const audit = writeAudit(commit.audit, place.seq);
    const kept = (commit.records ?? []).map((one) => records.write(one, place.seq));
    const members: Members = {
      audit: digestAudit(audit),
      ...(versions.length > 0 && { versions, p: partiesIn(commit) }),
      ...(entries.length > 0 && { outbox: entries }),
      ...(commit.deliveryOutcomes.length > 0 && {
        settles: commit.deliveryOutcomes.map((one) => [one.id, digestDeliveryOutcome(one)] as const),
      }),
      ...(commit.key && reply !== undefined && { key: writeKey(commit.key, reply, place) }),
      ...(commit.leaves && {
        x: commit.leaves.map(({ root, organization }) => [root, organization] as const),
      }),
      ...(kept.length > 0 && { c: kept }),
    };
    return {
      members,
      audit,
      waiting: entries.length - commit.deliveryOutcomes.length,
      ...(reply !== undefined && { reply }),
    };
  }

  function writeVersion(one: Write, { seq, at }: LogPlace, instant: string, moved: number[]): Digest {
    const { ref, method, custodian } = one;
    const type = identities.intern(typeOfRef(ref));
    const rid = identities.ridOf(ref);
    const [, , vidBefore, , , shown] = headOf.get(ref)!;
    const everyone = one.reach.everyone ? 1 : 0;
    const keeper = custodian === '' ? 0 : identities.intern(custodian);
    if (vidBefore === null) claimIdentity.run(keeper, everyone, rid);
    else if (one.base !== 0) endVersion.run(seq, vidBefore);
    if (vidBefore !== null && one.text !== undefined && shown !== everyone) showTo.run(everyone, rid);
    const text = one.text === undefined ? null : stampText(one.text, seq, instant);
    const ended = text === null ? seq : FOREVER;
    const [vid] = addVersion.get(rid, type, seq, ended, at, text === null ? 'DELETE' : method, text)!;
    if (text !== null) {
      values.write(typeOfRef(ref), one.values, vid);
      if (about(rid, one.values, vidBefore === null)) moved.push(rid);
    }
    return [ref, digestVersion(ref, text === null ? 'DELETE' : method, custodian, text)];
  }

  function writeEntry(entry: OutboxEntry, position: number, { seq, at }: LogPlace): Digest[] {
    // What is denied is told to nobody all the same: the dispatcher asks the policies, and leaves a trace of it.
    if (!isVisible(entry.subject, withDenied(entry.sight), { seq, now: at })) return [];
    const id = `${seq}-${position}`;
    const text = entryText(entry);
    outbox.insert(id, seq, at, entry, text);
    return [[id, digestOutbox(id, text)]];
  }

  function writeAudit(entries: readonly AuditEntry[], seq: number): string {
    const stamped = entries.map((entry) => stampEntry(entry, seq));
    auditIndex.note(stamped, seq);
    return JSON.stringify(stamped);
  }

  function writeKey(key: CommitKey, reply: string, { seq, at }: LogPlace): string {
    const { scope, fingerprint } = key;
    const id = key.refused === true ? refusedId(key) : key.id;
    addKey.run(scope, id, fingerprint, seq, at, reply);
    return digestKey(scope, id, fingerprint, reply);
  }
}

/** The parties that the commit's roots of reach have from now on. */
const partiesIn = ({ writes }: Commit): NonNullable<Members['p']> =>
  writes.flatMap(({ ref, text, reach: { parties } }) =>
    text === undefined || parties.length === 0 ? [] : [[ref, parties] as const],
  );

/** Under which id a refusal is kept, so that only the same content finds it. */
const refusedId = ({ id, fingerprint }: CommitKey): string => `${id} refused:${fingerprint}`;

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
