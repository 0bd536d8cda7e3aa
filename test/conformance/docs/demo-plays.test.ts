/**
 * The demonstration plays a behavioural-health referral: refused, captured, sent with the notice, withdrawn, withheld; and a
 * vendor whose agreement ends between two messages.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { openDemo, type Told } from './demo.ts';

const TOOL = resolve(import.meta.dirname, '../../../tools/demo.ts');
const TITLE = 'A behavioural-health referral under 42 CFR Part 2\n';
const VENDOR_TITLE = 'A vendor whose agreement ends between two messages\n';

/** The steps of one part of what is played, without their marks; none where it is not played. */
const stepsOf = (stdout: string, title: string): readonly string[] =>
  (stdout.split(title)[1] ?? '').split('\n\n', 1).flatMap((part) => part.trimEnd().split('\n'));

test('(direct-xdm 6, 8) the demonstration shows a referral by Direct, with its notifications', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [TOOL, '--once'], { timeout: 60_000 });
  const [, shown = ''] = /begun by Direct mail\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
  expect(shown).toMatch(/mails a request to intake@direct\.riverside\.example\.org, signed and encrypted$/m);
  expect(shown).toContain('mail to the initiator: the notification processed');
  expect(shown).toContain('mail to the initiator: the notification dispatched');
  expect(shown).toContain('mail to the initiator: a package with OSU^O51 OK/IP');
  expect(shown).toMatch(/\$deliveries: received/);
}, 60_000);

test('(compliance P4, P14, C11) (baa-messaging BA4, MK1) the demonstration shows each step of both', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [TOOL, '--once'], { timeout: 60_000 });
  const [refused = '', captured = '', sent = '', withdrawn = '', withheld = '', ...more] = stepsOf(
    stdout,
    TITLE,
  );
  expect(refused).toMatch(
    /refers its patient: 422 consent-needed · part2-disclosure .* 42 CFR 2\.31\. On file: none\.$/,
  );
  expect(captured).toMatch(/in the same commit: Consent\/\S+, ServiceRequest\/\S+$/);
  expect(sent).toContain('with the notice: "This record which has been disclosed to you is protected');
  expect(withdrawn).toContain('withdraws the consent');
  expect(withheld).toContain('is withheld; what was received stays');
  expect(more).toEqual([]);

  // The last part is the vendor's: closed, open, closed again, with what each side reads and what the audit says.
  expect(stepsOf(stdout, VENDOR_TITLE)).toEqual([
    expect.stringMatching(/billing company: 403 agreement-not-active .*no business associate agreement/),
    expect.stringMatching(/sign a business associate agreement: Contract\/\S+$/),
    expect.stringContaining('is sent, and the billing company reads it: "Please bill'),
    expect.stringMatching(/the agreement ends\. May they be told\? no: the agreement is expired$/),
    expect.stringMatching(
      /second message does not leave: 403 agreement-not-active .*Renew it: Contract\/\S+$/,
    ),
    expect.stringContaining('reads of the first one now: "Content withheld: no agreement in force."'),
    expect.stringContaining('the practice reads of it: "Please bill'),
    expect.stringMatching(
      /the audit has 2 rows of the first message, as sent and as read, and 2 of tries that were refused$/,
    ),
  ]);
  expect(stdout.trimEnd().endsWith('refused')).toBe(true);
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
