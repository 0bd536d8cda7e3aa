/**
 * Metrics in the Prometheus text format. Label values come from our own tables (interactions, types served), never from
 * what a client wrote, so their number is bounded; the children of a label set are kept, because finding them is the cost.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AuditFeedStatus } from '../ports/audit-feed.ts';
import type { DirectTraffic } from '../ports/direct.ts';
import type { ScannerTraffic } from '../ports/scanner.ts';
import type { StoreStatus } from '../ports/store.ts';
import type { ReadMetric } from './read-metric.ts';
import { SCANNER_METRICS } from './scanner-metrics.ts';
import { CERTIFICATE_METRICS, DIRECT_METRICS, type ExpiringCertificate } from './direct-metrics.ts';

export interface Metrics {
  /** One finished exchange. */
  observe(interaction: string, type: string, code: number, seconds: number): void;
  /** One thing that happened to a delivery, with the state that it ended in. All are words of our tables. */
  delivered(what: { readonly rail: string; readonly fate: string; readonly state?: string }): void;
  /** A delivery came to another state by later evidence. */
  deliveryState(rail: string, state: string): void;
  /** A source whose logins failed so often that a person is asked. */
  suspectedLogins(): void;
  /** From now on also the links of message peers. */
  showLinks(links: () => readonly LinkTraffic[]): void;
  /** From now on also the jobs. */
  showJobs(jobs: () => readonly JobTraffic[]): void;
  /** From now on also the audit feed. */
  showAuditFeed(feed: () => AuditFeedStatus): void;
  /** From now on also when certificates of Direct mail expire. */
  showCertificates(certificates: () => readonly ExpiringCertificate[]): void;
  /** From now on also Direct mail. */
  showDirect(direct: () => DirectTraffic): void;
  /** From now on also the malware scanner. */
  showScanner(scanner: () => ScannerTraffic): void;
  /** From now on also the database that keeps the log. */
  showDatabase(database: () => DatabaseTraffic): void;
  render(): Promise<string>;
  readonly contentType: string;
}

/** One link as operators named it, since the start. */
interface LinkTraffic {
  readonly link: string;
  /** Connections open now. */
  readonly connected: number;
  /** Milliseconds since 1970; 0 for none. */
  readonly lastMessageAt: number;
  /** Messages by what became of them. */
  readonly fates: Readonly<Partial<Record<string, number>>>;
  /** Frames that were no message. */
  readonly faults: number;
  /** Messages that are not taken, by kind. */
  readonly notTaken: readonly { readonly kind: string; readonly fate: string; readonly count: number }[];
}

/** A job as this server knows it. */
interface JobTraffic {
  readonly name: string;
  /** Runs of this server since its start. */
  readonly runs: Readonly<Record<'done' | 'failed', number>>;
  /** Runs that failed since the last that was done. */
  readonly failures: number;
  /** Milliseconds since 1970; 0 for none. */
  readonly lastRunAt: number;
  readonly dueAt: number;
}

/** What a server counts of the database that keeps its log, since its start. */
interface DatabaseTraffic {
  readonly appends: number;
  readonly appendMs: number;
  readonly appendMsMax: number;
  readonly lost: number;
  readonly recognised: number;
  readonly unsure: number;
  readonly followed: number;
  readonly clockAheadMs: number;
}

interface MetricsSources {
  readonly status: () => StoreStatus;
  readonly inFlight: () => number;
  readonly now: () => number;
}

