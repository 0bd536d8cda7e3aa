/**
 * Compares what the commits of the log hold with their digests. What vanishes by the rules leaves its digest alone, and each
 * kind has its own permission; whatever else is missing was taken away by somebody:
 *
 * - the text of a version, by an audited expunge that names it;
 * - the text of a record, by a later commit of the same record, or by its expiry;
 * - of a commit that came from a folder also its key, and an entry of the outbox together with its outcome: a folder
 *   forgets them after a while.
 */
import type { AuditEntry } from '../../ports/store.ts';
import {
  auditFault,
  hasContent,
  digestDeliveryOutcome,
  digestKey,
  digestOutbox,
  digestRecord,
  digestVersion,
  type Digest,
  type Members,
} from '../log/chain.ts';
import type { AppliedCommit, DecidedRecord } from '../log/log-entry.ts';
import { entryOf, type EntryDocument } from './documents.ts';

export interface ContentProof {
  /** Takes one commit after the other, in order. @param isMoved it came from a folder */
  examine(entry: EntryDocument, isMoved: boolean): void;
  /** Ends after the last one: reports what vanished without permission. */
  conclude(): void;
}

type Note = (seq: number, says: string) => void;

/** What is missing and may yet be permitted: its name to the commit. */
type Missing = Map<string, number>;

interface State {
  readonly note: Note;
  readonly purged: number;
  readonly versions: Missing;
  readonly outbox: Missing;
  readonly records: Missing;
  /** Entries of the outbox that are there, of commits from a folder, until they are settled. */
  readonly open: Set<string>;
}

/** @param purged records that expired up to this instant, in milliseconds since 1970, may be gone */
export function createContentProof(note: Note, purged: number): ContentProof {
  const state: State = {
    note,
    purged,
    versions: new Map(),
    outbox: new Map(),
    records: new Map(),
    open: new Set(),
  };
  return {
    examine(entry, isMoved) {
      const { q, m, a } = entry;
      const members = JSON.parse(m) as Members; // written by us, or tampered with: then the digests say so
      const fault = auditFault(members, a);
      if (fault !== undefined) note(q, fault);
      else if (a.includes('"expunge"')) permitExpunged(a, state.versions);
      const { commit } = entryOf(entry);
      if (commit !== undefined) examineCommit(commit, members, { seq: q, isMoved, state });
      else if (hasContent(members)) note(q, 'what it wrote is missing');
    },
    conclude() {
      for (const [version, seq] of state.versions)
        note(seq, `the text of ${version} is gone and no expunge says so`);
      for (const [id, seq] of state.outbox) note(seq, `the outbox entry ${id} is missing`);
      for (const [name, seq] of state.records) note(seq, `the record ${name} is missing`);
    },
  };
}

function permitExpunged(audit: string, missing: Missing): void {
  for (const { event, entities } of JSON.parse(audit) as readonly AuditEntry[])
    // as digested
    if (event === 'expunge') for (const entity of entities) missing.delete(entity);
}

interface Place {
  readonly seq: number;
  readonly isMoved: boolean;
  readonly state: State;
}

function examineCommit(commit: AppliedCommit, members: Members, place: Place): void {
  const { seq, state } = place;
  const { versions = [], x } = members;
  examineVersions(commit.writes, versions, place);
  if (place.isMoved) examineKeptOutbox(commit, members, place);
  else examineOutbox(commit, members, place);
  examineKey(commit, members, place);
  examineRecords(commit.records, members.c ?? [], place);
  const leaves = commit.leaves?.map(({ root, organization }) => [root, organization]);
  if (JSON.stringify(leaves) !== JSON.stringify(x)) state.note(seq, 'who leaves by it was changed');
}

