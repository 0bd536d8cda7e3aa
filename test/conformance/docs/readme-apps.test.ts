/** The apps of the README: what a reader saves is run as it stands, by a browser and by Node. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import { openAppWorld, sendReferral } from '../status-app/world.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-app-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The block of the chapter in this language. */
function blockIn(language: string): string {
  const [, chapter = ''] = /## Sign in an app of your own\n([\s\S]*?)\n## /.exec(README) ?? [];
  return new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(chapter)?.[1] ?? '';
}

test('(issue 14, smart 8) the service of the README signs in with its key, and reads how referrals stand', async () => {
  const world = await openAppWorld('server');
  try {
    const task = await sendReferral(world);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'demo.json'), JSON.stringify({ base: world.base, smart: world.smart }));
    writeFileSync(join(folder, 'service.mjs'), blockIn('js'));
    const { stdout } = await promisify(execFile)(process.execPath, ['service.mjs'], { cwd: folder });
    expect(stdout).toBe(`${task} received\n`);
  } finally {
    await world.close();
  }
}, 60_000);

test('(issue 14) the page of the README is ten lines', () => {
  expect(blockIn('html').trimEnd().split('\n').length).toBeLessThanOrEqual(10);
});
