/** Who somebody is: what the register says, whatever anybody writes into its own Organization (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { createFindOrganization } from '../../../src/server/organizations.ts';
import { SAME_LEGAL_ENTITY } from '../../../src/resources/parties/entity.ts';
import { findRow, verifiedOid } from '../../../src/resources/parties/register.ts';
import * as make from '../../resources.ts';
import { refOf } from '../../world.ts';
import { openServer, type TestServer } from '../../server.ts';

const NPI = make.NPI_SYSTEM;
const URI = 'urn:ietf:rfc:3986';
const CLIA = 'urn:oid:2.16.840.1.113883.4.7';
const TIN = 'urn:oid:2.16.840.1.113883.4.4';
/** Of nobody here. */
const FREE = '1467560003';
const OID = 'urn:oid:2.999.77.2';

let server: TestServer;

beforeAll(async () => {
  server = await openServer();
  await set('administrator', 'recipient', [
    { system: NPI, value: make.npiOf('recipient') },
    { system: URI, value: OID },
  ]);
});
afterAll(() => server.close());

const patch = (who: string, id: string, ...operations: object[]) =>
  server.ask(who, 'PATCH', `Organization/${id}`, operations);
const set = (who: string, id: string, identifier: readonly object[]) =>
  patch(who, id, { op: 'add', path: '/identifier', value: identifier });
const current = (id: string) => server.read('administrator', `Organization/${id}`);
const find = (system: string, value: string): Promise<Ref | undefined> =>
  createFindOrganization(server.running.store)({ system, value });

/** What the stranger adds to itself. */
const CLAIMS = [
  ['an NPI that nobody has', { system: NPI, value: FREE }],
  ['the NPI of the recipient', { system: NPI, value: make.npiOf('recipient') }],
  ['the OID of the recipient', { system: URI, value: OID }],
  ['the NPI under its OID', { system: 'urn:oid:2.16.840.1.113883.4.6', value: FREE }],
  ['a CLIA number', { system: CLIA, value: '05D0642827' }],
] as const;

/** The ways by which an organization writes into itself. */
const DOORS: readonly (readonly [door: string, send: (after: Resource) => ReturnType<TestServer['ask']>])[] =
  [
    ['PUT', (after) => server.ask('stranger', 'PUT', 'Organization/stranger', after)],
    ['JSON Patch', (after) => set('stranger', 'stranger', after['identifier'] as object[])],
    [
      'FHIRPath Patch',
      (after) =>
        server.ask(
          'stranger',
          'PATCH',
          'Organization/stranger',
          {
            resourceType: 'Parameters',
            parameter: (after['identifier'] as object[]).slice(-1).map((valueIdentifier) => ({
              name: 'operation',
              part: [
                { name: 'type', valueCode: 'add' },
                { name: 'path', valueString: 'Organization' },
                { name: 'name', valueString: 'identifier' },
                { name: 'value', valueIdentifier },
              ],
            })),
          },
          { headers: { 'content-type': 'application/fhir+json' } },
        ),
    ],
    [
      'transaction',
      (after) =>
        server.ask(
          'stranger',
          'POST',
          '',
          make.transaction({ method: 'PUT', url: 'Organization/stranger', resource: after }),
        ),
    ],
    ['conditional update', (after) => server.ask('stranger', 'PUT', 'Organization?name=stranger', after)],
  ];

describe.each(CLAIMS)('(directory DR10, DR11) %s', (_says, identifier) => {
  test.each(DOORS)('is not written by its own %s, and names it to nobody', async (_door, send) => {
    const before = await current('stranger');
    const after = { ...before, identifier: [...(before['identifier'] as object[]), identifier] };
    const answer = await send(after);
    expect([answer.status, answer.code]).toEqual([403, 'identifier-protected']);
    const who = await find(identifier.system, identifier.value);
    expect(who).not.toBe('Organization/stranger');
    expect(await find(NPI, make.npiOf('recipient'))).toBe('Organization/recipient');
    expect(await find(NPI, make.npiOf('stranger'))).toBe('Organization/stranger');
  });
});

test.each([
  ['taken away', (list: readonly object[]) => list.slice(1), 403],
  ['in another order', (list: readonly object[]) => list.toReversed(), 200],
  ['as they are', (list: readonly object[]) => list, 200],
  [
    'with a number of its own',
    (list: readonly object[]) => [...list, { system: 'https://own.example.org', value: '7' }],
    200,
  ],
])('(directory DR11, DR21) identifiers %s by the organization itself', async (_says, change, status) => {
  const before = await current('recipient');
  const identifier = change(before['identifier'] as object[]);
  const answer = await server.ask('recipient', 'PUT', 'Organization/recipient', { ...before, identifier });
  expect(answer.status).toBe(status);
});

describe('(directory DR20) what of a member an administrator alone writes', () => {
  const CHANGES = [
    ['name', 'Another name', 403],
    ['type', [{ text: 'clinic' }], 403],
    ['partOf', make.to('Organization/recipient'), 403],
    ['extension', [{ url: SAME_LEGAL_ENTITY, valueBoolean: true }], 403],
    ['alias', ['R'], 200],
    ['telecom', [{ system: 'phone', value: '+1 555 0100' }], 200],
    ['address', [{ city: 'Elmtown' }], 200],
  ] as const;
  test.each(CHANGES)('%s', async (element, value, status) => {
    const change = { op: 'add', path: `/${element}`, value };
    const own = await patch('recipient', 'recipient', change);
    expect([own.status, own.code]).toEqual([status, status === 200 ? undefined : 'party-protected']);
    const says = status === 403 ? `Only an administrator changes Organization.${element}.` : '';
    expect(own.says).toContain(says);
    expect((await patch('stranger', 'recipient', change)).code).toBe('not-custodian');
    const put = await server.ask('recipient', 'PUT', 'Organization/recipient', {
      ...(await current('recipient')),
      [element]: value,
    });
    expect(put.status).toBe(status);
  });

  test('its end, and the organization of a role', async () => {
    expect((await server.ask('recipient', 'DELETE', 'Organization/recipient')).code).toBe('party-protected');
    const moved = make.practitionerRole('recipient', { organization: make.to('Organization/stranger') });
    const role = await server.ask('recipient', 'PUT', 'PractitionerRole/recipient', moved);
    expect(role.status).toBe(403);
  });
});

