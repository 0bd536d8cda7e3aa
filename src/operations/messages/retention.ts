/**
 * The end of retention (baa-messaging MS40 to MS42): the content of a thread goes in audited commits once its time is over,
 * and its ids, parties, times, hashes and audit stay. What is under a legal hold stays whole.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { messageKindIn, isPatientOrRelated, type MessageKind } from '../../messaging/kinds.ts';
import {
  draftRetainedUntil,
  isDraft,
  RETENTION_YEARS_MIN,
  retainedUntil,
  type RetentionSettings,
} from '../../messaging/retention.ts';
import { manyOf, refOfReference, threadOf } from '../../messaging/shape.ts';
import { readAgreement, storedContracts } from '../../delivery/agreements.ts';
import type { Clock } from '../../ports/clock.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { EVERYTHING, type Clause, type Match, type Query } from '../../ports/query.ts';
import { CommitRefused, type AuditEntry, type Snapshot, type Store } from '../../ports/store.ts';
import type { RecordWrite } from '../../ports/record.ts';
import { FILE_KIND, storedFileOf } from '../../ports/stored-file.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { isHeld } from '../holds.ts';
import { buildWrite } from '../write/commit.ts';

interface RetentionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly settings: RetentionSettings;
}

/** Messages that are looked at in one page, and members of a thread that go in one commit. */
const PAGE = 200;
/** Versions of one resource that one commit takes the content of; the next run goes on. */
const VERSIONS_MAX = 1000;
const DAY = 86_400_000;
const YEAR = 365 * DAY;

/** Takes away the content of what is over; what a job does once a day. Returns the number of resources. */
export async function endRetention(parts: RetentionParts, signal: AbortSignal): Promise<number> {
  const { clock, settings } = parts;
  const now = clock.now();
  const draftsBefore = now - settings.retentionDraftDays * DAY;
  const drafts = { kind: 'token', param: 'status', code: 'preparation' } as const;
  const gone = await endEach(parts, { kind: 'all', of: [drafts, writtenBefore(draftsBefore)] }, signal);
  return gone + (await endEach(parts, writtenBefore(now - RETENTION_YEARS_MIN * YEAR), signal));
}

const writtenBefore = (at: number): Clause => ({ kind: 'updated', prefix: 'lt', low: at, high: at });

async function endEach(parts: RetentionParts, where: Clause, signal: AbortSignal): Promise<number> {
  let [gone, kept] = [0, 0];
  const seen = new Set<Ref>();
  for (;;) {
    // What goes leaves the pages, so that those that stay alone are passed over.
    const query = pageOf(where, kept);
    const { matches, more } = await parts.store.snapshot().search(query, signal);
    for (const match of matches) {
      if (signal.aborted) return gone;
      const thread = await threadOfMatch(parts.store.snapshot(), match);
      const ended = seen.has(thread.ref) ? 0 : await endThread(parts, thread, signal);
      seen.add(thread.ref);
      gone += ended;
      const isGone = (await parts.store.snapshot().read(match.ref, EVERYTHING))?.text === undefined;
      if (!isGone) kept += 1;
    }
    if (!more) return gone;
  }
}

const pageOf = (where: Clause, offset: number): Query => ({
  type: 'Communication',
  where,
  sort: [{ param: '_id', descending: false }],
  sight: EVERYTHING,
  count: PAGE,
  offset,
  total: false,
});

interface StoredThread {
  /** The header; of a message without one the message itself. */
  readonly ref: Ref;
  /** The header or the message, and what says of which kind the thread is. */
  readonly root: Resource;
}

async function threadOfMatch(snapshot: Snapshot, { ref, text }: Match): Promise<StoredThread> {
  const message = parseStored(text);
  const header = isDraft(message) ? undefined : threadOf(message);
  const stored = header === undefined ? undefined : await snapshot.read(header, EVERYTHING);
  return header === undefined || stored?.text === undefined
    ? { ref, root: message }
    : { ref: header, root: parseStored(stored.text) };
}

/** Takes away a thread whose time is over, oldest messages first and its header last. */
async function endThread(parts: RetentionParts, thread: StoredThread, signal: AbortSignal): Promise<number> {
  const { store, clock, settings } = parts;
  const snapshot = store.snapshot();
  const members = await membersOf(snapshot, thread, signal);
  const lastAt = Math.max(...(await Promise.all(members.map(({ ref }) => writtenAt(snapshot, ref)))));
  const until = isDraft(thread.root)
    ? draftRetainedUntil(lastAt, settings)
    : await untilOf(snapshot, thread, lastAt, parts);
  if (until === undefined || until > clock.now()) return 0;
  const within = new Set(members.map(({ ref }) => ref));
  for (const member of members)
    for (const { ref, text, custodian } of [member, ...(await filesOf(snapshot, member, within))])
      if (await isHeld(snapshot, ref, parseStored(text), custodian)) return 0;
  let gone = 0;
  for (const member of members) {
    if (signal.aborted) return gone;
    gone += await expunge(store, member, await filesOf(snapshot, member, within));
  }
  return gone;
}

async function untilOf(
  snapshot: Snapshot,
  { ref, root }: StoredThread,
  lastAt: number,
  { clock, settings }: RetentionParts,
): Promise<number | undefined> {
  const parties = await snapshot.parties(ref);
  const kind = retainedKindOf(root, parties.length);
  const agreementEndedAt =
    kind === 'vendor' ? await endOfAgreements(snapshot, { ref, parties }, lastAt, clock) : undefined;
  return retainedUntil({ kind, lastAt, agreementEndedAt }, settings);
}

