/** The malware scanner behind the port: clamd, by TCP over the guard of outgoing connections or by a socket file. */
import { connect, type Socket } from 'node:net';
import type { MalwareScanner, ScannerVersion, ScanVerdict } from '../ports/scanner.ts';
import { pingOn, scanOn, versionOn } from './clamd.ts';

interface ScannerSettings {
  /** The path of clamd's socket file; or how it is reached by TCP. */
  readonly place: { readonly path: string } | { readonly connect: (signal: AbortSignal) => Promise<Socket> };
  /** The time that one file may take, waiting for its turn included. */
  readonly timeoutMs: number;
  /** Says something to an operator; nothing of a file is in it. */
  readonly warn: (why: string) => void;
}

/** Files that are scanned at once; clamd has ten threads unless it is told otherwise. */
const AT_ONCE = 4;
/** Files that wait for a scan; each of them is in memory. */
const WAITING_MAX = 50;
const VERSION_TIMEOUT_MS = 5_000;
/** Signatures come a few times a day. */
const VERSION_KEPT_MS = 5 * 60_000;

export function createMalwareScanner({ place, timeoutMs, warn }: ScannerSettings): MalwareScanner {
  const verdicts = { clean: 0, infected: 0, unknown: 0 };
  const turns = createTurns(AT_ONCE, WAITING_MAX);
  let known: { readonly version: ScannerVersion; readonly at: number } | undefined;

  async function scan(
    bytes: Uint8Array,
    limitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ScanVerdict> {
    const began = performance.now();
    const leave = await turns.enter(limitMs, signal);
    if (typeof leave === 'string') return { verdict: 'unknown', why: leave };
    try {
      const left = Math.max(1, Math.ceil(limitMs - (performance.now() - began)));
      const said = await on(place, left, signal, (socket) => scanOn(socket, bytes));
      return typeof said === 'string' ? { verdict: 'unknown', why: said } : said;
    } finally {
      leave();
    }
  }

  async function askVersion(): Promise<ScannerVersion | undefined> {
    if ((await on(place, VERSION_TIMEOUT_MS, undefined, pingOn)) !== true) return undefined;
    const said = await on(place, VERSION_TIMEOUT_MS, undefined, versionOn);
    return typeof said === 'string' ? undefined : said;
  }

  return {
    async scan(bytes, { signal, withinMs = timeoutMs } = {}) {
      const verdict = await scan(bytes, Math.min(withinMs, timeoutMs), signal);
      verdicts[verdict.verdict] += 1;
      if (verdict.verdict === 'unknown' && verdict.why !== 'aborted') warn(verdict.why);
      return verdict;
    },
    async version() {
      if (known === undefined || performance.now() - known.at > VERSION_KEPT_MS) {
        const version = await askVersion();
        known = version && { version, at: performance.now() };
      }
      return known?.version;
    },
    traffic: () => ({ verdicts: { ...verdicts }, ...turns.status() }),
  };
}

/** Does something on a new connection, within its time. */
async function on<Result>(
  place: ScannerSettings['place'],
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (socket: Socket) => Promise<Result>,
): Promise<Result | 'unreachable' | 'timeout' | 'aborted'> {
  const timeout = AbortSignal.timeout(limitMs);
  const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const why = (): 'timeout' | 'aborted' => (timeout.aborted ? 'timeout' : 'aborted');
  let socket: Socket;
  try {
    socket = 'path' in place ? await openFile(place.path, either) : await place.connect(either);
  } catch {
    return either.aborted ? why() : 'unreachable';
  }
  const abort = (): void => void socket.destroy();
  either.addEventListener('abort', abort, { once: true });
  if (either.aborted) abort();
  try {
    const result = await work(socket);
    return either.aborted ? why() : result;
  } finally {
    either.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** A connection to a socket file of this machine. */
function openFile(path: string, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ path });
  return new Promise((resolve, reject) => {
    const abort = (): void => void socket.destroy();
    signal.addEventListener('abort', abort, { once: true });
    socket
      .once('connect', () => resolve(socket))
      .once('error', reject)
      .once('close', () => reject(new Error('closed')));
  });
}

interface Turns {
  /** Resolves with what gives the turn back; or why there is none. */
  enter(
    limitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<(() => void) | 'busy' | 'timeout' | 'aborted'>;
  status(): { readonly active: number; readonly waiting: number };
}

/** So many at once, and so many that wait. */
function createTurns(atOnce: number, waitingMax: number): Turns {
  const waiting = new Set<() => void>();
  let active = 0;

  function leave(): void {
    active -= 1;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  }

  return {
    status: () => ({ active, waiting: waiting.size }),
    enter(limitMs, signal) {
      const take = (): (() => void) => {
        active += 1;
        return leave;
      };
      if (signal?.aborted === true) return Promise.resolve('aborted');
      if (active < atOnce) return Promise.resolve(take());
      if (waiting.size >= waitingMax) return Promise.resolve('busy');
      return new Promise((resolve) => {
        const timeout = AbortSignal.timeout(limitMs);
        const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
        const enter = (): void => {
          either.removeEventListener('abort', giveUp);
          resolve(take());
        };
        const giveUp = (): void => {
          waiting.delete(enter);
          resolve(timeout.aborted ? 'timeout' : 'aborted');
        };
        waiting.add(enter);
        either.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
