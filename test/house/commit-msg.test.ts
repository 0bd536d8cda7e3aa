/** What the hook for commit messages takes, and what it refuses (CONTRIBUTING.md). */
import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOP } from './tree.ts';

/** What the hook writes about a message; empty where it takes it. */
function refusalOf(message: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-commit-'));
  const file = join(folder, 'COMMIT_EDITMSG');
  writeFileSync(file, message);
  const { status, stderr } = spawnSync('bash', [join(TOP, '.githooks/commit-msg'), file], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  expect(status).toBe(stderr === '' ? 0 : 1);
  return stderr;
}

const WHY = '\n\nIts receiver would have filed it nowhere.\n';

test.each([
  ['a subject and why', `Refuse a message without a patient${WHY}`],
  ['72 characters', `${'R'.repeat(72)}${WHY}`],
  ['a colon further on', `Answer CodeSystem/$lookup: say what is missing${WHY}`],
  ['a merge', "Merge branch 'main'"],
  ['a fixup', 'fixup! Refuse a message without a patient'],
])('%s is taken', (_what, message) => {
  expect(refusalOf(message)).toBe('');
});

test.each([
  ['no subject', `# On branch main${WHY}`, 'the first line is empty'],
  ['73 characters', `${'R'.repeat(73)}${WHY}`, 'has 73 characters'],
  ['a scope', `store: a refused member harms no other${WHY}`, 'no scope'],
  ['a full stop', `Refuse a message without a patient.${WHY}`, 'full stop'],
  ['a second line that is not empty', 'Refuse a message\nwithout a patient', 'the second line'],
  ['no body', 'Refuse a message without a patient\n', 'say why'],
  [
    'no body but what Git cuts away',
    'Refuse a message without a patient\n\n# Changes:\n# ------------------------ >8 ------------------------\ndiff --git',
    'say why',
  ],
])('%s is refused', (_what, message, why) => {
  expect(refusalOf(message)).toContain(why);
});

test('CONTRIBUTING.md gives an example that the hook takes', () => {
  const page = readFileSync(join(TOP, 'CONTRIBUTING.md'), 'utf8');
  const [, example = ''] = /Its subject says it [^`]*`([^`]+)`/.exec(page) ?? [];
  expect(refusalOf(`${example}${WHY}`)).toBe('');
});
