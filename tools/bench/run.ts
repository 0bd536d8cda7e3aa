/**
 * `npm run bench`: the figures that this server holds, each beside its target, and docs/performance.md. Linux: CPU time
 * and memory are read from /proc.
 *
 * Options: `--full` (1 M referrals, longer), `--only reads,searches`, `--seconds 4`; a part of the figures is printed and
 * not written.
 */
import { parseArgs } from 'node:util';
import { measureAuditing } from './auditing.ts';
import type { Options, Workload } from './figure.ts';
import { measureFormats } from './formats.ts';
import { measureDisk } from './disk.ts';
import { measureHl7 } from './hl7.ts';
import { measureLifecycle } from './lifecycle.ts';
import { measureReads } from './reads.ts';
import { showFigure, writePage, type Part } from './report.ts';
import { measureSearches } from './searches.ts';
import { removeFolders } from './world.ts';
import { measureMix, measureTransactions } from './writes.ts';

const WORKLOADS: Readonly<Record<string, readonly [title: string, measure: Workload]>> = {
  disk: ['The disk', measureDisk],
  reads: ['Reads', measureReads],
  mix: ['The mix', measureMix],
  transactions: ['Transactions', measureTransactions],
  audit: ['Auditing', measureAuditing],
  searches: ['Searches', measureSearches],
  formats: ['Formats', measureFormats],
  hl7: ['HL7 v2', measureHl7],
  lifecycle: ['The process', measureLifecycle],
};

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string' },
  },
});
const names = values.only?.split(',') ?? Object.keys(WORKLOADS);
const unknown = names.filter((name) => WORKLOADS[name] === undefined);
const seconds = Number(values.seconds ?? (values.full ? 8 : 3));
if (unknown.length > 0 || !(seconds > 0)) {
  console.error(`--only takes ${Object.keys(WORKLOADS).join(', ')}; --seconds a number above 0`);
  process.exit(2);
}

const options: Options = { full: values.full, seconds };
const parts: Part[] = [];
try {
  for (const name of names) {
    const [title, measure] = WORKLOADS[name] ?? [name, async () => []];
    console.log(`\n${title}`);
    const figures = await measure(options);
    for (const figure of figures) console.log(showFigure(figure));
    parts.push({ name: title, figures });
  }
} finally {
  removeFolders();
}
if (values.only === undefined) writePage(parts, `npm run bench${values.full ? ' -- --full' : ''}`);