/** Exchanges whose client went away have no class. */
const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics({ status, inFlight, now }: MetricsSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: 'closeloop_http_request_duration_seconds',
    help: 'HTTP exchanges by interaction, resource type and class of status.',
    labelNames: ['interaction', 'type', 'status'] as const,
    buckets: BUCKETS,
    registers: [registry],
  });
  const suspected = createSuspicions(registry);
  const gauges: readonly (readonly [name: string, help: string, read: () => number])[] = [
    ['http_requests_in_flight', 'Requests being worked on.', inFlight],
    ['store_commit_seq', 'Number of the last commit.', () => status().seq],
    ['store_writable', '1 when the store takes commits.', () => (status().writable ? 1 : 0)],
    ['store_commits_queued', 'Commits waiting for the writer.', () => status().queued],
    ['store_bytes', 'Size of the store.', () => status().bytes],
    ['outbox_waiting', 'Deliveries that wait.', () => status().outboxWaiting],
    [
      'outbox_oldest_age_seconds',
      'Age of the delivery that waits longest.',
      () => outboxAgeMs(status(), now()) / 1000,
    ],
  ];
  for (const [name, help, read] of gauges)
    registry.registerMetric(buildGauge(`closeloop_${name}`, help, read));

  function show<T>(metrics: readonly ReadMetric<T>[], sources: () => readonly T[]): void {
    for (const metric of metrics) registry.registerMetric(buildRead(metric, sources));
  }

  const children = new Map<string, { observe(seconds: number): void }>();
  return {
    observe(interaction, type, code, seconds) {
      const statusClass = CLASSES[Math.floor(code / 100)] ?? 'none';
      const key = `${interaction} ${type} ${statusClass}`;
      let child = children.get(key);
      if (child === undefined) {
        child = durations.labels({ interaction, type, status: statusClass });
        children.set(key, child);
      }
      child.observe(seconds);
    },
    ...countDeliveries(registry),
    suspectedLogins: () => suspected.inc(),
    showLinks: (links) => show(LINK_METRICS, links),
    showJobs: (jobs) => show(JOB_METRICS, jobs),
    showAuditFeed: (feed) => show(FEED_METRICS, () => [{ ...feed(), head: status().seq }]),
    showCertificates: (certificates) => show(CERTIFICATE_METRICS, certificates),
    showDirect: (direct) => show(DIRECT_METRICS, () => [direct()]),
    showScanner: (scanner) => show(SCANNER_METRICS, () => [scanner()]),
    showDatabase: (database) =>
      show(DATABASE_METRICS, () => [{ ...database(), silentMs: silentMs(status(), now()) }]),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function countDeliveries(registry: Registry): Pick<Metrics, 'delivered' | 'deliveryState'> {
  const deliveries = new Counter({
    name: 'closeloop_deliveries_total',
    help: 'Attempts to deliver, by rail and what became of them.',
    labelNames: ['rail', 'fate'] as const,
    registers: [registry],
  });
  const states = new Counter({
    name: 'closeloop_delivery_states_total',
    help: 'Deliveries that came to a state, by rail: at their end, or by later evidence.',
    labelNames: ['rail', 'state'] as const,
    registers: [registry],
  });
  return {
    delivered({ rail, fate, state }) {
      deliveries.inc({ rail, fate });
      if (state !== undefined) states.inc({ rail, state });
    },
    deliveryState: (rail, state) => states.inc({ rail, state }),
  };
}

const createSuspicions = (registry: Registry): Counter =>
  new Counter({
    name: 'closeloop_login_suspicions_total',
    help: 'Sources whose logins failed so often that a person was asked.',
    registers: [registry],
  });

function buildGauge(name: string, help: string, read: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read());
    },
  });
}

const LINK_METRICS: readonly ReadMetric<LinkTraffic>[] = [
  {
    name: 'closeloop_hl7_connected',
    help: 'Open connections of peers, by link.',
    labels: ['link'],
    read: ({ link, connected }) => [[{ link }, connected]],
  },
  {
    name: 'closeloop_hl7_messages_total',
    help: 'Messages received, by link and fate.',
    labels: ['link', 'fate'],
    read: ({ link, fates }) => Object.entries(fates).map(([fate, count = 0]) => [{ link, fate }, count]),
  },
  {
    name: 'closeloop_hl7_messages_not_taken_total',
    help: 'Messages that a link does not take, by link, kind and fate: rejected, or acknowledged and not stored.',
    labels: ['link', 'kind', 'fate'],
    read: ({ link, notTaken }) => notTaken.map(({ kind, fate, count }) => [{ link, kind, fate }, count]),
  },
  {
    name: 'closeloop_hl7_frames_refused_total',
    help: 'Frames that were no message: garbage, too long, broken off.',
    labels: ['link'],
    read: ({ link, faults }) => [[{ link }, faults]],
  },
  {
    name: 'closeloop_hl7_last_message_timestamp_seconds',
    help: 'When the last message of a link came, in seconds since 1970; 0 for none since the start.',
    labels: ['link'],
    read: ({ link, lastMessageAt }) => [[{ link }, lastMessageAt / 1000]],
  },
];

