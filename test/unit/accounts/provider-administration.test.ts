/** Providers put on record by who may (identity ID-45), with secrets that nobody reads again. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { outsideSessionWrite } from '../../../src/accounts/outside-sessions.ts';
import { createProviderAdministration } from '../../../src/accounts/provider-administration.ts';
import { accessTo, findProvider } from '../../../src/accounts/providers.ts';
import { makeProviderKey } from '../../../src/http/sign-on/provider-key.ts';
import { createSeal, type Seal } from '../../../src/identity/seal.ts';
import type { ProviderAdministration, ProviderAsked } from '../../../src/ports/sign-on.ts';
import { by, codeOf, openAccountWorld, type AccountWorld } from './world.ts';

const SEAL = createSeal(Buffer.alloc(32, 3), randomBytes);
const A = 'Organization/a';

const ASKED: ProviderAsked = {
  key: 'clinic-a',
  name: 'Clinic A',
  issuer: 'https://idp.a.example',
  organizations: [A],
  clientId: 'closeloop',
  credential: 'client_secret_post',
  secret: 'told once',
  scopes: ['openid'],
  rules: [{ when: [{ claim: 'groups', is: 'desk' }], organization: A, roles: ['front-desk'] }],
  proof: { kind: 'none' },
  justInTime: false,
  emailDomains: [],
  endsSessionThere: false,
  status: 'active',
};

let world: AccountWorld;
let key: Seal | undefined = SEAL;
let ended: string[] = [];
let providers: ProviderAdministration;

beforeAll(async () => {
  world = await openAccountWorld('a', 'b');
  const { store } = world.parts;
  providers = createProviderAdministration({
    store,
    sessions: { end: async (id) => void ended.push(id) },
    seal: async () => key,
    makeKey: makeProviderKey,
  });
});
afterAll(() => world.world.close());

const stored = async (name: string) => {
  const found = await findProvider(world.parts.store.snapshot(), name);
  if (found === undefined) throw new Error(name);
  return found;
};

test('an administrator of the organization puts its own, and reads no secret again', async () => {
  const row = await providers.put(by('a'), ASKED);
  expect([row.hasSecret, JSON.stringify(row)]).toEqual([true, expect.not.stringContaining('told once')]);
  expect(JSON.stringify(await providers.list(by('a')))).not.toMatch(/told once|sealed/);
  expect(accessTo(await stored('clinic-a'), SEAL).secret).toBe('told once');
  const { secret: _, ...again } = ASKED;
  await providers.put(by('a'), { ...again, name: 'Clinic' });
  expect(accessTo(await stored('clinic-a'), SEAL).secret).toBe('told once');
});

test('a key of ours is made for it, and its private half stays sealed', async () => {
  const row = await providers.put(by('installation'), {
    ...ASKED,
    key: 'keyed',
    credential: 'private_key_jwt',
    secret: undefined,
  });
  expect(row.publicKey).toMatchObject({ kty: 'EC', crv: 'P-384', alg: 'ES384' });
  expect(row.publicKey).not.toHaveProperty('d');
  expect(JSON.parse(accessTo(await stored('keyed'), SEAL).secret ?? '{}')).toHaveProperty('d');
});

test.each<[string, string, Partial<ProviderAsked>, string]>([
  ['of another organization', 'b', { key: 'stolen' }, 'parameter-invalid'],
  ['under the name of another’s', 'b', { organizations: ['Organization/b'], rules: [] }, 'account-not-yours'],
  [
    'with a rule for another organization',
    'a',
    {
      key: 'x',
      rules: [{ when: [{ claim: 'g', is: 'x' }], organization: 'Organization/b', roles: ['org-admin'] }],
    },
    'parameter-invalid',
  ],
  [
    'that grants sys-admin',
    'installation',
    {
      key: 'x',
      rules: [{ when: [{ claim: 'g', is: 'x' }], organization: A, roles: ['sys-admin' as 'org-admin'] }],
    },
    'parameter-invalid',
  ],
  [
    'for which a password is a second factor',
    'a',
    { key: 'x', proof: { kind: 'methods', any: ['pwd'] } },
    'parameter-invalid',
  ],
  ['with a name that is a path', 'a', { key: '../x' }, 'parameter-invalid'],
  ['without the secret that it needs', 'a', { key: 'x', secret: undefined }, 'parameter-invalid'],
])('(identity ID-45) one %s is refused', async (_name, who, change, code) => {
  expect(await codeOf(providers.put(by(who), { ...ASKED, ...change }))).toBe(code);
});

test('without the key of the store no secret is kept', async () => {
  key = undefined;
  expect(await codeOf(providers.put(by('a'), { ...ASKED, key: 'unsealed' }))).toBe('busy');
  key = SEAL;
});

test('(identity ID-47) nobody writes the outcome of a trial', async () => {
  const trial = { without: { methods: [], level: '1' }, with: { methods: [], level: '2' } };
  const row = await providers.put(by('a'), {
    ...ASKED,
    key: 'level',
    proof: { kind: 'level', any: ['2'], trial },
  });
  expect(row.proof).toEqual({ kind: 'level', any: ['2'] });
});

test('a change of who comes in ends the sessions that came in before; another name does not', async () => {
  await world.put(
    outsideSessionWrite(
      's1',
      {
        account: 'x',
        provider: 'clinic-a',
        issuer: ASKED.issuer,
        subject: 'x',
        there: undefined,
        startedAt: 0,
        askedAt: 0,
      },
      { idToken: 'i' },
      { seal: SEAL, expect: 'absent', expiresAt: world.now() + 1e6 },
    ),
  );
  ended = [];
  await providers.put(by('a'), { ...ASKED, name: 'Another name' });
  expect(ended).toEqual([]);
  await providers.put(by('a'), { ...ASKED, rules: [] });
  expect(ended).toEqual(['s1']);
  ended = [];
  await providers.remove(by('a'), 'clinic-a');
  expect([ended, await codeOf(providers.remove(by('a'), 'clinic-a'))]).toEqual([['s1'], 'not-found']);
});

test('(identity 10) each change is on record for its organizations', async () => {
  const rows = await world.parts.store.snapshot().audit({ viewer: A, names: [], count: 100 });
  const changes = rows
    .filter(({ entry }) => entry.event === 'issuer-changed')
    .map(({ entry }) => entry.identity?.detail?.['change']);
  expect(changes).toContain('put');
  expect(changes).toContain('removed');
});
