/** Apps are told of the end of a session, whatever ended it (OpenID Connect Back-Channel Logout 1.0; smart SM-56). */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTVerifyResult } from 'jose';
import type { Ref } from '../../../src/fhir/types.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import {
  askAuth,
  BEHIND_PROXY,
  ISSUER,
  putClient,
  putCode,
  putPerson,
  redeem,
  REDIRECT,
  TEST_ROW,
  type TestPerson,
} from '../../smart.ts';

const RECIPIENT: Ref = 'Organization/recipient';
let receiver: Server;
let server: TestServer;
/** The forms that apps were sent, by path. */
const received: { readonly path: string; readonly form: URLSearchParams }[] = [];
/** Requests that are still to be refused, by path. */
const refusals = new Map<string, number>();

beforeAll(async () => {
  receiver = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      const path = req.url ?? '';
      received.push({ path, form: new URLSearchParams(Buffer.concat(parts).toString('utf8')) });
      const left = refusals.get(path) ?? 0;
      refusals.set(path, left - 1);
      res.writeHead(left > 0 ? 503 : 200).end();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  const place = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  server = await openServerWith({
    organizations: ['recipient'],
    argv: [...BEHIND_PROXY, '--client-keys-allow-list', place],
  });
  for (const name of ['one', 'two', 'patient-one'])
    await putClient(server.running.store, name, {
      redirectUris: [REDIRECT],
      backchannelLogoutUri: `${place}/${name}`,
    });
  await putClient(server.running.store, 'silent', { redirectUris: [REDIRECT] });
}, 60_000);
afterAll(async () => {
  await server.close();
  receiver.close();
});

async function letIn(client: string, person: TestPerson, scope: string): Promise<void> {
  const context = { organization: RECIPIENT };
  const code = await putCode(server.running.store, { client, person, scope, context });
  expect((await redeem(server, client, code)).status).toBe(200);
}

const end = ({ session }: TestPerson) =>
  server.running.store.commit(
    auditedCommit([TEST_ROW], {
      records: [{ kind: 'session', key: session, expect: 'any', body: undefined }],
    }),
  );

/** What an app was sent, once there are so many. */
async function sentTo(path: string, count: number): Promise<readonly URLSearchParams[]> {
  for (let waited = 0; waited < 400; waited += 1) {
    const found = received.filter((one) => one.path === path).map(({ form }) => form);
    if (found.length >= count) return found;
    await setTimeout(100);
  }
  throw new Error(`${path} was sent too little`);
}

async function verify(form: URLSearchParams | undefined): Promise<JWTVerifyResult> {
  const { json } = await askAuth(server, '/auth/jwks');
  const keys = createLocalJWKSet(json as unknown as JSONWebKeySet);
  return jwtVerify(form?.get('logout_token') ?? '', keys, { issuer: ISSUER, typ: 'logout+jwt' });
}

describe('(smart SM-56) back-channel logout', () => {
  test('tells each app of the session that registered an address, once, also one with offline access', async () => {
    const person = await putPerson(server.running.store, 'ada', { organization: RECIPIENT });
    await letIn('one', person, 'openid online_access user/Task.rs');
    await letIn('two', person, 'openid offline_access user/Task.rs');
    await letIn('silent', person, 'openid online_access user/Task.rs');
    await end(person);
    for (const client of ['one', 'two']) {
      const [form] = await sentTo(`/${client}`, 1);
      const { payload } = await verify(form);
      expect(payload).toEqual({
        iss: ISSUER,
        aud: client,
        sub: 'ada',
        sid: person.session,
        jti: expect.any(String),
        iat: expect.any(Number),
        exp: expect.any(Number),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      });
    }
    const owed = await server.running.store.snapshot().records('logout-owed', 'listed', 'all');
    expect(owed).toEqual([]);
    expect(received.map(({ path }) => path).toSorted()).toEqual(['/one', '/two']);
  }, 60_000);

  test('is tried again where the app does not answer, with another token', async () => {
    refusals.set('/patient-one', 1);
    const person = await putPerson(server.running.store, 'bea', { organization: RECIPIENT });
    await letIn('patient-one', person, 'openid online_access user/Task.rs');
    await end(person);
    const forms = await sentTo('/patient-one', 2);
    const [first, second] = await Promise.all(forms.map(verify));
    expect(first?.payload.jti).not.toBe(second?.payload.jti);
    expect(second?.payload['sid']).toBe(person.session);
  }, 60_000);

  test('is announced', async () => {
    const { json } = await askAuth(server, '/auth/.well-known/openid-configuration');
    expect(json).toMatchObject({
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    });
  });
});
