/** $identity-providers over a whole server, and the addresses that it puts up (identity 8). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { startProvider, type TestProvider } from '../../outside-provider.ts';
import { openServer, type TestServer } from '../../server.ts';

let server: TestServer;
let provider: TestProvider;

beforeAll(async () => {
  provider = await startProvider();
  server = await openServer(['initiator'], '--sign-on-allow-list', '127.0.0.1');
});
afterAll(async () => {
  await Promise.all([server.close(), provider.close()]);
});

const text = (name: string, valueString: string) => ({ name, valueString });
const code = (name: string, valueCode: string) => ({ name, valueCode });
const organization = (id: string) => ({
  name: 'organization',
  valueReference: { reference: `Organization/${id}` },
});

const given = () => [
  code('action', 'put'),
  text('provider', 'clinic'),
  text('name', 'Clinic'),
  text('issuer', provider.issuer),
  text('clientId', 'closeloop'),
  organization('initiator'),
  {
    name: 'rule',
    part: [{ name: 'test', part: [text('claim', 'groups'), text('is', 'desk')] }, code('role', 'front-desk')],
  },
  code('proof', 'methods'),
  text('proofWord', 'otp'),
];

const ask = async (who: string, parameter: readonly object[]) => {
  const body = { resourceType: 'Parameters', parameter };
  const { status, code: refusal, json } = await server.ask(who, 'POST', '$identity-providers', body);
  return { status, refusal, values: valuesOf(json) };
};

const valuesOf = (resource: Resource): readonly (readonly [string, string])[] =>
  ((resource['parameter'] ?? []) as readonly Readonly<Record<string, string>>[]).map(
    ({ name = '', valueString, valueUrl }) => [name, valueString ?? valueUrl ?? ''] as const,
  );

test('an administrator puts a provider on record, and is told what to register there', async () => {
  const { status, values } = await ask('administrator', given());
  expect(status).toBe(200);
  const found = new Map(values);
  expect(JSON.parse(found.get('entry') ?? '{}')).toMatchObject({
    key: 'clinic',
    organizations: ['Organization/initiator'],
    rules: [
      {
        when: [{ claim: 'groups', is: 'desk' }],
        organization: 'Organization/initiator',
        roles: ['front-desk'],
      },
    ],
    proof: { kind: 'methods', any: ['otp'] },
    hasSecret: true,
    status: 'active',
  });
  expect(found.get('redirectUri')).toMatch(/\/auth\/sign-on\/clinic\/callback$/);
  expect(found.get('backchannelLogoutUri')).toMatch(/\/backchannel-logout$/);
  const listed = await ask('administrator', []);
  expect(listed.values.map(([name]) => name)).toEqual(['entry']);
});

test('its addresses are there: our key, and the way to the provider', async () => {
  const at = `http://127.0.0.1:${server.running.port}/auth/sign-on/clinic`;
  const { keys } = (await (await fetch(`${at}/jwks`)).json()) as { readonly keys: readonly object[] };
  expect(keys).toEqual([expect.objectContaining({ kty: 'EC', crv: 'P-384', alg: 'ES384' })]);
  expect(keys[0]).not.toHaveProperty('d');
  const { status, headers } = await fetch(at, { redirect: 'manual' });
  expect([status, headers.get('location')?.startsWith(`${provider.issuer}/authorize?`)]).toEqual([303, true]);
});

test('(identity ID-45) nobody else does, and no rule grants what no provider may', async () => {
  expect((await ask('initiator', given())).status).toBe(403);
  const [action, key, name, issuer, client, of] = given();
  const rule = {
    name: 'rule',
    part: [{ name: 'test', part: [text('claim', 'groups'), text('is', 'x')] }, code('role', 'sys-admin')],
  };
  const refused = await ask('administrator', [
    action ?? {},
    key ?? {},
    name ?? {},
    issuer ?? {},
    client ?? {},
    of ?? {},
    rule,
  ]);
  expect([refused.status, refused.refusal]).toEqual([400, 'parameter-invalid']);
});

test('a provider that is taken away is gone', async () => {
  await ask('administrator', [code('action', 'remove'), text('provider', 'clinic')]);
  expect((await fetch(`http://127.0.0.1:${server.running.port}/auth/sign-on/clinic`)).status).toBe(404);
});
