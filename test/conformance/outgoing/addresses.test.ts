/** Addresses that clients name, through every way to write them (rules 6.3). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { endpoint } from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

const POLICY = 'The policy of this server does not allow this address.';
let server: TestServer;

beforeAll(async () => {
  server = await openServer(['initiator', 'stranger', 'keen'], '--hl7-allow-list', '10.1.0.0/16:2575');
});
afterAll(() => server.close());

const MLLP = {
  system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
  code: 'hl7v2-mllp',
};
const engineAt = (address: string, more: object = {}): Resource => ({
  ...endpoint('initiator', { connectionType: MLLP, address }),
  ...more,
});
const hookAt = (address: string): Resource => ({
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'to be told',
  criteria: 'Task?',
  channel: { type: 'rest-hook', endpoint: address, payload: 'application/fhir+json' },
});

describe('(directory DR40) at write', () => {
  test.each([
    ['mllp://169.254.169.254:2575'],
    ['mllp://2130706433:2575'],
    ['mllp://127.1:2575'],
    ['mllps://[::ffff:7f00:1]:2575'],
    ['mllp://localhost.:2575'],
    ['mllp://10.2.0.1:2575'],
    ['mllp://10.1.0.1:2576'],
    ['mllp://9.9.9.9:22'],
    ['mllp://9.9.9.9'],
    ['https://9.9.9.9:2575/'],
  ])(
    'an Endpoint at %s is refused, for an administrator and on behalf of its organization',
    async (address) => {
      for (const who of ['administrator for initiator', 'administrator']) {
        const { status, code, says } = await server.ask(who, 'PUT', 'Endpoint/initiator', engineAt(address));
        expect([status, code, says]).toEqual([422, 'address-not-allowed', POLICY]);
      }
    },
  );

  test.each([['mllp://9.9.9.9:2575'], ['mllps://engine.example.org:2575'], ['mllp://10.1.0.1:2575']])(
    'an Endpoint at %s is taken',
    async (address) => {
      const { status } = await server.ask('administrator', 'PUT', 'Endpoint/initiator', engineAt(address));
      expect(status).toBe(200);
    },
  );

  test('a patch and a transaction are asked as well', async () => {
    const address = 'mllp://127.0.0.1:2575';
    const patched = await server.ask('administrator', 'PATCH', 'Endpoint/initiator', [
      { op: 'replace', path: '/address', value: address },
    ]);
    const request = { method: 'PUT', url: 'Endpoint/initiator' };
    const bundle = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource: engineAt(address), request }],
    };
    const transacted = await server.ask('administrator', 'POST', '', bundle);
    expect([patched.code, transacted.code]).toEqual(['address-not-allowed', 'address-not-allowed']);
  });

  test.each([
    ['http://hooks.example.org/'],
    ['https://127.0.0.1/'],
    ['https://[fe80::1%eth0]/'],
    ['https://intranet/'],
  ])('a Subscription to %s is refused with the same text', async (address) => {
    const { status, code, says } = await server.ask('stranger', 'POST', 'Subscription', hookAt(address));
    expect([status, code, says]).toEqual([422, 'address-not-allowed', POLICY]);
  });

  test('an Endpoint of a type that nothing here sends by may stand in the directory', async () => {
    const other = endpoint('initiator', {
      connectionType: { system: MLLP.system, code: 'direct-project' },
      address: 'mailto:a@direct.example.org',
    });
    expect((await server.ask('administrator', 'PUT', 'Endpoint/initiator', other)).status).toBe(200);
  });
});

test('(directory DR43) the twenty-first new address of a day is 429; a known one is not', async () => {
  const codes: (string | undefined)[] = [];
  for (let n = 1; n <= 21; n += 1) {
    const { code } = await server.ask('keen', 'POST', 'Subscription', hookAt(`https://h${n}.example.org/`));
    codes.push(code);
  }
  expect(codes.filter((code) => code === undefined)).toHaveLength(20);
  expect(codes.at(-1)).toBe('too-many-requests');
  const again = await server.ask('keen', 'POST', 'Subscription', hookAt('https://h1.example.org/other'));
  expect(again.status).toBe(201);
});
