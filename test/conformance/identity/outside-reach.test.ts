/** What a session reaches that began by the word of an outside provider: its organizations, and nothing after its end. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { createSessions } from '../../../src/accounts/sessions.ts';
import { SERVER_AGENT } from '../../../src/ports/audit.ts';
import {
  askForCode,
  cameBack,
  createSurfer,
  putPerson,
  REDIRECT,
  redeem,
  type Surfer,
} from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, putClient, refresh } from '../../smart.ts';
import { BASE } from '../../world.ts';

const OFFLINE = 'openid fhirUser offline_access user/Task.rs';

let server: TestServer;
let both: string;
let keeper: string;
beforeAll(async () => {
  server = await openServer(['recipient', 'initiator'], ...BEHIND_PROXY);
  const { store } = server.running;
  await putClient(store, 'app', {
    redirectUris: [REDIRECT],
    scopes: ['user/*.cruds', 'offline_access', 'closeloop/admin'],
    firstParty: true,
  });
  const works = { recipient: ['coordinator'], initiator: ['clinician'] } as const;
  both = await putPerson(store, 'both@clinic.example', { works });
  keeper = await putPerson(store, 'keeper@clinic.example', {
    works: { initiator: ['clinician'] },
    administrator: true,
  });
}, 30_000);
afterAll(() => server.close());

/** Comes in by the provider of Organization/initiator. */
async function comeIn(account: string): Promise<{ surfer: Surfer; end: () => Promise<void> }> {
  const { store } = server.running;
  const sessions = createSessions({
    store,
    clock: { now: () => Date.now() },
    random: randomBytes,
    settings: { sessionIdleMs: 900_000 },
  });
  const by = { agent: SERVER_AGENT, requestId: 'test' };
  const organizations: readonly Ref[] = ['Organization/initiator'];
  const opened = await sessions.open(
    { session: { account, provider: 'of-initiator', organizations }, ways: ['mfa'] },
    by,
  );
  if (opened === undefined) throw new Error('the session did not begin');
  const surfer = createSurfer(server);
  surfer.cookies.set('__Host-closeloop', opened.cookie);
  return { surfer, end: () => sessions.end(opened.id, by) };
}

const read = async (token: unknown, path: string): Promise<number> =>
  (await askAuth(server, `/fhir/${path}`, { headers: { authorization: `Bearer ${String(token)}` } })).status;

describe('a session by the word of an outside provider', () => {
  test('(identity ID-45) is offered its own organizations alone', async () => {
    const { surfer } = await comeIn(both);
    const { answer, verifier } = await askForCode(surfer, BASE, { scope: OFFLINE });
    expect(answer.text).not.toContain('recipient');
    const { json } = await redeem(server, cameBack(answer)['code'] ?? '', verifier);
    expect(await read(json['access_token'], 'Task')).toBe(200);
  });

  test('(identity ID-45) makes no administrator, whatever the account is', async () => {
    const { surfer } = await comeIn(keeper);
    const { answer, verifier } = await askForCode(surfer, BASE, { scope: OFFLINE });
    expect(answer.text).not.toContain('installation');
    const { json } = await redeem(server, cameBack(answer)['code'] ?? '', verifier);
    expect(await read(json['access_token'], '$users')).toBe(403);
  });

  test('(identity ID-46, ID-48) nothing that it gave out outlives it, and its end widens nothing', async () => {
    const { surfer, end } = await comeIn(keeper);
    const { answer, verifier } = await askForCode(surfer, BASE, { scope: OFFLINE });
    const { json } = await redeem(server, cameBack(answer)['code'] ?? '', verifier);
    const late = await askForCode(surfer, BASE, { scope: OFFLINE });
    await end();
    expect(await read(json['access_token'], 'Task')).toBe(401);
    expect((await refresh(server, 'app', json['refresh_token'])).status).toBe(400);
    const redeemed = await redeem(server, cameBack(late.answer)['code'] ?? '', late.verifier);
    expect([redeemed.status, redeemed.json['error']]).toEqual([400, 'invalid_grant']);
  });
});
