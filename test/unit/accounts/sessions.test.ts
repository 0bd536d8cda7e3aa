/** Sessions in the store: their cookies, their ends, and what ends with them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDevices, DEVICE_MS } from '../../../src/accounts/devices.ts';
import { bearerHash } from '../../../src/accounts/changes.ts';
import { createSessions, type FoundSession, type Sessions } from '../../../src/accounts/sessions.ts';
import { createTabs } from '../../../src/accounts/tabs.ts';
import { ACR } from '../../../src/identity/assurance.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import type { RecordWrite } from '../../../src/ports/record.ts';
import { BY, openIdentityWorld, type IdentityWorld } from './identity-world.ts';

const MINUTE = 60_000;
const IDLE = 15 * MINUTE;

let world: IdentityWorld;
let sessions: Sessions;

beforeEach(async () => {
  world = await openIdentityWorld();
  sessions = createSessions({ ...world, settings: { sessionIdleMs: IDLE } });
});
afterEach(() => world.end());

const open = (account = 'a', more: Parameters<Sessions['open']>[0]['session'] | object = {}) =>
  began(sessions.open({ session: { account, ...more }, ways: ['pwd', 'otp'] }, BY));
const began = async <T>(opening: Promise<T | undefined>): Promise<T> => {
  const one = await opening;
  if (one === undefined) throw new Error('no session began');
  return one;
};
const bound = ({ id }: { readonly id: string }, key: string): RecordWrite => ({
  kind: 'access-token',
  key,
  expect: 'absent',
  body: {},
  index: [['session', id]],
});
const put = (...records: RecordWrite[]) => world.store.commit(auditedCommit([jobEntry('test')], { records }));

describe('a session in the store', () => {
  test('is found by its cookie and by its public id, and is of class mfa', async () => {
    const { id, cookie } = await open();
    const one = await sessions.find(cookie);
    expect(one).toEqual(await sessions.get(id));
    expect(one).toMatchObject({ id, state: 'live', session: { account: 'a', acr: ACR.mfa } });
    expect(await sessions.find(id)).toBeUndefined();
    expect(await sessions.get(cookie)).toBeUndefined();
    expect(await world.events()).toEqual(['login']);
  });

  test('(identity ID-38, ID-54) the value of the cookie is kept nowhere', async () => {
    const { id, cookie } = await open();
    const record = await world.store.snapshot().record('session', id);
    expect(JSON.stringify(record)).not.toContain(cookie);
    expect(JSON.stringify(record)).toContain(bearerHash(cookie));
    expect(Buffer.from(cookie, 'base64url')).toHaveLength(32);
    expect(JSON.stringify(await world.rows())).not.toContain(cookie);
  });

  test.each<[string, (id: string) => Promise<{ readonly cookie: string } | undefined>]>([
    ['step-up', (id) => sessions.stepUp(id, ['pwd', 'otp'], BY)],
    ['unlocking', (id) => sessions.unlock(id, ['pwd'], BY)],
  ])('(identity ID-38) after %s it has another cookie and the same id', async (_name, change) => {
    const { id, cookie } = await open();
    const changed = await change(id);
    expect(changed?.cookie).not.toBe(cookie);
    expect(await sessions.find(cookie)).toBeUndefined();
    expect((await sessions.find(changed?.cookie ?? ''))?.id).toBe(id);
  });

  test('(identity ID-37) nobody uses it for 15 minutes: it locks, and use alone does not unlock it', async () => {
    const { id } = await open();
    world.clock.at += IDLE;
    expect(await sessions.touch(id, BY)).toBe('locked');
    expect(await sessions.touch(id, BY)).toBe('locked');
    expect((await sessions.get(id))?.session.lockedAt).toBe(world.clock.at);
    expect(await sessions.unlock(id, [], BY)).toBeUndefined();
    expect(await sessions.unlock(id, ['pwd'], BY)).toMatchObject({ id });
    expect((await sessions.get(id))?.state).toBe('live');
    expect(await world.events()).toEqual(['login', 'session-changed', 'session-changed', 'job']);
  });

  test('(identity ID-37) a whole login opens a locked one', async () => {
    const { id } = await open();
    world.clock.at += IDLE;
    expect(await sessions.touch(id, BY)).toBe('locked');
    expect(await sessions.stepUp(id, ['pwd', 'otp'], BY)).toMatchObject({ id });
    expect((await sessions.get(id))?.state).toBe('live');
  });

  test('(identity ID-36, ID-55) use keeps it, and is written once a minute at most', async () => {
    const { id } = await open();
    for (let second = 0; second < 30 * 60; second += 20) {
      world.clock.at += 20_000;
      expect(await sessions.touch(id, BY)).toBe('live');
    }
    const written = (await world.events()).filter((event) => event === 'job');
    expect(written.length).toBeGreaterThan(25);
    expect(written.length).toBeLessThanOrEqual(30);
    const afterRestart = createSessions({ ...world, settings: { sessionIdleMs: IDLE } });
    const lastUsed = (await afterRestart.get(id))?.lastUsedAt ?? 0;
    expect(world.clock.at - lastUsed).toBeLessThanOrEqual(MINUTE);
  });

  test('(identity ID-55) many sessions of one minute are written together', async () => {
    const opened = await Promise.all(Array.from({ length: 50 }, (_, i) => open(`account-${i}`)));
    world.clock.at += MINUTE - 1;
    for (const { id } of opened) await sessions.touch(id, BY);
    world.clock.at += 1;
    await sessions.touch(opened[0]?.id ?? '', BY);
    expect((await world.events()).filter((event) => event === 'job')).toHaveLength(1);
  });

  test('(identity ID-36) used always, it ends after 12 hours', async () => {
    const { id, cookie } = await open();
    for (let minute = 0; minute < 12 * 60; minute += 10) {
      expect(await sessions.touch(id, BY)).toBe('live');
      world.clock.at += 10 * MINUTE;
    }
    expect(await sessions.find(cookie)).toBeUndefined();
    expect(await sessions.unlock(id, ['hwk'], BY)).toBeUndefined();
    expect(await sessions.stepUp(id, ['hwk'], BY)).toBeUndefined();
  });

  test('(identity 7.3) one factor is no step-up; two are, and the login is young again', async () => {
    const { id } = await open();
    world.clock.at += 10 * MINUTE;
    expect(await sessions.stepUp(id, ['pwd'], BY)).toBeUndefined();
    expect(await sessions.stepUp(id, ['hwk', 'user'], BY)).toMatchObject({
      session: { acr: ACR.phr, authenticatedAt: world.clock.at },
    });
  });

  test('two changes at the same moment: one of them counts', async () => {
    const { id } = await open();
    const changed = await Promise.all([1, 2, 3, 4].map(() => sessions.stepUp(id, ['pwd', 'otp'], BY)));
    expect(changed.filter((one) => one !== undefined)).toHaveLength(1);
  });

  test('(identity ID-38) the sixth session of an account ends the one that nobody used for longest', async () => {
    const opened: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      opened.push((await open()).id);
      world.clock.at += 1000;
    }
    await sessions.touch(opened[0] ?? '', BY);
    const sixth = await open();
    const left = (await sessions.list('a')).map(({ id }: FoundSession) => id);
    expect(new Set(left)).toEqual(new Set([opened[0], ...opened.slice(2), sixth.id]));
    expect(left).toHaveLength(5);
  });

  test('(identity ID-17) its end takes what is bound to it, and nothing else', async () => {
    const one = await open();
    const other = await open();
    await put(bound(one, 't1'), bound(one, 't2'), bound(other, 't3'));
    await sessions.end(one.id, BY);
    const left = await Promise.all(
      ['t1', 't2', 't3'].map((key) => world.store.snapshot().record('access-token', key)),
    );
    expect(left.map((record) => record?.key)).toEqual([undefined, undefined, 't3']);
    expect(await sessions.find(one.cookie)).toBeUndefined();
    expect(await sessions.find(other.cookie)).toBeDefined();
    expect((await world.events()).at(-1)).toBe('logout');
  });

  test('(identity ID-17) all of an account end in the commit of who asks for it', async () => {
    const [kept, ...gone] = [await open(), await open(), await open('a')];
    const foreign = await open('b');
    await put(...(await sessions.endAllOf(world.store.snapshot(), 'a', kept?.id)));
    expect((await sessions.list('a')).map(({ id }) => id)).toEqual([kept?.id]);
    expect(await Promise.all(gone.map(({ id }) => sessions.get(id)))).toEqual([undefined, undefined]);
    expect(await sessions.get(foreign.id)).toBeDefined();
  });

  test('(identity ID-3) it goes to another organization, where it may', async () => {
    const { id } = await open('a', { provider: 'p', organizations: ['Organization/a'] });
    expect(await sessions.switchOrganization(id, 'Organization/b', BY)).toBe(false);
    expect(await sessions.switchOrganization(id, 'Organization/a', BY)).toBe(true);
    expect((await sessions.get(id))?.session.organization).toBe('Organization/a');
  });
});

describe('the begin of a session', () => {
  const relies = async (version: number) =>
    sessions.open(
      {
        session: { account: 'a' },
        ways: ['hwk'],
        records: [{ kind: 'device', key: 'd', expect: 'any', body: {} }],
        relies: [{ kind: 'account', key: 'a', version }],
      },
      BY,
    );

  test('(identity ID-17) is overtaken by what changes the account, and writes nothing then', async () => {
    const { seq } = await put({ kind: 'account', key: 'a', expect: 'absent', body: {} });
    expect(await relies(seq)).toBeDefined();
    await put({ kind: 'account', key: 'a', expect: seq, body: { state: 'deactivated' } });
    await put({ kind: 'device', key: 'd', expect: 'any', body: undefined });
    expect(await relies(seq)).toBeUndefined();
    expect(await world.store.snapshot().record('device', 'd')).toBeUndefined();
    expect(await sessions.list('a')).toHaveLength(1);
  });
});

describe('a tab', () => {
  test('(harmony Z22) its first use binds it to the session, also after a restart', async () => {
    const [one, other] = [await open(), await open('b')];
    for (const tabs of [createTabs(world.store), createTabs(world.store)]) {
      expect(await tabs.bind(one.id, 'tab-00000001', BY)).toBe('bound');
      expect(await tabs.bind(other.id, 'tab-00000001', BY)).toBe('elsewhere');
      expect(await tabs.bind(one.id, 'tab-00000001', BY)).toBe('bound');
    }
    expect((await world.events()).filter((event) => event === 'session-changed')).toHaveLength(1);
  });

  test('(harmony Z22) of two sessions that use it first at the same moment one has it', async () => {
    const both = [await open(), await open('b')];
    const bindings = await Promise.all(
      both.map(({ id }) => createTabs(world.store).bind(id, 'tab-00000001', BY)),
    );
    expect(bindings.toSorted()).toEqual(['bound', 'elsewhere']);
  });

  test('a session has 200 tabs at most, and what is no session has none', async () => {
    const { id } = await open();
    const tabs = createTabs(world.store);
    for (let i = 0; i < 200; i += 1) expect(await tabs.bind(id, `tab-${1000 + i}`, BY)).toBe('bound');
    expect(await tabs.bind(id, 'tab-2000', BY)).toBe('unbound');
    expect(await tabs.bind(id, 'tab-1000', BY)).toBe('bound');
    expect(await tabs.bind('no session', 'tab-3000', BY)).toBe('unbound');
  });

  test('(identity ID-17) ends with its session', async () => {
    const { id } = await open();
    await createTabs(world.store).bind(id, 'tab-00000001', BY);
    await sessions.end(id, BY);
    expect(await world.store.snapshot().record('tab', 'tab-00000001')).toBeUndefined();
  });
});

describe('a known device', () => {
  test('(identity ID-40) is known for 90 days, to the account that logged in from it', async () => {
    const devices = createDevices(world);
    const { value, key, record } = devices.remember(undefined, { account: 'a', shared: true });
    await put(record);
    expect(await devices.known(value, 'a')).toEqual({ key, shared: true });
    expect(await devices.known(value, 'b')).toBeUndefined();
    expect(await devices.known(undefined, 'a')).toBeUndefined();
    expect(await devices.known('x', 'a')).toBeUndefined();
    expect(devices.remember(value, { account: 'b', shared: true }).value).toBe(value);
    expect(devices.remember('made up', { account: 'b', shared: true }).value).not.toBe('made up');
    world.clock.at += DEVICE_MS;
    expect(await devices.known(value, 'a')).toBeUndefined();
  });

  test('its record does not say which browser it is', async () => {
    const devices = createDevices(world);
    const { value, record } = devices.remember(undefined, { account: 'a', shared: false });
    expect(JSON.stringify(record)).not.toContain(value);
  });
});
