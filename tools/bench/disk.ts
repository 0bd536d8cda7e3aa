/** The cost of a flush on this disk: everything durable waits for one, so no latency means anything without it. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure, Options } from './figure.ts';
import { makeFolder } from './world.ts';

/** The bytes that a small commit appends, roughly. */
const BYTES = 16 * 1024;

export async function measureDisk({ seconds }: Options): Promise<readonly Figure[]> {
  const file = openSync(join(makeFolder(), 'flushed'), 'w');
  const block = Buffer.alloc(BYTES, 1);
  const taken: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let now = performance.now(); now < end; now = performance.now()) {
    writeSync(file, block);
    fdatasyncSync(file);
    taken.push(performance.now() - now);
  }
  closeSync(file);
  taken.sort((a, b) => a - b);
  const at = (share: number): number => taken[Math.floor(taken.length * share)] ?? 0;
  return [
    { name: 'append and flush 16 KB, p50', value: at(0.5), unit: 'ms' },
    { name: 'append and flush 16 KB, p99', value: at(0.99), unit: 'ms' },
  ];
}
