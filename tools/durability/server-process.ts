/** The real server, as a process of its own that can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ServerOptions {
  readonly folder: string;
  /** Default: a free one. */
  readonly port?: string;
  /** Further settings, as on the command line. */
  readonly settings: readonly string[];
  /** Pragmas for every connection of the engine: `synchronous = OFF`. The server itself has no such setting. */
  readonly pragmas?: readonly string[];
  /** What runs the server: a tracer and its flags. */
  readonly under?: readonly string[];
  /** The user and group to run as; default: the same as we. */
  readonly id?: number;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  /** Resolves with the base URL when requests are answered; rejects when the process ends before. */
  readonly ready: Promise<string>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>;
  /** What it wrote to stderr, requests and other good news left out. */
  readonly said: () => string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>;
}

const SERVER = join(import.meta.dirname, '../../src/server/begin.ts');
const PRAGMAS = new URL('./pragmas.ts', import.meta.url).href;

export function startServer(options: ServerOptions): ServerProcess {
  const { folder, port = '0', settings, pragmas = [], under = [], id } = options;
  const preload = pragmas.length === 0 ? [] : ['--import', PRAGMAS];
  const server = [process.execPath, ...preload, SERVER, '--port', port, '--data-dir', folder, ...settings];
  const [command = '', ...argv] = [...under, ...server];
  // Where compiled code is kept: threads of the server find it by the environment alone.
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(command, argv, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH, NODE_COMPILE_CACHE, CLOSELOOP_PRAGMAS: pragmas.join(';') },
    ...(id !== undefined && { uid: id, gid: id }),
  });
  return watch(child);
}

function watch(child: ChildProcess): ServerProcess {
  const said: string[] = [];
  const ready = Promise.withResolvers<string>();
  // Whoever kills the server before it is ready does not ask.
  ready.promise.catch(() => undefined);
  const { stderr } = child;
  if (stderr === null) throw new Error('stderr of the server is a pipe');
  createInterface({ input: stderr }).on('line', (line) => {
    const base = /"msg":"ready","base":"([^"]+)"/.exec(line)?.[1];
    if (base !== undefined) ready.resolve(base);
    else if (!line.startsWith('{"level":"info"')) said.push(line);
  });
  const ended = (async (): Promise<Ended> => {
    // Two arguments, as documented for this event.
    const [code, signal] = (await once(child, 'close')) as [Ended['code'], Ended['signal']];
    ready.reject(new Error(`the server ended (${code ?? signal}) before it was ready: ${said.join('\n')}`));
    return { code, signal };
  })();
  return {
    pid: child.pid ?? 0,
    ready: ready.promise,
    ended,
    said: () => said.join('\n'),
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
