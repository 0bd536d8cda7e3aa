/** Load from a process of its own, and its results. */
import { fork } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Around } from './steps.ts';

export interface Job {
  readonly port: number;
  /** The address of a server that is not the bench's own; its answers need not have a Content-Length. */
  readonly base?: string;
  /** A name of `STEPS`. */
  readonly steps: string;
  readonly around: Around;
  readonly connections: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  /** The most requests that are measured, where the number counts and not the time: then `seconds` is the end of patience. */
  readonly requests?: number;
  /** Requests per second; undefined: as many as the connections can carry. */
  readonly perSecond?: number;
  /**
   * Whether the load asks for more than its share, so that refusals are no fault. It then gives way to the server and
   * to other load, as it would on a machine of its own.
   */
  readonly greedy?: true;
  /** Whether answers that were not expected are counted instead of ending the run. */
  readonly countsWrong?: true;
}

/** Milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly perSecond: number;
  readonly all: Latencies;
  readonly kinds: Readonly<Record<string, Latencies>>;
  /** Answers with another status than expected. */
  readonly wrong: number;
  readonly firstWrong: string | undefined;
}

export type LoadSays =
  | { readonly measuring: boolean }
  | { readonly result: LoadResult }
  | { readonly failed: string };

/** The lowest priority. */
export const GREEDY_NICENESS = 19;

/** A server that reports its CPU time. */
export interface Measured {
  readonly port: number;
  readonly base?: string;
  /** Seconds of all cores that the process has used. */
  cpuSeconds(): Promise<number>;
}

export interface Loaded extends LoadResult {
  /** CPU seconds of the server, all its threads, per request. */
  readonly cpuPerRequest: number;
  /** Requests per second and core, by the server's own CPU time. */
  readonly perCore: number;
}

/**
 * Runs load.
 *
 * @throws when the load process fails, or an answer was not the expected one: such a figure would be worth nothing
 */
export async function load(server: Measured, job: Omit<Job, 'port'>): Promise<Loaded> {
  const child = fork(new URL('./load-process.ts', import.meta.url));
  if (job.greedy === true && child.pid !== undefined) setPriority(child.pid, GREEDY_NICENESS);
  const done = Promise.withResolvers<LoadResult>();
  const cpu: Promise<number>[] = [];
  child.on('message', (says: LoadSays) => {
    if ('measuring' in says) cpu.push(server.cpuSeconds());
    else if ('result' in says) done.resolve(says.result);
    else done.reject(new Error(`${job.steps} at ${server.base ?? server.port}: ${says.failed}`));
  });
  child.once('exit', (code) => done.reject(new Error(`the load ended with code ${code}`)));
  child.send({ ...job, port: server.port, ...(server.base !== undefined && { base: server.base }) });
  const result = await done.promise;
  if (result.wrong > 0 && job.greedy !== true && job.countsWrong !== true)
    throw new Error(`${result.wrong} answers were wrong: ${result.firstWrong}`);
  const [before = 0, after = 0] = await Promise.all(cpu);
  const cpuPerRequest = (after - before) / result.all.count;
  return { ...result, cpuPerRequest, perCore: 1 / cpuPerRequest };
}
