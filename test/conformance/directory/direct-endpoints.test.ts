/** Direct addresses: who writes them, who verifies them, and who sees them (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DirectAddress } from '../../../src/ports/direct.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { findByDirectAddress } from '../../../src/resources/parties/direct-addresses.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

let server: TestServer;
let listed: Ref;
let made = 0;

beforeAll(async () => {
  server = await openServer();
  listed = 'Organization/harbor';
  await server.ask('administrator', 'PUT', listed, make.organization('harbor'));
});
afterAll(() => server.close());

const connectionType = {
  system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
  code: 'direct-project',
};
/** An address that no other case uses. */
const fresh = (): DirectAddress => `intake-${(made += 1)}@direct.tarn.example.org`;

const direct = (organization: Ref, address: string, more: object = {}): Resource => {
  const {
    id: _id,
    header: _header,
    ...rest
  } = make.endpoint('x', {
    connectionType,
    address,
    managingOrganization: make.to(organization),
    ...more,
  });
  return rest as Resource;
};
const write = (who: string, organization: Ref, address: string, more: object = {}) =>
  server.ask(who, 'POST', 'Endpoint', direct(organization, address, more));
const refOf = ({ id }: Resource): Ref => `Endpoint/${id ?? ''}`;
const verify = (who: string, endpoint: Ref) => server.ask(who, 'POST', `${endpoint}/$verify`);
const holders = (address: DirectAddress, at = Date.now()) =>
  findByDirectAddress(server.running.store.snapshot(), address, at);
const verified = async (address: DirectAddress) => (await holders(address)).map((one) => one.verified);
const privateOf = async (who: string, name: string): Promise<Ref> => {
  const { id } = await server.create(who, { resourceType: 'Organization', name });
  return `Organization/${id}`;
};

describe('(directory DR44) an address is verified', () => {
  test('by an administrator alone, and another address has to be verified anew', async () => {
    const [address, other] = [fresh(), fresh()];
    const created = await write('recipient', 'Organization/recipient', `mailto:${address}`);
    expect(created.status).toBe(201);
    const endpoint = refOf(created.json);
    expect(await verified(address)).toEqual([false]);
    expect((await verify('recipient', endpoint)).status).toBe(403);
    expect((await verify('administrator', endpoint)).json).toMatchObject({
      parameter: [{ name: 'outcome', valueCode: 'verified' }],
    });
    expect((await verify('administrator', endpoint)).json).toMatchObject({
      parameter: [{ name: 'outcome', valueCode: 'was-verified' }],
    });
    expect(await verified(address)).toEqual([true]);
    const stored = await server.read('recipient', endpoint);
    await server.ask('recipient', 'PUT', endpoint, { ...stored, name: 'Front desk' });
    expect(await verified(address)).toEqual([true]);
    await server.ask('recipient', 'PUT', endpoint, { ...stored, address: `MAILTO:${other.toUpperCase()}` });
    expect([await verified(address), await verified(other)]).toEqual([[], [false]]);
    await server.ask('recipient', 'PUT', endpoint, { ...stored, address: `mailto:${address}` });
    expect(await verified(address)).toEqual([false]);
  });

  test('only while its Endpoint is one of Direct, is in use and is there', async () => {
    const address = fresh();
    const more = { period: { start: '2026-01-01', end: '2026-06-30' } };
    const created = await write('recipient', 'Organization/recipient', `mailto:${address}`, more);
    const endpoint = refOf(created.json);
    await verify('administrator', endpoint);
    const at = (text: string) => holders(address, Date.parse(text));
    expect(await at('2025-12-31T23:00:00Z')).toEqual([]);
    expect(await at('2026-06-30T23:00:00Z')).toHaveLength(1);
    expect(await at('2026-07-01T01:00:00Z')).toEqual([]);
    const stored = await server.read('recipient', endpoint);
    await server.ask('recipient', 'PUT', endpoint, { ...stored, status: 'off' });
    expect(await at('2026-06-01')).toEqual([]);
    await server.ask('recipient', 'DELETE', endpoint);
    expect(await at('2026-06-01')).toEqual([]);
  });

  test.each([
    ['https://x.example.org/fhir'],
    ['mailto:'],
    ['mailto:a@b'],
    ['mailto:a@b.org,c@d.org'],
    ['a@b.org'],
  ])('what is no address is refused: %s', async (address) => {
    const answer = await write('recipient', 'Organization/recipient', address);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('direct-address-invalid');
  });

  test('what is no Endpoint of Direct cannot be verified', async () => {
    const answer = await verify('administrator', 'Endpoint/recipient');
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('endpoint-unverifiable');
    expect((await verify('administrator', 'Endpoint/nowhere')).status).toBe(404);
  });
});

