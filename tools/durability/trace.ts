/**
 * What a process asks of its files and sockets, in order, as `strace` saw it. The tracer stops a thread when a call begins
 * and when it has ended, so that "ended before another began" is what really happened, across threads, too.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** One system call. */
export interface Call {
  readonly name: string;
  /** The file or socket: a path, or `socket:[…]`. */
  readonly path: string;
  /** What was written; empty for other calls. */
  readonly bytes: Buffer;
  /** The last number of its arguments: the offset of a pwrite64, the length of an ftruncate. */
  readonly last: number;
  readonly flags: string;
  /** Places in the order of everything that was traced. */
  readonly begin: number;
  readonly end: number;
  /** What the system answered; below zero when it failed. */
  readonly result: number;
  /** The tracer answered in the system's place: the call did not happen. */
  readonly injected: boolean;
}

export interface TraceOptions {
  readonly file: string;
  /** A tampering of strace's own: `fsync:retval=0` drops flushes, `fsync:delay_enter=20000` makes them slow. */
  readonly inject?: readonly string[];
}

const CALLS =
  'openat,pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2';
/** Of what is written, this much is kept: a page of the database at least. */
const BYTES_KEPT = 4352;
const WRITTEN_WITHIN_MS = 10_000;

/** Why this machine cannot trace; undefined when it can. */
export function whyNotTraceable(): string | undefined {
  try {
    execFileSync('strace', ['-f', '-e', 'trace=fsync', '-o', '/dev/null', 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    return code === 'ENOENT' ? 'strace is not installed (Debian: apt-get install strace)' : message;
  }
}

/** The command line that runs another under the tracer; the process keeps its own id. */
export function traced({ file, inject = [] }: TraceOptions): readonly string[] {
  const tampering = inject.flatMap((one) => ['-e', `inject=${one}`]);
  const shown = ['-y', '-xx', '-s', String(BYTES_KEPT), '-e', 'signal=kill'];
  return ['strace', '-f', '-D', '--seccomp-bpf', ...shown, '-e', `trace=${CALLS}`, ...tampering, '-o', file];
}

/** Reads a trace when the traced process has ended. */
export async function readTrace({ file }: TraceOptions, pid: number): Promise<readonly Call[]> {
  const ended = new RegExp(`^${pid} +\\+{3} (exited|killed)`, 'm');
  for (const late = Date.now() + WRITTEN_WITHIN_MS; ;) {
    const text = existsSync(file) ? readFileSync(file, 'latin1') : '';
    if (ended.test(text)) return parseTrace(text);
    if (Date.now() > late) throw new Error(`the trace ${file} does not say that process ${pid} ended`);
    await pause(20);
  }
}

const LINE = /^(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*?)( <unfinished \.\.\.>)?$/;

export function parseTrace(text: string): readonly Call[] {
  const calls: Call[] = [];
  const begun = new Map<string, { readonly text: string; readonly begin: number }>();
  for (const [place, line] of text.split('\n').entries()) {
    const [, pid = '', resumed, rest = '', unfinished] = LINE.exec(line) ?? [];
    if (unfinished !== undefined) {
      begun.set(pid, { text: rest, begin: place });
      continue;
    }
    const before = resumed === undefined ? undefined : begun.get(pid);
    const call = parseCall((before?.text ?? '') + rest, before?.begin ?? place, place);
    if (call !== undefined) calls.push(call);
  }
  return calls.toSorted((a, b) => a.end - b.end);
}

const CALL = /^(\w+)\((.*)\) += (-?\d+)(?:<[^>]*>)?(.*)$/;
const STRING = /"((?:\\x[0-9a-f]{2})*)"/g;

function parseCall(text: string, begin: number, end: number): Call | undefined {
  const [, name, given = '', result = '', says = ''] = CALL.exec(text) ?? [];
  if (name === undefined) return undefined;
  const strings = [...given.matchAll(STRING)].map(([, hex = '']) => decode(hex));
  const isWrite = /^(pwrite64|write|writev|sendto|sendmsg)$/.test(name);
  const named = /^\d+<([^>]*)>/.exec(given)?.[1];
  return {
    name,
    path: named === undefined ? (strings.at(-1)?.toString() ?? '') : decode(named).toString(),
    bytes: isWrite ? Buffer.concat(strings) : Buffer.alloc(0),
    last: Number(/(\d+)$/.exec(given)?.[1] ?? 0),
    flags: /\bO_[A-Z_|O]+/.exec(given)?.[0] ?? '',
    begin,
    end,
    result: Number(result),
    injected: says.includes('INJECTED'),
  };
}

/** Everything is in hexadecimal under `-xx`, paths too; the names of sockets are as they are. */
const decode = (text: string): Buffer =>
  text.startsWith('\\x') ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text, 'latin1');
