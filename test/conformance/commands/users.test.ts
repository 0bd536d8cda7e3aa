/** `npm run admin -- users` and the first start, as an operator meets them (identity ID-13, ID-14, ID-16). */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { administerUsers } from '../../../tools/admin/users.ts';
import { Trouble, UsageError } from '../../../tools/command.ts';
import { childEnv } from '../../child-env.ts';
import { openServerWith, type TestServer } from '../../server.ts';

const ROOT = join(import.meta.dirname, '../../..');
const folders: string[] = [];
const newFolder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'closeloop-users-'));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true });
});

const BASE = 'https://referrals.example.org/fhir';

interface Given {
  readonly organization?: string;
  readonly roles?: string;
  readonly name?: string;
  readonly link?: string;
}

/** Runs the command on a folder; what it prints. */
async function users(folder: string, words: string, given: Given = {}): Promise<string> {
  const lines: string[] = [];
  const config = readConfig(['--data-dir', folder, '--public-base-url', BASE], {}, 'command');
  const { organization, roles, name, link } = given;
  const print = (line: string) => void lines.push(line);
  await administerUsers({ words: words.split(' '), organization, roles, name, link, config, print });
  return lines.join('\n');
}

describe('npm run admin -- users', () => {
  let folder = '';
  beforeAll(async () => {
    folder = newFolder();
    // A server was there, with an organization that is a member.
    const first: TestServer = await openServerWith({ folder, organizations: ['elm'] });
    await first.ask('administrator', 'PUT', 'Organization/elm', {
      resourceType: 'Organization',
      id: 'elm',
      name: 'Elm',
    });
    await first.ask('administrator', 'POST', 'Organization/elm/$admit');
    await first.close();
  });

  const elm = { organization: 'Organization/elm' } as const;

  test('(identity ID-16) the first administrator gets a link and a code, and there is one', async () => {
    const printed = await users(folder, 'create-first ann@example.org', { name: 'Ann' });
    expect(printed).toMatch(/https:\/\/referrals\.example\.org\/auth\/invitation\/[\w-]{43}\n/);
    expect(printed).toMatch(/code: [A-Z2-9]{8}/);
    await expect(users(folder, 'create-first ann@example.org')).rejects.toThrow(Trouble);
  });

  test('(identity ID-13, ID-14) a person is invited, gets and loses roles, and ends', async () => {
    const login = 'ben@example.org';
    expect(await users(folder, `invite ${login}`, { ...elm, roles: 'coordinator', name: 'Ben' })).toContain(
      '/invitation/',
    );
    expect(await users(folder, `role add ${login} front-desk`, elm)).toContain('coordinator front-desk');
    expect(await users(folder, `role remove ${login} coordinator`, elm)).toContain(
      'Organization/elm: front-desk',
    );
    expect(await users(folder, 'review', elm)).toMatch(
      /ben@example\.org,Ben,invited,Organization\/elm,front-desk,/,
    );
    expect(await users(folder, `invite-again ${login}`)).toContain('/invitation/');
    await expect(users(folder, `reactivate ${login}`)).rejects.toThrow(/account-state/);
    expect(await users(folder, `deactivate ${login}`)).toContain('is deactivated');
    expect(await users(folder, 'list', elm)).toMatch(/ben@example\.org {2}Ben {2}deactivated$/m);
    await expect(users(folder, `invite ${login}`, { ...elm, roles: 'biller' })).rejects.toThrow(
      /login-taken/,
    );
  });

  test('(identity ID-14) a link without a public address is at the address of the server itself', async () => {
    const lines: string[] = [];
    const config = readConfig(['--data-dir', folder, '--port', '8181'], {}, 'command');
    const person = { ...elm, roles: 'coordinator', name: 'Dan', link: undefined };
    const print = (line: string) => void lines.push(line);
    await administerUsers({ words: ['invite', 'dan@example.org'], ...person, config, print });
    expect(lines.join('')).toContain('  http://127.0.0.1:8181/auth/invitation/');
  });

  test('(identity ID-6) administrators of the installation are made and unmade', async () => {
    await users(folder, 'invite second@example.org');
    expect(await users(folder, 'list')).toMatch(/second@example\.org.*sys-admin/);
    await users(folder, 'role remove second@example.org sys-admin');
    expect(await users(folder, 'list')).not.toMatch(/second@example\.org.*sys-admin/);
  });

  test.each<[string, Given]>([
    ['', {}],
    ['promote ann@example.org', {}],
    ['suspend', {}],
    ['list all', {}],
    ['role add ann@example.org king', elm],
    ['role add ann@example.org clinician', {}],
    ['invite x@example.org', { roles: 'clinician' }],
    ['list', { organization: 'elm' }],
  ])('%j %j is called wrongly', async (words, given) => {
    await expect(users(folder, words, given)).rejects.toThrow(UsageError);
  });

  test('somebody who has no account is named', async () => {
    await expect(users(folder, 'suspend nobody@example.org')).rejects.toThrow(
      /nobody@example\.org has no account/,
    );
  });
});

describe('the first start of a real installation', () => {
  test('(identity ID-16) prints a link on the console, and never into the log', async () => {
    const folder = newFolder();
    const argv = ['--port', '0', '--data-dir', folder, '--public-base-url', 'https://x.example.org/fhir'];
    const child = spawn(process.execPath, [join(ROOT, 'src/server/begin.ts'), ...argv], {
      env: { ...childEnv(), XDG_STATE_HOME: newFolder() },
    });
    let out = '';
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
        if (out.includes('code: ')) resolve();
      });
      child.on('exit', () => resolve());
    });
    child.kill('SIGTERM');
    await new Promise((resolve) => child.on('exit', resolve));
    expect(out).toMatch(/https:\/\/x\.example\.org\/auth\/invitation\/[\w-]{43}/);
    expect(log).not.toContain('/invitation/');
  });
});
