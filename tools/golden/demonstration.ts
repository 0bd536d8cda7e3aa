/** The demonstration of this checkout as a process, and the engines of both sides listening where it sends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { listenAsEngine } from '../hl7/client.ts';

type Side = 'initiator' | 'recipient';

/** What the demonstration prints as JSON. */
export interface Told {
  readonly base: string;
  readonly mllp: { readonly host: string; readonly port: number };
  readonly tokens: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<Side, { readonly receivingPort: number }>>;
}

/** A message as an engine received it. */
export interface Received {
  readonly side: string;
  readonly text: string;
}

export interface Demonstration {
  readonly told: Told;
  /** Resolves with what came in since it was asked last, when nothing more comes. */
  received(): Promise<readonly Received[]>;
  close(): Promise<void>;
}

/** Nothing came for so long: nothing comes. */
const QUIET_MS = 1_000;

export async function openDemonstration(): Promise<Demonstration> {
  const tool = resolve(import.meta.dirname, '../demo.ts');
  const child = spawn(process.execPath, [tool, '--no-play', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('\n')) break;
  }
  const told = JSON.parse(printed) as Told; // printed by the demonstration
  const arrived: Received[] = [];
  let last = Date.now();
  const engines = await Promise.all(
    Object.entries(told.links).map(([side, { receivingPort }]) =>
      listenAsEngine('127.0.0.1', receivingPort, (bytes) => {
        last = Date.now();
        arrived.push({ side, text: Buffer.from(bytes).toString('utf8') });
      }),
    ),
  );
  return {
    told,
    async received() {
      last = Date.now();
      while (Date.now() - last < QUIET_MS) await new Promise((wake) => setTimeout(wake, QUIET_MS / 10));
      return arrived.splice(0);
    },
    async close() {
      for (const engine of engines) engine.close();
      child.kill();
      await ended;
    },
  };
}
