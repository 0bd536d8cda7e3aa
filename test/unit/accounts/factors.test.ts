/** Factors: what proves who somebody is, once, and what is enrolled, renamed and removed. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findAccount, membershipWrite } from '../../../src/accounts/accounts.ts';
import {
  credentialsOf,
  credentialWrite,
  ofKind,
  passkeysElsewhere,
  type PasswordCredential,
} from '../../../src/accounts/credentials.ts';
import { createSessions } from '../../../src/accounts/sessions.ts';
import { isPasskeyDomain } from '../../../src/accounts/passkeys.ts';
import { breachMark } from '../../../src/accounts/proving.ts';
import { ACCOUNT_STATES, type AccountState } from '../../../src/identity/account.ts';
import { decodeBase32 } from '../../../src/identity/base32.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { write } from '../../contract/store-world.ts';
import { createSoftwareAuthenticator, type Lies } from '../../software-authenticator.ts';
import { BY } from './identity-world.ts';
import { from, openFactorWorld, ORIGIN, PASSWORD, type FactorWorld } from './factor-world.ts';

const HERE = from('192.0.2.1');
const LOGIN = 'ann@clinic.example';

let world: FactorWorld;
beforeEach(async () => {
  world = await openFactorWorld();
});
afterEach(() => world.end());

const codeOf = async (
  answer: Promise<{ readonly ok: boolean } | { readonly ok: false; readonly code: string }>,
) => {
  const given = await answer;
  return 'code' in given ? given.code : given.ok;
};
const tryPassword = (password: string, login = LOGIN) =>
  codeOf(world.factors.password({ login, password }, HERE));

const enrolPasskey = async (
  authenticator = createSoftwareAuthenticator({ origin: ORIGIN }),
  lies: Lies = {},
) => {
  const answer = authenticator.register(await world.factors.askNewPasskey('ann', 'browser'), lies);
  return {
    authenticator,
    answer,
    kept: await codeOf(world.factors.keepPasskey('ann', 'browser', answer, HERE)),
  };
};
const provePasskey = (answer: string, browser = 'browser') => world.factors.passkey(browser, answer, HERE);
const askPasskey = () => world.factors.askPasskey('browser');

describe('a password', () => {
  test('(identity ID-22) proves who somebody is, however it was composed', async () => {
    await world.account('ann');
    await world.factors.setPassword('ann', 'Äpfel essen wir gern', HERE);
    for (const typed of ['Äpfel essen wir gern', 'A\u0308pfel essen wir gern'])
      expect(await world.factors.password({ login: 'ANN@clinic.example', password: typed }, HERE)).toEqual({
        ok: true,
        account: 'ann',
        ways: ['pwd'],
      });
    expect(await tryPassword('Apfel essen wir gern')).toBe('login-wrong');
  });

  test('(identity ID-20) unknown, without a password and wrong are told the same, for the same work', async () => {
    await world.person('ann');
    await world.account('bob');
    const tries = [LOGIN, 'bob@clinic.example', 'nobody@clinic.example', 'no address'];
    for (const login of tries) expect(await tryPassword('wrong', login)).toBe('login-wrong');
    expect(world.hashes()).toBe(4);
  });

  test.each(Object.keys(ACCOUNT_STATES) as AccountState[])(
    '(identity ID-13, ID-20) of an account that is %s',
    async (state) => {
      await world.account('ann', state);
      await world.put(
        credentialWrite(
          'p',
          {
            kind: 'password',
            account: 'ann',
            addedAt: 0,
            phc: (await world.parts.hashing.hash(PASSWORD)) as string,
          },
          'absent',
        ),
      );
      const logsIn = ACCOUNT_STATES[state].login !== 'refused';
      expect(await tryPassword(PASSWORD)).toBe(logsIn ? true : 'login-wrong');
    },
  );

  test('(identity ID-23) is refused with a reason and an example that is taken', async () => {
    await world.account('ann');
    const answer = await world.factors.setPassword('ann', 'closeloop2026', HERE);
    expect(answer).toMatchObject({ ok: false, code: 'password-refused' });
    const says = 'says' in answer ? (answer.says ?? '') : '';
    expect(says).toContain('belongs to you');
    expect(await codeOf(world.factors.setPassword('ann', says.split('For example: ')[1] ?? '', HERE))).toBe(
      true,
    );
    const breached = world.having({ isBreached: async (sha1) => sha1 === breachMark(PASSWORD) });
    expect(await codeOf(breached.setPassword('ann', PASSWORD, HERE))).toBe('password-refused');
  });

  test('(identity ID-23) the name of an organization makes none', async () => {
    await world.account('ann');
    const member = {
      account: 'ann',
      organization: 'Organization/n',
      roles: ['clinician'],
      rolesSince: {},
      status: 'active',
    } as const;
    const organization = { resourceType: 'Organization', name: 'Northbrook Clinic' };
    const text = { pieces: [JSON.stringify(organization)], holes: [] };
    await world.store.commit(
      auditedCommit([jobEntry('test')], {
        writes: [write('Organization/n', { text })],
        records: [membershipWrite(member, 'absent')],
      }),
    );
    const answer = await world.factors.setPassword('ann', 'Northbrook-7!', HERE);
    expect('says' in answer ? answer.says : '').toContain('belongs to you');
  });

  test('(identity ID-24) found in a new list of breaches, it is to be changed; it is not found again', async () => {
    await world.person('ann');
    const asked = { login: LOGIN, password: PASSWORD };
    const listed = world.having({ isBreached: async () => true });
    expect(await listed.password(asked, HERE)).toMatchObject({ ok: true, mustChange: 'breached' });
    expect(await world.factors.password(asked, HERE)).toMatchObject({ ok: true, mustChange: 'breached' });
    await world.factors.setPassword('ann', `${PASSWORD} 2`, HERE);
    expect(await world.factors.password({ login: LOGIN, password: `${PASSWORD} 2` }, HERE)).toEqual({
      ok: true,
      account: 'ann',
      ways: ['pwd'],
    });
  });

  test('(identity ID-24) a new one ends the other sessions, not the one in which it was set', async () => {
    await world.person('ann');
    const sessions = createSessions({ ...world, settings: { sessionIdleMs: 900_000 } });
    const open = () => sessions.open({ session: { account: 'ann' }, ways: ['pwd', 'otp'] }, BY);
    const [own, other] = [await open(), await open()];
    const attempt = { ...HERE, session: own?.id };
    expect(await codeOf(world.factors.setPassword('ann', `${PASSWORD} 2`, attempt))).toBe(true);
    expect(await sessions.get(own?.id ?? '')).toBeDefined();
    expect(await sessions.get(other?.id ?? '')).toBeUndefined();
  });

  test('(identity ID-25) is hashed anew when the parameters have risen', async () => {
    const real = await openFactorWorld(true);
    await real.account('ann');
    await real.factors.setPassword('ann', PASSWORD, HERE);
    const kept = async () => ofKind(await credentialsOf(real.store.snapshot(), 'ann'), 'password')[0];
    const strong = await kept();
    const { hashPassword } = await import('../../../src/identity/password-hash.ts');
    const phc = await hashPassword(PASSWORD, real.random, { memory: 64, passes: 1, parallelism: 1 });
    const weak: PasswordCredential = { kind: 'password', account: 'ann', addedAt: 0, phc };
    await real.put(credentialWrite(strong?.key ?? '', weak, 'any'));
    expect(await codeOf(real.factors.password({ login: LOGIN, password: PASSWORD }, HERE))).toBe(true);
    expect((await kept())?.phc).toContain('m=19456,t=2,p=1');
    expect(await codeOf(real.factors.password({ login: LOGIN, password: PASSWORD }, HERE))).toBe(true);
    await real.end();
  });
});

describe('a one-time password', () => {
  test('(identity ID-30) counts once, also for those who try it at the same moment', async () => {
    const secret = await world.person('ann');
    const code = world.code(secret);
    const tries = await Promise.all(
      Array.from({ length: 8 }, () => codeOf(world.factors.totp('ann', code, HERE))),
    );
    expect(tries.filter((one) => one === true)).toHaveLength(1);
    expect(await codeOf(world.factors.totp('ann', code, HERE))).not.toBe(true);
  });

  test('(identity ID-30) counts once on two nodes', async () => {
    const secret = await world.person('ann');
    const { createThrottling } = await import('../../../src/accounts/throttling.ts');
    const node = () => world.having({ throttling: createThrottling({ ...world, alarm: () => undefined }) });
    const tries = await Promise.all(
      [node(), node()].map((one) => codeOf(one.totp('ann', world.code(secret), HERE))),
    );
    expect(tries.filter((one) => one === true)).toHaveLength(1);
  });

  test('(identity ID-31, ID-54) its secret is shown until it counts, and lies sealed', async () => {
    await world.account('ann');
    const begun = await world.factors.beginTotp('ann', 'browser');
    expect(await world.factors.beginTotp('ann', 'browser')).toEqual(begun);
    expect(await world.factors.beginTotp('ann', 'another')).not.toEqual(begun);
    const secret = decodeBase32(begun?.secret ?? '') ?? Buffer.alloc(0);
    expect(secret).toHaveLength(20);
    const confirm = (...codes: [string, string]) =>
      codeOf(world.factors.confirmTotp('ann', 'browser', codes, HERE));
    expect(await confirm(world.code(secret), world.code(secret))).toBe('codes-wrong');
    expect(await confirm(world.code(secret, -1), world.code(secret))).toBe(true);
    expect(await confirm(world.code(secret, -1), world.code(secret))).toBe('unavailable');
    const kept = await credentialsOf(world.store.snapshot(), 'ann');
    expect(JSON.stringify(kept)).not.toContain(begun?.secret);
    expect(JSON.stringify(await world.rows())).not.toContain(begun?.secret);
    expect(await world.factors.beginTotp('ann', 'browser')).not.toEqual(begun);
  });

  test('(identity ID-30) the codes that enrolled do not log in', async () => {
    await world.account('ann');
    const begun = await world.factors.beginTotp('ann', 'browser');
    const secret = decodeBase32(begun?.secret ?? '') ?? Buffer.alloc(0);
    await world.factors.confirmTotp('ann', 'browser', [world.code(secret, -1), world.code(secret)], HERE);
    expect(await codeOf(world.factors.totp('ann', world.code(secret), HERE))).toBe('code-wrong');
    expect(await codeOf(world.factors.totp('ann', world.code(secret, 1), HERE))).toBe(true);
  });

  test('(identity ID-54) without the key of the store passwords work, one-time passwords do not', async () => {
    const secret = await world.person('ann');
    const keyless = world.having({ seal: async () => undefined });
    expect(await codeOf(keyless.password({ login: LOGIN, password: PASSWORD }, HERE))).toBe(true);
    expect(await codeOf(keyless.totp('ann', world.code(secret), HERE))).toBe('unavailable');
    expect(await keyless.beginTotp('ann', 'browser')).toBeUndefined();
  });
});

describe('recovery codes', () => {
  test('(identity ID-32) are ten of 80 bits, each counts once, and only their hashes are kept', async () => {
    await world.person('ann');
    const codes = await world.factors.makeRecoveryCodes('ann', HERE);
    expect(codes).toHaveLength(10);
    expect(codes.filter((code) => /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/.test(code))).toHaveLength(10);
    const [first = '', second = ''] = codes;
    const tries = await Promise.all(
      Array.from({ length: 4 }, () => codeOf(world.factors.recoveryCode('ann', first, HERE))),
    );
    expect(tries.filter((one) => one === true)).toHaveLength(1);
    world.clock.at += 3_600_000;
    expect(
      await world.factors.recoveryCode('ann', second.toLowerCase().replaceAll('-', ' '), HERE),
    ).toMatchObject({
      ok: true,
      codesLeft: 8,
    });
    const kept = JSON.stringify(await credentialsOf(world.store.snapshot(), 'ann'));
    expect(codes.filter((code) => kept.includes(code) || kept.includes(code.replaceAll('-', '')))).toEqual(
      [],
    );
  });

  test('(identity ID-32) new ones end those before, and others are none', async () => {
    await world.person('ann');
    const [old = ''] = await world.factors.makeRecoveryCodes('ann', HERE);
    const [fresh = ''] = await world.factors.makeRecoveryCodes('ann', HERE);
    expect(await codeOf(world.factors.recoveryCode('ann', old, HERE))).toBe('code-wrong');
    expect(await codeOf(world.factors.recoveryCode('ann', '', HERE))).toBe('code-wrong');
    expect(await codeOf(world.factors.recoveryCode('ann', fresh, HERE))).toBe(true);
  });
});

describe('a passkey', () => {
  test.each([
    ['one device', false, ['hwk', 'user']],
    ['several devices', true, ['swk', 'user']],
  ])('(identity ID-28) of %s proves by itself who somebody is', async (_name, synced, ways) => {
    await world.account('ann');
    const { authenticator, kept } = await enrolPasskey(
      createSoftwareAuthenticator({ origin: ORIGIN, synced }),
    );
    expect(kept).toBe(true);
    expect(await provePasskey(authenticator.authenticate(await askPasskey()))).toEqual({
      ok: true,
      account: 'ann',
      ways,
    });
  });

  test.each<[string, Lies]>([
    ['another origin', { origin: 'https://clinic.example' }],
    ['another domain', { domain: 'clinic.other' }],
    ['another challenge', { challenge: Buffer.alloc(54).toString('base64url') }],
    ['nobody verified', { verified: false }],
  ])('(identity ID-29) with %s makes nothing and proves nothing', async (_name, lies) => {
    await world.account('ann');
    expect((await enrolPasskey(undefined, lies)).kept).toBe('passkey-wrong');
    const { authenticator } = await enrolPasskey();
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey(), lies)))).toBe(
      'passkey-wrong',
    );
  });

  test('(identity ID-29) another person’s handle, another browser, a login for an enrolment: nothing', async () => {
    await world.account('ann');
    const { authenticator } = await enrolPasskey();
    const other = authenticator.authenticate(await askPasskey(), { userHandle: 'AAAA' });
    expect(await codeOf(provePasskey(other))).toBe('passkey-wrong');
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey()), 'another'))).toBe(
      'passkey-wrong',
    );
    const forEnrolment = await world.factors.askNewPasskey('ann', 'browser');
    const misused = authenticator.authenticate({ ...forEnrolment, rpId: 'clinic.example' });
    expect(await codeOf(provePasskey(misused))).toBe('passkey-wrong');
    expect(await codeOf(provePasskey('{"id":"x"}'))).toBe('passkey-wrong');
    expect(await codeOf(provePasskey('no json'))).toBe('passkey-wrong');
  });

  test('(identity ID-29) an answer counts once, and for five minutes', async () => {
    await world.account('ann');
    const { authenticator } = await enrolPasskey(
      createSoftwareAuthenticator({ origin: ORIGIN, counts: false }),
    );
    const answer = authenticator.authenticate(await askPasskey());
    const tries = await Promise.all(Array.from({ length: 4 }, () => codeOf(provePasskey(answer))));
    expect(tries.filter((one) => one === true)).toHaveLength(1);
    const late = authenticator.authenticate(await askPasskey());
    world.clock.at += 5 * 60_000 + 1;
    expect(await codeOf(provePasskey(late))).toBe('passkey-wrong');
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey())))).toBe(true);
  });

  test('(identity ID-29) whose counter goes back is suspended; one that never counts is not', async () => {
    await world.account('ann');
    const { authenticator } = await enrolPasskey();
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey())))).toBe(true);
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey())))).toBe(true);
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey(), { counter: 2 })))).toBe(
      'passkey-wrong',
    );
    world.clock.at += 3_600_000;
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey())))).toBe('passkey-wrong');
    expect(await world.events()).toContain('lockout');
    expect(await world.factors.held('ann')).toMatchObject({ passkeys: 0, list: [{ suspended: true }] });
  });

  test('(identity ID-41) cannot be closed by whoever sends wrong answers for it', async () => {
    await world.account('ann');
    const { authenticator } = await enrolPasskey();
    for (let i = 0; i < 110; i += 1) {
      const wrong = authenticator.authenticate(await askPasskey(), { origin: 'https://evil.example' });
      const answer = await codeOf(world.factors.passkey('browser', wrong, from(`203.0.${i}.1`)));
      expect(answer).toBe('passkey-wrong');
    }
    expect(await codeOf(provePasskey(authenticator.authenticate(await askPasskey())))).toBe(true);
  });

  test('(identity ID-29) is made once, and offers no second to the same authenticator', async () => {
    await world.account('ann');
    const { answer } = await enrolPasskey();
    expect(await codeOf(world.factors.keepPasskey('ann', 'browser', answer, HERE))).toBe('changed-meanwhile');
    const options = (await world.factors.askNewPasskey('ann', 'browser')) as {
      excludeCredentials: { id: string }[];
      pubKeyCredParams: { alg: number }[];
      authenticatorSelection: object;
    };
    expect(options.excludeCredentials.map(({ id }) => id)).toEqual([
      (JSON.parse(answer) as { id: string }).id,
    ]);
    expect(options.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-8, -7, -257]);
    expect(options.authenticatorSelection).toMatchObject({
      userVerification: 'required',
      residentKey: 'required',
    });
  });

  test('(identity ID-29) made for another domain is counted, and shown as not working', async () => {
    await world.account('ann');
    await enrolPasskey();
    expect(await passkeysElsewhere(world.store.snapshot(), 'clinic.example')).toBe(0);
    expect(await passkeysElsewhere(world.store.snapshot(), 'other.example')).toBe(1);
    const moved = world.having({
      site: { domain: 'other.example', origin: 'https://other.example', name: 'C' },
    });
    expect(await moved.held('ann')).toMatchObject({ passkeys: 0, list: [{ suspended: true }] });
  });

  test.each([
    ['refer.clinic.example', ORIGIN, true],
    ['clinic.example', ORIGIN, true],
    ['example', ORIGIN, false],
    ['linic.example', ORIGIN, false],
    ['other.example', ORIGIN, false],
    ['localhost', 'http://localhost:8080', true],
    ['127.0.0.1', 'http://127.0.0.1:8080', false],
    ['[::1]', 'http://[::1]:8080', false],
  ])('(identity ID-29) the domain %s for %s: %s', (domain, origin, fits) => {
    expect(isPasskeyDomain(domain, origin)).toBe(fits);
  });
});

describe('the factors of an account', () => {
  test('(identity ID-13, ID-27) the last one of an enrolment makes it active, in the same commit', async () => {
    await world.account('ann', 'enrolling');
    await world.factors.setPassword('ann', PASSWORD, HERE);
    const state = async () => (await findAccount(world.store.snapshot(), 'ann'))?.state;
    expect(await state()).toBe('enrolling');
    const begun = await world.factors.beginTotp('ann', 'browser');
    const secret = decodeBase32(begun?.secret ?? '') ?? Buffer.alloc(0);
    await world.factors.confirmTotp('ann', 'browser', [world.code(secret, -1), world.code(secret)], HERE);
    expect(await state()).toBe('active');
    expect((await world.events()).slice(-2)).toEqual(['factor-enrolled', 'account-changed']);
  });

  test('(identity ID-34) the last way in cannot be removed; one too many can', async () => {
    await world.person('ann');
    const { list } = await world.factors.held('ann');
    expect(Object.fromEntries(list.map(({ kind, removable }) => [kind, removable]))).toEqual({
      password: false,
      totp: false,
    });
    for (const { id } of list)
      expect(await codeOf(world.factors.remove('ann', id, HERE))).toBe('last-factor');
    const authenticator = createSoftwareAuthenticator({ origin: ORIGIN });
    const answer = authenticator.register(await world.factors.askNewPasskey('ann', 'browser'));
    await world.factors.keepPasskey('ann', 'browser', answer, HERE);
    const removed = await Promise.all(list.map(({ id }) => codeOf(world.factors.remove('ann', id, HERE))));
    expect(removed).toContain(true);
    const rest = (await world.factors.held('ann')).list.filter(({ kind }) => kind === 'passkey');
    expect(await codeOf(world.factors.remove('ann', rest[0]?.id ?? '', HERE))).toBe('last-factor');
  });

  test('(identity ID-34) two removals at once leave a way in', async () => {
    await world.account('ann');
    for (let i = 0; i < 2; i += 1) {
      const authenticator = createSoftwareAuthenticator({ origin: ORIGIN });
      const answer = authenticator.register(await world.factors.askNewPasskey('ann', 'browser'));
      await world.factors.keepPasskey('ann', 'browser', answer, HERE);
    }
    const { list } = await world.factors.held('ann');
    const removed = await Promise.all(list.map(({ id }) => codeOf(world.factors.remove('ann', id, HERE))));
    expect(removed.filter((one) => one === true)).toHaveLength(1);
    expect((await world.factors.held('ann')).passkeys).toBe(1);
  });

  test('(identity ID-34) have names, and nobody else’s can be named or removed', async () => {
    await world.person('ann');
    await world.person('bob');
    const [one] = (await world.factors.held('ann')).list;
    const named = { key: one?.id ?? '', label: ' my phone ' };
    expect(await codeOf(world.factors.rename('ann', named, HERE))).toBe(true);
    expect((await world.factors.held('ann')).list.map(({ label }) => label)).toContain('my phone');
    expect(await codeOf(world.factors.rename('bob', named, HERE))).toBe('factor-unknown');
    expect(await codeOf(world.factors.remove('bob', named.key, HERE))).toBe('factor-unknown');
  });
});
