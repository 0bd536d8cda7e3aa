/**
 * Metrics in the Prometheus text format. Label values come from our own tables (interactions, types served), never from
 * what a client wrote, so their number is bounded; the children of a label set are kept, because finding them is the cost.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StoreStatus } from '../ports/store.ts';

export interface Metrics {
  /** One finished exchange. */
  observe(interaction: string, type: string, code: number, seconds: number): void;
  /** One thing that happened to a delivery. `rail` and `fate` are words of our tables. */
  delivered(rail: string, fate: string): void;
  render(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsSources {
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
  const deliveries = new Counter({
    name: 'closeloop_deliveries_total',
    help: 'Attempts to deliver, by rail and what became of them.',
    labelNames: ['rail', 'fate'] as const,
    registers: [registry],
  });
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
    delivered: (rail, fate) => deliveries.inc({ rail, fate }),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

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

/** How long the oldest waiting delivery has waited. */
export function outboxAgeMs({ oldestWaitingAt }: StoreStatus, now: number): number {
  return oldestWaitingAt === 0 ? 0 : Math.max(0, now - oldestWaitingAt);
}
