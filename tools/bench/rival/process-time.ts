/** CPU time of a process on this machine, which is known by its number or by the port on which it listens. Linux. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTENS = '0A';
/** Clock ticks per second, as Linux counts CPU time for every program. */
const TICKS = 100;

/** User and system time of all threads, in seconds (proc(5), fields 14 and 15). */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The process that listens on a port of this machine; undefined where none is seen. */
export function listenerOf(port: number): number | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => socketsOn(table, port)));
  if (sockets.size === 0) return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => filesOf(pid).some((file) => sockets.has(file)));
}

/** What the open files of a process that listen there are called: `socket:[4711]`. */
function socketsOn(table: string, port: number): readonly string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync(`/proc/net/${table}`, 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENS && local?.endsWith(`:${hex}`))
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
}

function filesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  } catch {
    return []; // it has ended, or belongs to somebody else
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
