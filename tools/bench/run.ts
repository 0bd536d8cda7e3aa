/**
 * The figures that this server holds, each beside its target, and docs/performance.md. Linux: CPU time and memory are read
 * from /proc.
 *
 *     npm run bench -- [--full] [--only reads,searches] [--seconds 4] [--world FOLDER]
 *     npm run bench -- stalls [--matching TEXT]
 *     npm run bench -- files
 *     npm run bench -- fairness [--seconds 20] [--matching TEXT]
 *     MONGODB_URI=mongodb://… npm run bench -- mongodb [--seconds 3]
 *     npm run bench -- rival BASE[,TOKEN] [--pairs 5] [--seconds 3] [--warm 2] [--patients 500] [--pid N]
 *
 *       --full        a million referrals, and longer
 *       --only LIST   some of the figures, which are printed and not written
 *       --seconds N   how long each is measured (default: 3; with --full 8)
 *       --world FOLDER  keeps loaded worlds there, and takes those that are there already: each run works on copies
 *                     (or BENCH_WORLD); what was not loaded in this run has no figure
 *
 * `files` is run by itself: what an attachment of ten megabytes takes of time and of memory, up and down.
 * `fairness` is run by itself, too: what an organization waits for beside another that asks for all it may.
 * `mongodb` is run by itself, with MONGODB_URI: the engine whose log is there beside the embedded one, in alternating pairs.
 * `rates`: searches with 16 connections, as many as they carry (--matching: some of them).
 * `rival` is run by itself: nine kinds of work against another FHIR server of R4 and this one, in turns. BASE is its address,
 * or the folder of another checkout of Closeloop; a second BASE stands for this build. --warm: seconds of each kind before
 * it is measured, which a JVM needs; --pid: the rival's process, where its port does not tell.
 * `stalls` is run by itself: how long one input of growing size keeps the event loop at most (--matching: some of them).
 */
import { EXIT, runCommand, UsageError } from '../command.ts';
import { measureAuditing } from './auditing.ts';
import { measureCcda } from './ccda.ts';
import type { Options, Workload } from './figure.ts';
import { measureFairness } from './fairness.ts';
import { measureFiles } from './files.ts';
import { measureFormats } from './formats.ts';
import { measureDirect } from './direct.ts';
import { measureDisk } from './disk.ts';
import { measureHl7 } from './hl7.ts';
import { measureLifecycle } from './lifecycle.ts';
import { measureMemory } from './memory.ts';
import { measureMix } from './mix.ts';
import { measureMongo } from './mongodb.ts';
import { measureRates } from './rates.ts';
import { measureReads } from './reads.ts';
import { showFigure, writePage, type Part } from './report.ts';
import { readRival, type RivalAsked } from './rival/asked.ts';
import { runRival } from './rival/rival.ts';
import { measureSearches } from './searches.ts';
import { measureStalls } from './stalls.ts';
import { keepWorlds, removeFolders } from './world.ts';
import { measureWrites } from './writes.ts';

const WORKLOADS: Readonly<Record<string, readonly [title: string, measure: Workload]>> = {
  disk: ['The disk', measureDisk],
  reads: ['Reads', measureReads],
  mix: ['The mix', measureMix],
  writes: ['Writes', measureWrites],
  audit: ['Auditing', measureAuditing],
  searches: ['Searches', measureSearches],
  rates: ['Searches by rate', measureRates],
  formats: ['Formats', measureFormats],
  ccda: ['C-CDA', measureCcda],
  hl7: ['HL7 v2', measureHl7],
  direct: ['Direct mail', measureDirect],
  lifecycle: ['The process', measureLifecycle],
  memory: ['Memory', measureMemory],
};

/** Workloads that run only when they are named. */
const BY_NAME: Readonly<Record<string, readonly [title: string, measure: Workload]>> = {
  stalls: ['Stalls', measureStalls],
  fairness: ['Fairness', measureFairness],
  files: ['Attachments', measureFiles],
  mongodb: ['MongoDB', measureMongo],
};

const workloadNamed = (name: string): (typeof WORKLOADS)[string] | undefined =>
  WORKLOADS[name] ?? BY_NAME[name];

await runCommand(import.meta.filename, {
  flags: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string' },
    matching: { type: 'string' },
    world: { type: 'string' },
    pairs: { type: 'string' },
    warm: { type: 'string' },
    patients: { type: 'string' },
    pid: { type: 'string' },
  },
  operandsMax: 3,
  run: async ({ values, operands }) => {
    const { full, matching } = values;
    if (operands[0] === 'rival') return compare(readRival(operands.slice(1), values));
    if (values.world !== undefined) keepWorlds(values.world);
    const named = operands.length > 0 ? operands.join(',') : values.only;
    const names = named?.split(',') ?? Object.keys(WORKLOADS);
    const seconds = Number(values.seconds ?? (full ? 8 : 3));
    if (names.some((name) => workloadNamed(name) === undefined) || !(seconds > 0)) {
      throw new UsageError(
        `--only takes ${[...Object.keys(WORKLOADS), ...Object.keys(BY_NAME)].join(', ')}; --seconds a number above 0.`,
      );
    }
    const parts = await measure(names, { full, seconds, ...(matching !== undefined && { matching }) });
    if (named === undefined) writePage(parts, `npm run bench${full ? ' -- --full' : ''}`);
    return EXIT.done;
  },
});

async function compare(asked: RivalAsked): Promise<number> {
  try {
    await runRival(asked);
  } finally {
    removeFolders();
  }
  return EXIT.done;
}

async function measure(names: readonly string[], options: Options): Promise<readonly Part[]> {
  const parts: Part[] = [];
  try {
    for (const name of names) {
      const [title, workload] = workloadNamed(name) ?? [name, async () => []];
      console.log(`\n${title}`);
      const figures = await workload(options);
      for (const figure of figures) console.log(showFigure(figure));
      parts.push({ name: title, figures });
    }
  } finally {
    removeFolders();
  }
  return parts;
}
