/** Administration of clients and keys by operations: who may, and that what is shut out is out at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { readConfig } from '../../../src/server/config.ts';
import { administerClients } from '../../../tools/admin/clients.ts';
import { examineClients } from '../../../tools/doctor/clients.ts';
import { openServer, openServerWith, type Response, type TestServer } from '../../server.ts';
import {
  askAuth,
  askBackend,
  assertionOf,
  BEHIND_PROXY,
  makeKey,
  putClient,
  putCode,
  putPerson,
  redeem,
  REDIRECT,
  type TestKey,
} from '../../smart.ts';

let server: TestServer;
let key: TestKey;
beforeAll(async () => {
  server = await openServer(['recipient'], ...BEHIND_PROXY);
  key = await makeKey();
}, 60_000);
afterAll(() => server.close());

const invoke = (
  who: string,
  operation: string,
  given: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  server.ask(who, 'POST', `$${operation}`, {
    resourceType: 'Parameters',
    parameter: Object.entries(given).map(([name, value]) =>
      name === 'status' ? { name, valueCode: value } : { name, valueString: value },
    ),
  });
const partsOf = ({ json }: Response): readonly { readonly name: string; readonly valueString?: string }[] =>
  (json as unknown as { parameter?: readonly { readonly name: string; readonly valueString?: string }[] })
    .parameter ?? []; // Parameters
const valueOf = (answer: Response, name: string): string =>
  partsOf(answer).find((one) => one.name === name)?.valueString ?? '';

const METADATA = {
  client_name: 'Night export',
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'private_key_jwt',
  scope: 'system/Task.rs',
  contacts: ['ops@example.org'],
};

describe('a machine', () => {
  test('(smart SM-68, identity ID-60) is registered, listed, suspended and let in again', async () => {
    const metadata = JSON.stringify({ ...METADATA, jwks: { keys: [key.publicJwk] } });
    const registered = await invoke('administrator for recipient', 'register-client', { metadata });
    expect(registered.status).toBe(200);
    const id = valueOf(registered, 'client');
    const ask = async () => askBackend(server, await assertionOf(id, key), { scope: 'system/Task.rs' });
    const { json, status } = await ask();
    expect(status).toBe(200);
    const listed = await invoke('administrator', 'clients');
    expect(listed.text).toContain(id);
    expect(listed.text).toContain('lastUse');
    expect(listed.text).toContain('expires');
    expect((await invoke('administrator', 'client-state', { client: id, status: 'suspended' })).status).toBe(
      200,
    );
    const read = await askAuth(server, '/fhir/Task', {
      headers: { authorization: `Bearer ${String(json['access_token'])}` },
    });
    expect(read.status).toBe(401);
    expect((await ask()).status).toBe(401);
    expect((await invoke('administrator', 'client-state', { client: id, status: 'active' })).status).toBe(
      200,
    );
    expect((await ask()).status).toBe(200);
    expect(await server.running.store.snapshot().records('access-token', 'client', id)).toHaveLength(1);
  });

  test('(smart SM-64) registers itself once with a one-time token, and within its scopes', async () => {
    const invited = await invoke('administrator for recipient', 'register-client', {
      scope: 'system/Task.rs',
    });
    const token = valueOf(invited, 'token');
    const register = (scope: string) =>
      askAuth(server, '/auth/register', {
        method: 'POST',
        body: JSON.stringify({ ...METADATA, scope, jwks: { keys: [key.publicJwk] } }),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
    expect((await register('system/*.rs')).json['error']).toBe('invalid_client_metadata');
    expect((await register('system/Task.rs')).status).toBe(201);
    expect((await register('system/Task.rs')).status).toBe(401);
  });

  test('nobody but an administrator sees or changes clients', async () => {
    for (const operation of ['clients', 'register-client', 'client-state', 'rotate-keys']) {
      const given = operation === 'client-state' ? { client: 'x', status: 'active' } : {};
      const { status } = await invoke('recipient', operation, given);
      expect([operation, status]).toEqual([operation, 403]);
    }
  });
});

describe('signing keys', () => {
  test('(smart SM-54) the next ones are published before they are used, and old id_tokens stay verifiable', async () => {
    const { store } = server.running;
    await putClient(store, 'app', { redirectUris: [REDIRECT] });
    const organization = 'Organization/recipient' as const;
    const person = await putPerson(store, 'ada', { organization });
    const login = async (): Promise<string> => {
      const issued = await putCode(store, {
        client: 'app',
        person,
        scope: 'openid',
        context: { organization },
      });
      return String((await redeem(server, 'app', issued)).json['id_token']);
    };
    const published = async (): Promise<readonly string[]> =>
      ((await askAuth(server, '/auth/jwks')).json['keys'] as readonly { kid: string }[]).map(
        ({ kid }) => kid,
      );
    const before = decodeProtectedHeader(await login()).kid ?? '';
    const rotated = await invoke('administrator', 'rotate-keys');
    expect(rotated.status).toBe(200);
    const next = partsOf(rotated).map(({ valueString }) => valueString ?? '');
    expect(next).toHaveLength(2);
    expect(await published()).toEqual(expect.arrayContaining([before, ...next]));
    expect(decodeProtectedHeader(await login()).kid).toBe(before);
  });
});

describe('the commands of a stopped server', () => {
  test('register, list, suspend and approve a client, and doctor says what ends soon', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'closeloop-clients-'));
    try {
      const kept = await openServerWith({ organizations: [], folder });
      await kept.close();
      const config = readConfig(['--data-dir', folder, '--port', '0'], {}, 'command');
      const lines: string[] = [];
      const administer = async (...words: readonly string[]): Promise<string> => {
        lines.length = 0;
        await administerClients({
          words,
          organization: undefined,
          config,
          print: (line) => lines.push(line),
        });
        return lines.join('\n');
      };
      const file = join(folder, 'client.json');
      writeFileSync(file, JSON.stringify({ ...METADATA, jwks: { keys: [key.publicJwk] } }));
      const { client_id: id } = JSON.parse(await administer('clients', 'register', file)) as {
        client_id: string;
      };
      expect(await administer('clients', 'list')).toContain(`${id},Night export,service,active`);
      expect(await administer('clients', 'suspend', id)).toBe(`${id} (Night export) is suspended`);
      expect(await administer('clients', 'approve', id)).toBe(`${id} (Night export) is active`);
      expect(examineClients(config).map(({ ok, says }) => [ok, says])).toEqual([
        [true, '1 clients, 1 of them active'],
        [true, 'no signing keys yet: the first token makes them'],
      ]);
      await expect(administer('clients', 'nonsense')).rejects.toThrow('clients list');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
