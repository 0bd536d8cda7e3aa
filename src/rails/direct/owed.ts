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
}

/** Says something to an operator; domains and codes, never an address or a word of a patient. */
export type DirectLog = (
  level: 'info' | 'warn' | 'error',
  says: string,
  about: Readonly<Record<string, string | number>>,
) => void;

/** Notifications that are under way at a time. */
const AT_ONCE = 4;
const SENDING_TIMEOUT_MS = 60_000;

/** Sends what is due. Returns how many were sent. */
export async function sendOwed(parts: OwedParts, signal: AbortSignal): Promise<number> {
  const { store, domains, clock, counters } = parts;
  const now = clock.now();
  const snapshot = store.snapshot();
  const perDomain = domains.map(({ domain }) => allRecords(snapshot, OWED_DISPOSITION, 'by', domain));
  const all = (await Promise.all(perDomain)).flat().map((record) => ({ record, owed: readOwed(record) }));
  const oldest = Math.min(now, ...all.map(({ owed }) => Date.parse(owed.at)));
  counters.owes(all.length, now - oldest);
  const due = all.filter(({ owed }) => owed.dueAt <= now).toSorted((a, b) => a.owed.dueAt - b.owed.dueAt);
  let sent = 0;
  for (let index = 0; index < due.length && !signal.aborted; index += AT_ONCE) {
    const batch = due.slice(index, index + AT_ONCE);
    const answers = await Promise.allSettled(batch.map((one) => sendOne(parts, one, signal)));
    for (const answer of answers) {
      // It stays owed, or another server of this store has sent it.
      if (answer.status === 'rejected') parts.log('warn', SENT_UNNOTED, { why: reasonOf(answer.reason) });
      else if (answer.value.kind === 'taken') sent += 1;
    }
  }
  return sent;
}

const SENT_UNNOTED = 'what became of a notification about a Direct mail could not be stored';

const readOwed = ({ body }: StoredRecord): OwedDisposition => body as OwedDisposition; // the desk's

interface OwedRecord {
  readonly record: StoredRecord;
  readonly owed: OwedDisposition;
}

async function sendOne(
  parts: OwedParts,
  { record, owed }: OwedRecord,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const { post, clock, counters, random, store } = parts;
  const at = clock.now();
  const domain = domainOfAddress(owed.by);
  const messageId = `cl-${Buffer.from(random(12)).toString('hex')}@${domain}`;
  const bytes = writeDisposition(owed, { reportingUa: `${domain}; Closeloop`, at, messageId });
  const timed = AbortSignal.any([signal, AbortSignal.timeout(SENDING_TIMEOUT_MS)]);
  const mail = { from: owed.by, to: owed.to, messageId, bytes, isOfNobody: true };
  const answer = await post(mail, timed).catch((): PostAnswer => ({ kind: 'again', why: 'failed' }));
  counters.sent('notification', answer.kind);
  await store.commit(
    auditedCommit([jobEntry('direct-dispositions')], {
      records: [afterwards(parts, { record, owed }, answer)],
    }),
  );
  return answer;
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