/** What is about a referral is kept as the referral, whoever takes part. */
function retainedKindOf(root: Resource, organizations: number): MessageKind {
  const about = [...manyOf(root['basedOn']), ...manyOf(root['about'])].map(refOfReference);
  if (about.some((ref) => ref !== undefined && OF_REFERRAL.has(typeOf(ref)))) return 'referral';
  const people = [root['sender'], ...manyOf(root['recipient']), root['subject']].map(refOfReference);
  if (people.some(isPatientOrRelated)) return 'patient';
  return organizations > 1 && messageKindIn(root) !== 'workforce' ? 'vendor' : 'workforce';
}

const OF_REFERRAL: ReadonlySet<string> = new Set(['ServiceRequest', 'Task', 'Appointment', 'Communication']);

/** When the last agreement between those who take part ended; undefined while one is in force or may come into force. */
async function endOfAgreements(
  snapshot: Snapshot,
  { ref, parties }: { readonly ref: Ref; readonly parties: readonly Ref[] },
  lastAt: number,
  clock: Clock,
): Promise<number | undefined> {
  const keeper = (await snapshot.read(ref, EVERYTHING))?.custodian ?? '';
  let ended = lastAt;
  for (const other of parties) {
    if (keeper === '' || other === keeper) continue;
    const { state, since } = await readAgreement(storedContracts(snapshot), keeper, other, clock.now());
    if (state === 'none') continue;
    if (state !== 'expired' && state !== 'revoked') return undefined;
    ended = Math.max(ended, since ?? clock.now());
  }
  return ended;
}

/** Messages of a thread, the oldest first, and its header after them. */
async function membersOf(
  snapshot: Snapshot,
  { ref }: StoredThread,
  signal: AbortSignal,
): Promise<readonly Match[]> {
  const found: Match[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const where: Clause = { kind: 'reference', param: 'part-of', to: [ref] };
    const { matches, more } = await snapshot.search(pageOf(where, offset), signal);
    found.push(...matches);
    if (!more) break;
  }
  const { matches } = await snapshot.search(
    pageOf({ kind: 'id', ids: [ref.slice('Communication/'.length)] }, 0),
  );
  return [...found.toSorted((a, b) => a.seq - b.seq), ...matches];
}

const writtenAt = async (snapshot: Snapshot, ref: Ref): Promise<number> =>
  Date.parse((await snapshot.read(ref, EVERYTHING))?.at ?? '') || 0;

/** Files that the thread alone shows: what another record shows as well stays. */
async function filesOf(
  snapshot: Snapshot,
  { text, custodian }: Match,
  within: ReadonlySet<Ref>,
): Promise<readonly Match[]> {
  const named = valuesAt(parseStored(text), 'payload.contentAttachment.url').flatMap((url) => {
    const ref = typeof url === 'string' ? localRefOf(url) : undefined;
    return ref !== undefined && typeOf(ref) === 'Binary' ? [ref] : [];
  });
  const files: Match[] = [];
  for (const ref of new Set(named)) {
    const version = await snapshot.read(ref, EVERYTHING);
    const roots = await snapshot.roots(ref);
    if (version?.text === undefined || version.custodian !== custodian) continue;
    if (roots.every((root) => within.has(root))) files.push({ ...version, text: version.text });
  }
  return files;
}

/** One commit: the resource and its files are deleted, and the content of all their versions goes. */
async function expunge(store: Store, member: Match, files: readonly Match[]): Promise<number> {
  const all = [...files, member];
  const entities: string[] = [];
  // Versions that a patch made have their file in common.
  const records = new Map<string, RecordWrite>();
  for (const { ref } of all)
    for (const { seq, text } of await versionsOf(store.snapshot(), ref)) {
      entities.push(`${ref}/_history/${seq}`);
      const file = storedFileOf(text);
      if (file !== undefined)
        records.set(file.id, { kind: FILE_KIND, key: file.id, expect: 'any', body: undefined });
    }
  const audit: AuditEntry = {
    event: 'expunge',
    action: 'D',
    outcome: '0',
    agent: { organization: '', client: 'server', subject: BY },
    requestId: BY,
    entities,
    patients: [],
    viewers: member.custodian === '' ? [] : [member.custodian],
  };
  try {
    await store.commit(
      auditedCommit([audit], { writes: all.map(deletionOf), records: [...records.values()] }),
    );
    return all.length;
  } catch (error) {
    // Somebody wrote it meanwhile: it is looked at again tomorrow.
    if (error instanceof CommitRefused && error.reason === 'stale') return 0;
    throw error;
  }
}

const deletionOf = ({ ref, seq, text, custodian }: Match): ReturnType<typeof buildWrite> =>
  buildWrite({
    ref,
    method: 'DELETE',
    base: seq,
    before: parseStored(text),
    after: undefined,
    custodian,
    origin: 'server',
    parties: [],
  });

/** The versions of a resource that have content. */
async function versionsOf(
  snapshot: Snapshot,
  ref: Ref,
): Promise<readonly { readonly seq: number; readonly text: string }[]> {
  const [type, id] = [typeOf(ref), ref.slice(typeOf(ref).length + 1)];
  const query = { type, id, count: VERSIONS_MAX, offset: 0, sight: EVERYTHING, total: false };
  const { versions } = await snapshot.history(query);
  return versions.flatMap(({ seq, text }) => (text === undefined ? [] : [{ seq, text }]));
}

const BY = 'retention';
