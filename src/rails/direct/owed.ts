/**
 * The notifications that are owed (direct-xdm 6): records of the commits that decided about mails. Each is sent like any
 * mail, signed and encrypted, and then forgotten; after a crash in between it is sent once more, and nothing else is.
 */
import { writeDisposition } from '../../direct/mdn/write.ts';
import { domainOfAddress } from '../../direct/address.ts';
import { jobEntry } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { OWED_DISPOSITION, type OwedDisposition } from '../../ports/direct.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../../ports/record.ts';
import { reasonOf } from '../../ports/reason.ts';
import type { Store } from '../../ports/store.ts';
import type { DirectCounters } from './counters.ts';
import type { LocalDomain } from './domains.ts';
import type { Post, PostAnswer } from './post.ts';
import { GIVE_UP_MS, pauseAfter } from './retry.ts';

interface OwedParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly domains: readonly LocalDomain[];
  readonly post: Post;
  readonly clock: Clock;
  readonly counters: DirectCounters;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: DirectLog;
  /**
   * What became of notifications and could not be stored, as on a full disk: they are not sent again for that. By key and
   * version of their records.
   */
  readonly unstored: Map<string, PostAnswer>;
}

/** Says something to an operator; domains and codes, never an address or a word of a patient. */
export type DirectLog = (
  level: 'info' | 'warn' | 'error',
  says: string,
  about: Readonly<Record<string, string | number>>,
) => void;

/** Domains to which notifications are under way at a time. */
const AT_ONCE = 4;
const SENDING_TIMEOUT_MS = 60_000;
/** Notifications that are put off in one commit. */
const POSTPONED_MAX = 200;

/** Sends what is due. */
export async function sendOwed(parts: OwedParts, signal: AbortSignal): Promise<void> {
  const { store, domains, clock, counters, unstored } = parts;
  const now = clock.now();
  const snapshot = store.snapshot();
  const perDomain = domains.map(({ domain }) => allRecords(snapshot, OWED_DISPOSITION, 'by', domain));
  const all = (await Promise.all(perDomain)).flat().map((record) => ({ record, owed: readOwed(record) }));
  const known = new Set(all.map(({ record }) => versionOf(record)));
  for (const version of unstored.keys()) if (!known.has(version)) unstored.delete(version);
  const oldest = Math.min(now, ...all.map(({ owed }) => Date.parse(owed.at)));
  counters.owes(all.length, now - oldest);
  const due = all.filter(({ owed }) => owed.dueAt <= now).toSorted((a, b) => a.owed.dueAt - b.owed.dueAt);
  const queues = [...Map.groupBy(due, ({ owed }) => domainOfAddress(owed.to)).values()];
  const work = async (): Promise<void> => {
    for (let queue = queues.shift(); queue !== undefined; queue = queues.shift())
      await sendQueue(parts, queue, signal);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/**
 * What is due to one domain, in its order: `processed` leaves before `dispatched`. For a domain that cannot be reached all of
 * it waits together, so that nobody else waits for it.
 */
async function sendQueue(parts: OwedParts, queue: readonly OwedRecord[], signal: AbortSignal): Promise<void> {
  for (const [index, one] of queue.entries()) {
    if (signal.aborted) break;
    try {
      const answer = await sendOne(parts, one, signal);
      if (answer.kind !== 'again') continue;
      await note(parts, queue.slice(index + 1, index + 1 + POSTPONED_MAX), answer);
      break;
    } catch (error) {
      // It stays owed, or another server of this store has sent it.
      parts.log('warn', SENT_UNNOTED, { why: reasonOf(error) });
    }
  }
}

const SENT_UNNOTED = 'what became of a notification about a Direct mail could not be stored';

const readOwed = ({ body }: StoredRecord): OwedDisposition => body as OwedDisposition; // the desk's

interface OwedRecord {
  readonly record: StoredRecord;
  readonly owed: OwedDisposition;
}

const versionOf = ({ key, version }: StoredRecord): string => `${version}\n${key}`;

async function sendOne(
  parts: OwedParts,
  { record, owed }: OwedRecord,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const { unstored } = parts;
  const version = versionOf(record);
  const answer = unstored.get(version) ?? (await postOne(parts, owed, signal));
  unstored.set(version, answer);
  await note(parts, [{ record, owed }], answer);
  unstored.delete(version);
  return answer;
}

async function postOne(
  { post, clock, counters, random }: OwedParts,
  owed: OwedDisposition,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const at = clock.now();
  const domain = domainOfAddress(owed.by);
  const messageId = `cl-${Buffer.from(random(12)).toString('hex')}@${domain}`;
  const bytes = writeDisposition(owed, { reportingUa: `${domain}; Closeloop`, at, messageId });
  const timed = AbortSignal.any([signal, AbortSignal.timeout(SENDING_TIMEOUT_MS)]);
  const mail = { from: owed.by, to: owed.to, messageId, bytes, isOfNobody: true };
  const answer = await post(mail, timed).catch((): PostAnswer => ({ kind: 'again', why: 'failed' }));
  counters.sent('notification', answer.kind);
  return answer;
}

async function note(parts: OwedParts, owed: readonly OwedRecord[], answer: PostAnswer): Promise<void> {
  if (owed.length === 0) return;
  const records = owed.map((one) => afterwards(parts, one, answer));
  await parts.store.commit(auditedCommit([jobEntry('direct-dispositions')], { records }));
}

/** Forgets a notification that was sent; puts another one off, and gives it up after a day: its sender then hears nothing. */
function afterwards(
  { clock, log }: OwedParts,
  { record, owed }: OwedRecord,
  answer: PostAnswer,
): RecordWrite {
  const { kind, key, version } = record;
  const forget: RecordWrite = { kind, key, expect: version, body: undefined };
  if (answer.kind === 'taken') return forget;
  const now = clock.now();
  const attempts = owed.attempts + 1;
  const dueAt = now + pauseAfter(attempts);
  const domain = domainOfAddress(owed.to);
  const about = { disposition: owed.disposition, domain, attempts, why: answer.why };
  if (answer.kind === 'again' && dueAt - Date.parse(owed.at) <= GIVE_UP_MS) {
    log('info', 'a notification about a Direct mail could not be sent; it is tried again', about);
    const body: OwedDisposition = { ...owed, attempts, dueAt };
    return { kind, key, expect: version, body, index: [['by', domainOfAddress(owed.by)]] };
  }
  log('warn', 'a notification about a Direct mail was given up', about);
  return forget;
}
