/** A page whose blocks a shell pastes one after the other against the demonstration, and whose answers are held against it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDemo, type Demo } from './demo.ts';
import { faults, readAnswer, readExamples, type Bound, type Shown } from './example.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const index = readFileSync(join(ROOT, 'docs/interactions/README.md'), 'utf8');
const [, preamble = ''] = /```sh\n(json\(\)[\s\S]*?)```/.exec(index) ?? [];
const BREAK = '=== the next block';

/** The text of a page below docs/how-to. */
export const readPage = (name: string): string => readFileSync(join(ROOT, 'docs/how-to', name), 'utf8');

/**
 * Defines the tests of a page: every block runs, and every answer that it shows is one that came.
 *
 * @param flags of the demonstration
 * @returns what each block printed, once the blocks have run
 */
export function testSession(page: string, flags: readonly string[] = []): () => readonly string[] {
  const examples = readExamples(page);
  const bound: Bound = new Map();
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-session-'));
  let demo: Demo;
  let printed: readonly string[] = [];
  beforeAll(async () => {
    demo = await openDemo(...flags);
    writeFileSync(join(folder, 'demo.json'), JSON.stringify(demo.told));
    const blocks = examples.map(({ script }) => `printf '\n%s\n' '${BREAK}'\n${script}`);
    const script = `set -u\n${preamble}\n${blocks.join('\n')}`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder, timeout: 60_000 });
    printed = stdout.split(`${BREAK}\n`).slice(1);
  }, 60_000);
  afterAll(async () => {
    await demo.close();
    rmSync(folder, { recursive: true });
  });

  test('every block ran', () => expect(printed).toHaveLength(examples.length));

  const shown = examples.flatMap(({ title, answer }, at): [string, number, Shown][] =>
    answer === undefined ? [] : [[title, at, answer]],
  );
  test.each(shown)('%s', (_title, at, answer) => {
    expect(faults(answer, readAnswer(printed[at] ?? ''), bound)).toEqual([]);
  });
  return () => printed;
}
