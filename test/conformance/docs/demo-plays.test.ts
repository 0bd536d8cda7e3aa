/** The demonstration plays a behavioural-health referral: refused, captured, sent with the notice, withdrawn, withheld. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { openDemo, type Told } from './demo.ts';

const TOOL = resolve(import.meta.dirname, '../../../tools/demo.ts');
const TITLE = 'A behavioural-health referral under 42 CFR Part 2\n';

test('(direct-xdm 6, 8) the demonstration shows a referral by Direct, with its notifications', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [TOOL, '--once'], { timeout: 60_000 });
  const [, shown = ''] = /begun by Direct mail\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
  expect(shown).toMatch(/mails a request to intake@direct\.riverside\.example\.org, signed and encrypted$/m);
  expect(shown).toContain('mail to the initiator: the notification processed');
  expect(shown).toContain('mail to the initiator: the notification dispatched');
  expect(shown).toContain('mail to the initiator: a package with OSU^O51 OK/IP');
  expect(shown).toMatch(/\$deliveries: received/);
}, 60_000);

test('(compliance P4, P14, C11) the demonstration shows each step of it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [TOOL, '--once'], { timeout: 60_000 });
  const [refused = '', captured = '', sent = '', withdrawn = '', withheld = '', ...more] = (
    stdout.split(TITLE)[1] ?? ''
  ).split('\n');
  expect(refused).toMatch(
    /refers its patient: 422 consent-needed · part2-disclosure .* 42 CFR 2\.31\. On file: none\.$/,
  );
  expect(captured).toMatch(/in the same commit: Consent\/\S+, ServiceRequest\/\S+$/);
  expect(sent).toContain('with the notice: "This record which has been disclosed to you is protected');
  expect(withdrawn).toContain('withdraws the consent');
  expect(withheld).toContain('is withheld; what was received stays');
  expect(more.join('')).toBe('');
}, 60_000);

test('(issue 14.9) with --json a program reads one line, whatever was played before', async () => {
  const demo = await openDemo('--play');
  expect(demo.told).toMatchObject({ direct: { addresses: {}, certificates: {} } });
  const text: unknown = expect.stringMatching(/./);
  const user = { username: text, password: text, totpSecret: expect.stringMatching(/^[A-Z2-7]{32}$/) };
  const { users, smart } = demo.told as Told & Readonly<Record<'users' | 'smart', unknown>>;
  expect(users).toEqual([
    { ...user, side: 'initiator', role: 'coordinator' },
    { ...user, side: 'recipient', role: 'coordinator' },
    { ...user, side: 'administrator', role: 'sys-admin' },
  ]);
  expect(smart).toEqual({
    issuer: `${new URL(demo.told.base).origin}/auth`,
    clients: {
      public: { client_id: text, redirect_uris: expect.arrayContaining([text]) },
      backend: { client_id: text, privateKeyJwk: expect.objectContaining({ kty: 'EC', d: text }) },
    },
  });
  await demo.close();
}, 60_000);
