/** Tokens that are none for us, and tokens whose key is withdrawn: RFC 8725, RFC 9068; rules 5.2. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { keysFromFile, keysFromUri } from '../../../src/http/keys.ts';
import { TOKEN_TYPES } from '../../../src/http/token-type.ts';
import { openReceiver } from '../../contract/receiver.ts';
import { httpOf } from '../../guarded.ts';
import { BASE, INITIATOR, openDoor, type Door } from './door.ts';

const ISSUER = 'https://issuer.example';
const folder = mkdtempSync(join(tmpdir(), 'closeloop-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Key {
  readonly jwk: object;
  readonly privateKey: CryptoKey;
}

async function makeKey(kid: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }, privateKey };
}

const sign = ({ privateKey, jwk }: Key, typ: string | undefined, claims: JWTPayload = {}): Promise<string> =>
  new SignJWT({ organization: INITIATOR, scope: 'system/*.cruds', client_id: 'test', ...claims })
    .setProtectedHeader({
      alg: 'ES256',
      kid: (jwk as { kid: string }).kid,
      ...(typ !== undefined && { typ }),
    })
    .setIssuer(ISSUER)
    .setAudience(BASE)
    .setSubject('ana')
    .setExpirationTime('1h')
    .sign(privateKey);

const keySet = (...keys: readonly Key[]): string => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
const fileOf = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const statusOf = async (door: Door, token: string): Promise<number> =>
  (await door.fetch('/Task', { headers: { authorization: `Bearer ${token}` } })).status;

describe('(rules 5.2) a token says what it is', () => {
  let key: Key;
  let open: Door;
  let strict: Door;
  beforeAll(async () => {
    key = await makeKey('one');
    const keys = keysFromFile(fileOf('types.json', keySet(key)));
    open = await openDoor({ bearer: { issuer: ISSUER, keys, tokenTypes: TOKEN_TYPES } });
    strict = await openDoor({ bearer: { issuer: ISSUER, keys, tokenTypes: ['at+jwt'] } });
  });
  afterAll(() => Promise.all([open.close(), strict.close()]));

  test.each<[typ: string | undefined, claims: JWTPayload, byDefault: number, strictly: number]>([
    ['at+jwt', {}, 200, 200],
    ['AT+JWT', {}, 200, 200],
    ['application/at+jwt', {}, 200, 200],
    ['JWT', {}, 200, 401],
    [undefined, {}, 200, 401],
    ['JWT', { typ: 'Bearer' }, 200, 401],
    ['JWT', { token_use: 'access' }, 200, 401],
    ['JWT', { typ: 'ID' }, 401, 401],
    ['JWT', { typ: 'Logout' }, 401, 401],
    ['JWT', { typ: 'Refresh' }, 401, 401],
    ['JWT', { token_use: 'id' }, 401, 401],
    ['JWT', { nonce: 'n' }, 401, 401],
    ['JWT', { at_hash: 'h' }, 401, 401],
    [undefined, { nonce: 'n' }, 401, 401],
    [undefined, { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 401, 401],
    ['JWT', { scope: undefined }, 401, 401],
    [undefined, { scope: undefined }, 401, 401],
    ['at+jwt', { events: {} }, 401, 401],
    ['logout+jwt', {}, 401, 401],
    ['id_token+jwt', {}, 401, 401],
    ['secevent+jwt', {}, 401, 401],
    ['dpop+jwt', {}, 401, 401],
    ['JOSE', {}, 401, 401],
    ['', {}, 401, 401],
  ])(
    'typ %j with %j: %i, and %i where at+jwt alone is accepted',
    async (typ, claims, byDefault, strictly) => {
      const token = await sign(key, typ, claims);
      expect([await statusOf(open, token), await statusOf(strict, token)]).toEqual([byDefault, strictly]);
    },
  );
});

describe('(rules 5.2) a withdrawn key takes its remembered tokens with it', () => {
  test('by a file, when it is read again', async () => {
    const [first, second] = [await makeKey('first'), await makeKey('second')];
    const keys = keysFromFile(fileOf('keys.json', keySet(first, second)));
    const door = await openDoor({ bearer: { issuer: ISSUER, keys } });
    const [old, kept] = [await sign(first, 'at+jwt'), await sign(second, 'at+jwt')];
    expect([await statusOf(door, old), await statusOf(door, kept)]).toEqual([200, 200]);
    fileOf('keys.json', keySet(second));
    expect(await statusOf(door, old)).toBe(200);
    keys.reload();
    expect([await statusOf(door, old), await statusOf(door, kept)]).toEqual([401, 200]);
    fileOf('keys.json', 'no key set');
    expect(() => keys.reload()).toThrow('JSON');
    expect(await statusOf(door, kept)).toBe(200);
    await door.close();
  });

  test('by a URL, when it is read again and when an unknown key made us look', async () => {
    const [first, second] = [await makeKey('first'), await makeKey('second')];
    let served = keySet(first, second);
    const issuer = await openReceiver([(_request, response) => void response.end(served)]);
    const http = httpOf({ purpose: 'jwks', allowList: ['127.0.0.1'] });
    const keys = keysFromUri(`http://127.0.0.1:${issuer.port}/keys`, http);
    const door = await openDoor({ bearer: { issuer: ISSUER, keys } });
    const old = await sign(first, 'at+jwt');
    expect(await statusOf(door, old)).toBe(200);
    served = keySet(second);
    expect(await statusOf(door, old)).toBe(200);
    keys.reload();
    expect([await statusOf(door, old), await statusOf(door, await sign(second, 'at+jwt'))]).toEqual([
      401, 200,
    ]);
    await Promise.all([door.close(), keys.close(), issuer.close()]);
  });
});
