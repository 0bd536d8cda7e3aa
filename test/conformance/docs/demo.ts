/** The demonstration as a reader starts it, `npm run demo -- --no-play --json`, for tests of the pages. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** What the demonstration prints as JSON. */
export interface Told {
  readonly base: string;
  readonly tokens: Readonly<Record<string, string>>;
}

export interface Demo {
  readonly told: Told;
  close(): Promise<void>;
}

const TOOL = resolve(import.meta.dirname, '../../../tools/demo.ts');

export async function openDemo(...flags: readonly string[]): Promise<Demo> {
  const child = spawn(process.execPath, [TOOL, '--no-play', '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return {
    told: JSON.parse(text) as Told, // printed by the demonstration
    async close() {
      child.kill();
      await ended;
    },
  };
}
