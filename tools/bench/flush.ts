/**
 * Measures group commit: the writer in a thread against the writer in a turn of the main loop, on this disk and with an
 * injected delay per flush; for durable writes, for audited reads, and for how long the main loop stands still meanwhile.
 * Usage: `node tools/bench/flush.ts [milliseconds per figure]`. The figures of ADR 0001 come from here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openStore } from '../../src/stores/index.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { BENCH_ORGANIZATION, readOf, referralTask } from './store-work.ts';

const DURATION_MS = Number(process.argv[2] ?? 2000);

type Work = (store: EmbeddedStore, i: number) => Promise<unknown>;

const WORKS: Readonly<Record<string, Work>> = {
  write: (store, i) => store.commit(referralTask(i)),
  record: (store, i) => store.record(readOf(i)),
  'read + record': async (store, i) => {
    await store.snapshot().read(`Task/w${i % 1000}`, { everything: false, organization: BENCH_ORGANIZATION });
    await store.record(readOf(i));
  },
};

interface Figure {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** The longest 1 % of the times that the main loop stood still, milliseconds. */
  readonly stall: number;
}

async function measure(store: EmbeddedStore, work: Work, inFlight: number): Promise<Figure> {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + DURATION_MS;
  loop.enable();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        const begun = performance.now();
        await work(store, next++);
        latencies.push(performance.now() - begun);
      }
    }),
  );
  loop.disable();
  const taken = performance.now() - start;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return {
    perSecond: (latencies.length / taken) * 1000,
    p50: at(0.5),
    p99: at(0.99),
    stall: loop.percentile(99) / 1e6,
  };
}

let next = 0;

const columns = [
  'flush',
  'writer',
  'work',
  'in flight',
  'per second',
  'p50 ms',
  'p99 ms',
  'loop stall p99 ms',
];
console.log(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
for (const flushDelayMs of [0, 10]) {
  for (const inFlight of [1, 32, 64]) {
    for (const [name, work] of Object.entries(WORKS)) {
      for (const writer of ['thread', 'turn'] as const) {
        const folder = mkdtempSync(join(tmpdir(), 'closeloop-bench-'));
        const store = await openStore({ folder, writer, flushDelayMs, reserveBytes: 0 });
        next = 0;
        const { perSecond, p50, p99, stall } = await measure(store, work, inFlight);
        const flush = flushDelayMs === 0 ? 'native' : `+ ${flushDelayMs} ms`;
        console.log(
          `| ${flush} | ${writer} | ${name} | ${inFlight} | ${Math.round(perSecond).toLocaleString('en')} ` +
            `| ${p50.toFixed(2)} | ${p99.toFixed(2)} | ${stall.toFixed(1)} |`,
        );
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
}