describe('(directory DR46) what a member keeps about an outside party', () => {
  test('is private, and verified for that member alone', async () => {
    const address = fresh();
    const own = await privateOf('initiator', 'Harbor Cardiology');
    const mine = await write('initiator', own, `mailto:${address}`);
    const theirs = await write('recipient', listed, `mailto:${address}`);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    await verify('administrator', refOf(mine.json));
    expect(await holders(address)).toEqual(
      expect.arrayContaining([
        {
          endpoint: refOf(mine.json),
          organization: own,
          custodian: 'Organization/initiator',
          isPrivate: true,
          verified: true,
        },
        {
          endpoint: refOf(theirs.json),
          organization: listed,
          custodian: 'Organization/recipient',
          isPrivate: true,
          verified: false,
        },
      ]),
    );
    expect((await server.ask('recipient', 'GET', refOf(mine.json))).status).toBe(404);
    expect((await server.ask('stranger', 'PUT', refOf(mine.json), mine.json)).status).toBe(404);
  });

  test('is about nobody who says it himself', async () => {
    const answer = await write('initiator', 'Organization/recipient', `mailto:${fresh()}`);
    expect(answer.status).toBe(403);
  });

  test('is a Direct address, and stays one', async () => {
    const own = await privateOf('initiator', 'Harbor Dermatology');
    const rest = { connectionType: { ...connectionType, code: 'hl7-fhir-rest' } };
    const other = await write('initiator', own, 'https://harbor.example.org/fhir', rest);
    expect(other.status).toBe(403);
    const created = await write('initiator', own, `mailto:${fresh()}`);
    const changed = { ...created.json, ...rest, address: 'https://harbor.example.org/fhir' };
    expect((await server.ask('initiator', 'PUT', refOf(created.json), changed)).status).toBe(403);
  });
});

test('(directory DR48) an address is for its organization alone', async () => {
  const address = fresh();
  const created = await write('recipient', 'Organization/recipient', `mailto:${address}`);
  const endpoint = refOf(created.json);
  for (const [who, ref] of [
    ['initiator', endpoint],
    ['initiator', `${endpoint}/_history`],
    ['initiator', `Endpoint?organization=Organization/recipient`],
  ] as const) {
    const { status, text } = await server.ask(who, 'GET', ref);
    expect(status).toBe(200);
    expect(text).not.toContain(address);
  }
  const tried = [{ op: 'test', path: '/address', value: `mailto:${address}` }];
  expect((await server.ask('initiator', 'PATCH', endpoint, tried)).status).toBe(403);
});

test('(directory DR46, DR48) what an organization keeps about a partner it reads whole, and writes back', async () => {
  const address = fresh();
  const partner = await privateOf('initiator', 'Tarn Ridge');
  const created = await write('initiator', partner, `mailto:${address}`);
  expect(created.json).toMatchObject({ address: `mailto:${address}` });
  const endpoint = refOf(created.json);
  await verify('administrator', endpoint);
  const { json } = await server.ask('initiator', 'GET', endpoint);
  expect(json).toMatchObject({ address: `mailto:${address}` });
  const found = await server.ask('initiator', 'GET', `Endpoint?organization=${partner}`);
  expect(found.text).toContain(address);
  expect((await server.ask('initiator', 'PUT', endpoint, { ...json, name: 'Intake' })).status).toBe(200);
  expect(await verified(address)).toEqual([true]);
  expect((await server.ask('recipient', 'GET', endpoint)).text).not.toContain(address);
});

test('(directory DR44) verifying is on record', async () => {
  const created = await write('recipient', 'Organization/recipient', `mailto:${fresh()}`);
  const endpoint = refOf(created.json);
  await verify('administrator', endpoint);
  const { text } = await server.ask('administrator', 'GET', `AuditEvent?entity=${endpoint}`);
  expect(text).toContain(Buffer.from('endpoint verify').toString('base64'));
});