const JOB_METRICS: readonly ReadMetric<JobTraffic>[] = [
  {
    name: 'closeloop_job_runs_total',
    help: 'Runs of jobs by this server, by job and outcome.',
    labels: ['job', 'outcome'],
    read: ({ name, runs }) => Object.entries(runs).map(([outcome, count]) => [{ job: name, outcome }, count]),
  },
  {
    name: 'closeloop_job_failures',
    help: 'Runs of a job that failed since the last one that was done.',
    labels: ['job'],
    read: ({ name, failures }) => [[{ job: name }, failures]],
  },
  {
    name: 'closeloop_job_last_run_timestamp_seconds',
    help: 'When the last run of a job ended, in seconds since 1970; 0 for none.',
    labels: ['job'],
    read: ({ name, lastRunAt }) => [[{ job: name }, lastRunAt / 1000]],
  },
  {
    name: 'closeloop_job_next_due_timestamp_seconds',
    help: 'When this server looks at a job next, in seconds since 1970; the time it was due, while it runs.',
    labels: ['job'],
    read: ({ name, dueAt }) => [[{ job: name }, dueAt / 1000]],
  },
];

const FEED_METRICS: readonly ReadMetric<AuditFeedStatus & { readonly head: number }>[] = [
  {
    name: 'closeloop_audit_feed_rows_total',
    help: 'Audit rows that this server sent to the collector.',
    labels: [],
    read: ({ sent }) => [[{}, sent]],
  },
  {
    name: 'closeloop_audit_feed_behind',
    help: 'Commits whose audit rows this server has not seen sent; meaningful on the server that sends.',
    labels: [],
    read: ({ head, seq }) => [[{}, Math.max(0, head - seq)]],
  },
  {
    name: 'closeloop_audit_feed_last_sent_timestamp_seconds',
    help: 'When the collector took a batch of this server last, in seconds since 1970; 0 for none.',
    labels: [],
    read: ({ lastSentAt }) => [[{}, lastSentAt / 1000]],
  },
];

type SeenDatabase = DatabaseTraffic & { readonly silentMs: number };

const DATABASE_METRICS: readonly ReadMetric<SeenDatabase>[] = [
  ofDatabase('database_appends_total', 'Documents that this server put into the log.', (one) => one.appends),
  ofDatabase(
    'database_append_seconds_total',
    'Seconds that these took together.',
    (one) => one.appendMs / 1000,
  ),
  ofDatabase(
    'database_append_seconds_max',
    'Seconds that the slowest of these took.',
    (one) => one.appendMsMax / 1000,
  ),
  ofDatabase(
    'database_lost_total',
    'Documents in whose place another server had put one.',
    (one) => one.lost,
  ),
  ofDatabase(
    'database_recognised_total',
    'Documents that were found in the log though their answer did not come.',
    (one) => one.recognised,
  ),
  ofDatabase(
    'database_unsure_total',
    'Batches of commits that were answered commit-unsure.',
    (one) => one.unsure,
  ),
  ofDatabase('database_followed_total', 'Commits that were read from the log.', (one) => one.followed),
  ofDatabase(
    'database_silent_seconds',
    'For how long the database has not answered; 0 while it does.',
    (one) => one.silentMs / 1000,
  ),
  ofDatabase(
    'database_clock_ahead_seconds',
    'How much the clock of the database is ahead of ours.',
    (one) => one.clockAheadMs / 1000,
  ),
];

function ofDatabase(
  name: string,
  help: string,
  read: (database: SeenDatabase) => number,
): ReadMetric<SeenDatabase> {
  return { name: `closeloop_${name}`, help, labels: [], read: (database) => [[{}, read(database)]] };
}

/** Counted elsewhere and read when asked; a sum never falls but by a restart, which is what counters promise. */
function buildRead<T>(
  { name, help, labels, read }: ReadMetric<T>,
  sources: () => readonly T[],
): Counter | Gauge {
  const shown = { name, help, labelNames: labels, registers: [] };
  const rows = () => sources().flatMap(read);
  if (!name.endsWith('_total')) {
    return new Gauge({
      ...shown,
      collect() {
        for (const [labelled, value] of rows()) this.set(labelled, value);
      },
    });
  }
  return new Counter({
    ...shown,
    collect() {
      this.reset();
      for (const [labelled, value] of rows()) this.inc(labelled, value);
    },
  });
}

/** How long the oldest waiting delivery has waited. */
export function outboxAgeMs({ oldestWaitingAt }: StoreStatus, now: number): number {
  return oldestWaitingAt === 0 ? 0 : Math.max(0, now - oldestWaitingAt);
}

function silentMs({ silentSince }: StoreStatus, now: number): number {
  return silentSince === undefined ? 0 : Math.max(0, now - silentSince);
}
