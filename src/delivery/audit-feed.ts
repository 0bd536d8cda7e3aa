/**
 * The audit feed: every audit row, in order and at least once, to a collector outside. Its place is a record, written when
 * a batch was taken, so that another start, or another server, goes on from there. It runs as a job of the store: under its
 * lease, and after failures ever more rarely. No request waits for it.
 */
import { auditedCommit } from '../ports/commit.ts';
import { FEED_KIND, type AuditCollector, type AuditFeedStatus } from '../ports/audit-feed.ts';
import { jobEntry, type AuditRow } from '../ports/audit.ts';
import type { Clock, Timers } from '../ports/clock.ts';
import type { Commit, Store } from '../ports/store.ts';

/** Rows of one batch, and the bytes after which it is closed early. */
const BATCH_ROWS = 200;
const BATCH_BYTES = 1024 * 1024;
/** Batches of one run; then other jobs of the store have their turn before the next. */
const BATCHES_PER_RUN = 500;

const KEY = 'audit';
const QUERY = 'job audit-feed: place';

interface Place {
  readonly seq: number;
  readonly position: number;
}

/** The body of the record. */
interface Recorded extends Place {
  /** Where the batch before began; undefined: at the first row. */
  readonly before: Place | undefined;
}

interface FeedParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly collector: AuditCollector;
  readonly render: (row: AuditRow) => string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The longest time for one batch. */
  readonly timeoutMs: number;
}

export interface AuditFeed {
  /** Sends what there is. What it throws is a failure of the job. */
  run(signal: AbortSignal): Promise<void>;
  status(): AuditFeedStatus;
}

export function createAuditFeed(parts: FeedParts): AuditFeed {
  const { store, render, clock } = parts;
  let status: AuditFeedStatus = { seq: 0, sent: 0, lastSentAt: 0 };
  /** Behind the record where nothing came since but the feed's own rows. */
  let ahead: Place | undefined;
  /** After a failure the batch before goes again, too: a collector that died may not have kept what it had read. */
  let again = false;

  async function sendBatch(signal: AbortSignal): Promise<'more' | 'done'> {
    const snapshot = store.snapshot();
    const recorded = await snapshot.record(FEED_KIND, KEY);
    const body = recorded?.body as Recorded | undefined; // `placeCommit` alone writes this kind
    const place = again ? body?.before : laterOf(body, ahead);
    const rows = await snapshot.audit(
      {
        viewer: undefined,
        names: [],
        oldestFirst: true,
        ...(place !== undefined && { behind: place }),
        count: BATCH_ROWS,
      },
      signal,
    );
    const batch = take(rows, render);
    const last = batch.last ?? place;
    if (last === undefined) return 'done';
    if (batch.rendered.length > 0) {
      again = true;
      await sendWithin(parts, batch.rendered, signal);
      await store.commit(placeCommit({ ...last, before: place }, recorded?.version));
      again = false;
      status = { ...status, sent: status.sent + batch.rendered.length, lastSentAt: clock.now() };
    }
    ahead = last;
    status = { ...status, seq: last.seq };
    return batch.taken === BATCH_ROWS || batch.taken < rows.length ? 'more' : 'done';
  }

  return {
    async run(signal) {
      for (let batch = 0; batch < BATCHES_PER_RUN && !signal.aborted; batch += 1)
        if ((await sendBatch(signal)) === 'done') return;
    },
    status: () => status,
  };
}

/** @throws ConnectionFailed, also when it takes too long */
async function sendWithin(
  { collector, timers, timeoutMs }: FeedParts,
  rendered: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  const callOff = timers.after(timeoutMs, () => late.abort());
  try {
    await collector.send(rendered, AbortSignal.any([signal, late.signal]));
  } finally {
    callOff();
  }
}

function laterOf(one: Place | undefined, other: Place | undefined): Place | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const isBefore = one.seq < other.seq || (one.seq === other.seq && one.position < other.position);
  return isBefore ? other : one;
}

interface Batch {
  readonly rendered: readonly string[];
  /** Rows that it stands for: the feed's own are left out, or it would never come to rest. */
  readonly taken: number;
  readonly last: Place | undefined;
}

function take(rows: readonly AuditRow[], render: FeedParts['render']): Batch {
  const rendered: string[] = [];
  let taken = 0;
  let bytes = 0;
  let last: Place | undefined;
  for (const row of rows) {
    if (bytes > BATCH_BYTES) break;
    taken += 1;
    last = { seq: row.seq, position: row.position };
    if (row.entry.query === QUERY) continue;
    const text = render(row);
    bytes += text.length;
    rendered.push(text);
  }
  return { rendered, taken, last };
}

const placeCommit = (place: Recorded, version: number | undefined): Commit =>
  auditedCommit([jobEntry('audit-feed', { query: QUERY })], {
    records: [{ kind: FEED_KIND, key: KEY, expect: version ?? 'absent', body: place }],
  });