describe('(directory DR10) an administrator', () => {
  test('verifies what it writes, takes it away again, and may give it to another in one commit', async () => {
    const state = async () => {
      const row = await findRow(server.running.store.snapshot(), 'register', { system: NPI, value: FREE });
      return row && [row.holder, row.state];
    };
    const number = { system: NPI, value: FREE };
    const own = (id: string) => ({ system: NPI, value: make.npiOf(id) });
    expect((await set('administrator', 'stranger', [own('stranger'), number])).status).toBe(200);
    expect(await state()).toEqual(['Organization/stranger', 'verified']);
    const taken = await set('administrator', 'initiator', [own('initiator'), number]);
    expect([taken.status, taken.code]).toEqual([409, 'identifier-taken']);
    const [from, to] = [await current('stranger'), await current('initiator')];
    await server.transact(
      'administrator',
      make.transaction(
        { method: 'PUT', url: 'Organization/stranger', resource: { ...from, identifier: [own('stranger')] } },
        {
          method: 'PUT',
          url: 'Organization/initiator',
          resource: { ...to, identifier: [own('initiator'), number] },
        },
      ),
    );
    expect(await state()).toEqual(['Organization/initiator', 'verified']);
    expect((await set('administrator', 'initiator', [own('initiator')])).status).toBe(200);
    expect(await state()).toEqual(['Organization/initiator', 'revoked']);
    expect(await find(NPI, FREE)).toBeUndefined();
  });

  test.each([
    ['an NPI with a wrong check digit', { system: NPI, value: '1234567890' }],
    ['an NPI of nine digits', { system: NPI, value: '123456789' }],
    ['an OID with a leading zero', { system: URI, value: 'urn:oid:2.16.0840' }],
    ['a CLIA number without its letter', { system: CLIA, value: '0510642827' }],
  ])('(directory DR15) is refused %s', async (_says, identifier) => {
    const answer = await set('administrator', 'stranger', [identifier]);
    expect([answer.status, answer.code]).toEqual([422, 'identifier-check-digit']);
  });

  test('shows a tax number to its own organization alone, and nobody finds it', async () => {
    const number = { system: TIN, value: '123456789' };
    const own = { system: NPI, value: make.npiOf('recipient') };
    expect((await set('administrator', 'recipient', [own, { system: URI, value: OID }, number])).status).toBe(
      200,
    );
    const seen = async (who: string) =>
      ((await server.read(who, 'Organization/recipient'))['identifier'] as object[]).length;
    expect([await seen('recipient'), await seen('administrator'), await seen('stranger')]).toEqual([3, 3, 2]);
    expect(await server.search('stranger', `Organization?identifier=${TIN}|123456789`)).toEqual([]);
    expect(await server.search('stranger', 'Organization?identifier=123456789')).toEqual([]);
    // Nor does any answer to an order tell whether a number was guessed: the right one is answered as any other.
    const subject = refOf(await server.create('stranger', make.patient()));
    const guess = async (value: string) => {
      const sender = { identifier: { system: TIN, value } };
      const copy = await server.create('stranger', {
        resourceType: 'Organization',
        name: 'recipient',
        identifier: [sender.identifier],
      });
      const recipient = [make.to(refOf(copy)), sender];
      const message = make.communication([subject], { sender, recipient });
      const { status, text } = await server.ask('stranger', 'POST', 'Communication', message);
      return [status, text.includes('resolved-party')];
    };
    expect([await guess('123456789'), await guess('987654321')]).toEqual([
      [403, false],
      [403, false],
    ]);
  });
});

test('(directory DR10) MSH-4 of what leaves is the OID that is verified, whatever an organization wrote', async () => {
  const snapshot = server.running.store.snapshot();
  expect(await verifiedOid(snapshot, 'Organization/recipient')).toBe(OID.slice('urn:oid:'.length));
  expect(await verifiedOid(snapshot, 'Organization/stranger')).toBeUndefined();
});

test('(directory DR10) an order by a number goes to whom it is verified for, and to nobody by a claim', async () => {
  const patient = await server.create('initiator', make.patient());
  const order = (value: string) =>
    server.ask(
      'initiator',
      'POST',
      'ServiceRequest',
      make.serviceRequest(
        {
          subject: `Patient/${patient.id}`,
          requester: 'PractitionerRole/initiator',
          performer: 'x',
          placer: value,
        },
        { performer: [{ identifier: { system: NPI, value } }] },
      ),
    );
  const known = await order(make.npiOf('recipient'));
  expect([known.status, known.link?.startsWith('Task/')]).toEqual([201, true]);
  const task = await server.read('recipient', known.link ?? '');
  expect(task['owner']).toMatchObject({
    identifier: { value: make.npiOf('recipient') },
    extension: [{ valueReference: { reference: 'Organization/recipient' } }],
  });
  // It is held: whoever merely claims the number is told nothing.
  const { link: held = '' } = await order(FREE);
  const seen = async (who: string) => (await server.ask(who, 'GET', held)).status;
  expect([await seen('initiator'), await seen('stranger'), await seen('recipient')]).toEqual([200, 404, 404]);
});