function examineVersions(
  writes: AppliedCommit['writes'],
  said: readonly Digest[],
  { seq, state: { note, versions } }: Place,
): void {
  if (writes.length !== said.length) return note(seq, 'it holds more or fewer versions than it wrote');
  for (const [i, { ref, method, custodian, text }] of writes.entries()) {
    const isGone = text === null && method !== 'DELETE' && said[i]?.[0] === ref;
    if (isGone && said[i]?.[1] !== digestVersion(ref, 'DELETE', custodian, null))
      versions.set(`${ref}/_history/${seq}`, seq);
    else {
      const digest = digestVersion(ref, text === null ? 'DELETE' : method, custodian, text);
      compare([ref, digest], said[i], seq, note);
    }
  }
}

/** Of a commit that was made here: all of it is there. */
function examineOutbox(
  { outbox, outcomes }: AppliedCommit,
  { outbox: written = [], settles = [] }: Members,
  { seq, state: { note, open } }: Place,
): void {
  if (outbox.length !== written.length || outcomes.length !== settles.length)
    return note(seq, 'it holds more or less of the outbox than it wrote');
  for (const [i, { id, text }] of outbox.entries())
    compare([id, digestOutbox(id, text)], written[i], seq, note);
  for (const [i, outcome] of outcomes.entries()) {
    open.delete(outcome.id);
    compare([outcome.id, digestDeliveryOutcome(outcome)], settles[i], seq, note);
  }
}

/** Of a commit from a folder: what was settled long ago is gone, the entry and its outcome together. */
function examineKeptOutbox(
  { outbox, outcomes }: AppliedCommit,
  { outbox: written = [], settles = [] }: Members,
  { seq, state }: Place,
): void {
  const { note, open } = state;
  const entries = new Map(outbox.map(({ id, text }) => [id, digestOutbox(id, text)]));
  for (const [id, digest] of written) {
    const found = entries.get(id);
    if (found === undefined) state.outbox.set(id, seq);
    else open.add(id);
    if (found !== undefined && found !== digest) note(seq, `${id} was changed`);
    entries.delete(id);
  }
  const ended = new Map(outcomes.map((outcome) => [outcome.id, digestDeliveryOutcome(outcome)]));
  for (const [id, digest] of settles) {
    const found = ended.get(id);
    const wasOpen = open.delete(id);
    if (found === undefined && wasOpen) note(seq, `how ${id} ended is missing`);
    if (found === undefined) state.outbox.delete(id);
    else if (found !== digest) note(seq, `how ${id} ended was changed`);
    ended.delete(id);
  }
  for (const id of [...entries.keys(), ...ended.keys()]) note(seq, `it did not write ${id}`);
}

function examineKey(
  { key }: AppliedCommit,
  members: Members,
  { seq, isMoved, state: { note } }: Place,
): void {
  if (key === undefined) {
    if (members.key !== undefined && !isMoved) note(seq, 'its key is missing');
  } else if (digestKey(key.scope, key.id, key.fingerprint, key.reply) !== members.key) {
    note(seq, 'its key was changed');
  }
}

function examineRecords(
  records: readonly DecidedRecord[],
  said: NonNullable<Members['c']>,
  { seq, state }: Place,
): void {
  const { note, purged } = state;
  if (records.length !== said.length) return note(seq, 'it holds more or fewer records than it wrote');
  for (const [i, { kind, key, text, indexed, expiresAt }] of records.entries()) {
    const [saidKind, saidKey, , digest, expires] = said[i] ?? ['', '', 0, '', 0];
    const name = JSON.stringify([kind, key]);
    state.records.delete(name);
    const isSame = text === undefined || digestRecord(kind, key, text, indexed) === digest;
    // What is taken away expires never, in the members alone.
    const keeps = digest === '' || expiresAt === expires;
    if (kind !== saidKind || key !== saidKey || !isSame || !keeps)
      note(seq, `the record ${kind} ${key} was changed`);
    else if (text === undefined && digest !== '' && expires > purged) state.records.set(name, seq);
  }
}

function compare([name, digest]: Digest, said: Digest | undefined, seq: number, note: Note): void {
  if (said?.[0] !== name || said[1] !== digest) note(seq, `${name} was changed`);
}
