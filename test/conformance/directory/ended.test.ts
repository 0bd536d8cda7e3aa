/** Numbers that ended, or were replaced, and the time that they still lead somewhere (docs/directory.md). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Identity } from '../../../src/resources/parties/identity-systems.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { admitMember } from '../../../src/operations/members.ts';
import { endIdentity, verifyIdentity } from '../../../src/operations/register.ts';
import { createFindOrganization } from '../../../src/server/organizations.ts';
import { registerRowsOf } from '../../../src/resources/parties/register.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  initiator,
  openWorld,
  refOf,
  type WorldReply,
  type Headers,
  type World,
} from '../../world.ts';

const DAY = 86_400_000;
const ADMITTING = {
  agent: { organization: '', client: 'admin', subject: 'ana' },
  requestId: 'r-1',
} as const;
const npi = (name: string): Identity => ({ system: make.NPI_SYSTEM, value: make.npiOf(name) });

let world: World;
let now = Date.parse('2026-01-01T00:00:00Z');
const clock = { now: () => now };
let numbers = 0;
let [old, next]: Identity[] = [];

beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('initiator', 'recipient', 'successor');
});
afterAll(() => world.close());
beforeEach(() => {
  numbers += 1;
  [old, next] = [npi(`old-${numbers}`), npi(`next-${numbers}`)];
});

const context = () => ({ store: world.store, clock, committed: () => undefined });
const verify = (identity: Identity, holder: 'recipient' | 'successor', entityType?: 1 | 2) =>
  verifyIdentity(
    context(),
    { identity, holder: `Organization/${holder}`, entityType, move: false, examples: false },
    ADMITTING,
  );
const end = (identity: Identity, replacedBy?: Identity) =>
  endIdentity(context(), { identity, ...(replacedBy !== undefined && { replacedBy }) }, ADMITTING);
const known = (one: Identity | undefined): Identity => one ?? npi('nobody');

async function send(performer: object, prefer: Headers['prefer'] = {}): Promise<WorldReply> {
  const patient = await world.create(initiator, make.patient());
  const parties = { subject: refOf(patient), requester: 'Organization/initiator', performer: 'x' };
  const order = make.serviceRequest({ ...parties, placer: refOf(patient) }, { performer: [performer] });
  return world.ask(initiator, 'POST', 'ServiceRequest', order, { prefer });
}
async function partyOf(performer: object): Promise<unknown> {
  const { json, code } = await send(performer);
  const [named] = (json?.['performer'] ?? []) as {
    extension?: { valueReference: { reference: string } }[];
  }[];
  return code ?? named?.extension?.[0]?.valueReference.reference;
}
const shown = async (organization: string): Promise<string> =>
  JSON.stringify(
    (await world.ask(administrator, 'GET', `Organization/${organization}`)).json?.['identifier'],
  );

/** By the number alone, and by the initiator's own record of somebody with it. */
const ways: readonly (readonly [string, (identity: Identity) => Promise<object>])[] = [
  ['by the number', async (identifier) => ({ identifier })],
  [
    'by a private record',
    async (identifier) => {
      const record: Resource = {
        resourceType: 'Organization',
        name: 'successor recipient',
        identifier: [identifier],
      };
      return make.to(refOf(await world.create(initiator, record)));
    },
  ],
];

describe.each(ways)('(directory DR17) %s', (_says, naming) => {
  test('one that ended addresses nobody, and its organization shows it no more', async () => {
    await verify(known(old), 'recipient');
    expect(await partyOf(await naming(known(old)))).toBe('Organization/recipient');
    await end(known(old));
    expect(await partyOf(await naming(known(old)))).toBe('party-inactive');
    expect(await shown('recipient')).not.toContain(known(old).value);
    await verify(known(old), 'recipient');
    expect(await partyOf(await naming(known(old)))).toBe('Organization/recipient');
  });

  test('one that was replaced leads to its successor’s holder for 365 days, with a warning', async () => {
    await verify(known(old), 'recipient');
    await verify(known(next), 'successor');
    await end(known(old), known(next));
    now += 365 * DAY - 1000;
    const answer = await send(await naming(known(old)), { return: 'OperationOutcome' });
    const { issue = [] } = answer.json as { issue?: { severity: string; diagnostics: string }[] };
    const says = `It was replaced by ${known(next).value}, and leads there for a year at most.`;
    expect([answer.status, issue]).toEqual([
      201,
      expect.arrayContaining([
        expect.objectContaining({ severity: 'warning', diagnostics: expect.stringContaining(says) }),
      ]),
    ]);
    expect(await partyOf(await naming(known(old)))).toBe('Organization/successor');
    now += 2000;
    expect(await partyOf(await naming(known(old)))).toBe('party-inactive');
    expect(await partyOf(await naming(known(next)))).toBe('Organization/successor');
  });
});

describe('(directory DR17) a number that was replaced', () => {
  test('may never have been known here, and its successor may be replaced in turn', async () => {
    const last = npi(`last-${numbers}`);
    await verify(known(next), 'recipient');
    await end(known(old), known(next));
    await verify(last, 'successor');
    await end(known(next), last);
    expect(await partyOf({ identifier: known(old) })).toBe('Organization/successor');
    await end(last);
    expect(await partyOf({ identifier: known(old) })).toBe('party-inactive');
  });

  test('needs a successor that is verified', async () => {
    await verify(known(old), 'recipient');
    await expect(end(known(old), known(next))).rejects.toMatchObject({ code: 'not-found' });
    await expect(end(npi('never'))).rejects.toMatchObject({ code: 'not-found' });
    expect(await partyOf({ identifier: known(old) })).toBe('Organization/recipient');
  });

  test('(directory DR18) names nobody in a token, as one that ended', async () => {
    const { value, system } = known(old);
    await verify(known(old), 'recipient');
    await verify(known(next), 'successor');
    await admitMember(context(), 'Organization/recipient', ADMITTING);
    const find = createFindOrganization(world.store);
    expect(await find({ system, value })).toBe('Organization/recipient');
    await end(known(old), known(next));
    expect(await find({ system, value })).toBeUndefined();
  });
});

test.each([
  ['an organization, numbered as one', 'Organization/recipient', 2, []],
  ['an organization, numbered as a person', 'Organization/recipient', 1, ['npi-entity-type']],
  ['a person, numbered as one', 'Practitioner/ana', 1, []],
  ['a person, numbered as an organization', 'Practitioner/ana', 2, ['npi-entity-type']],
  ['nobody knows what', 'Organization/recipient', undefined, []],
] as const)('(directory DR16) %s', async (_says, holder, entityType, codes) => {
  const person: Resource = { resourceType: 'Practitioner', id: 'ana', name: [{ family: 'Ana' }] };
  await world.ask(administrator, 'PUT', 'Practitioner/ana', person);
  const verification = { identity: known(next), holder, entityType, move: false, examples: false };
  const doubts = await verifyIdentity(context(), verification, ADMITTING);
  expect(doubts.map(({ code, severity }) => [code, severity])).toEqual(
    codes.map((code) => [code, 'warning']),
  );
  const [row] = (await registerRowsOf(world.store.snapshot(), holder)).filter(
    ({ value }) => value === known(next).value,
  );
  expect([row?.state, row?.entityType]).toEqual(['verified', entityType]);
});

test('(directory DR17) a person’s number that ended addresses nobody, and makes no private record', async () => {
  const person: Resource = { resourceType: 'Practitioner', id: 'ben', name: [{ family: 'Ben' }] };
  await world.ask(administrator, 'PUT', 'Practitioner/ben', person);
  const verification = {
    identity: known(old),
    holder: 'Practitioner/ben',
    move: false,
    examples: false,
  } as const;
  await verifyIdentity(context(), verification, ADMITTING);
  await end(known(old));
  expect(await partyOf({ identifier: known(old) })).toBe('party-inactive');
});

test('(directory DR17) a person’s number that an organization’s replaced ends with the year', async () => {
  const person: Resource = { resourceType: 'Practitioner', id: 'eva', name: [{ family: 'Eva' }] };
  await world.ask(administrator, 'PUT', 'Practitioner/eva', person);
  const verification = {
    identity: known(old),
    holder: 'Practitioner/eva',
    move: false,
    examples: false,
  } as const;
  await verifyIdentity(context(), verification, ADMITTING);
  await verify(known(next), 'successor');
  await end(known(old), known(next));
  expect(await partyOf({ identifier: known(old) })).toBe('Organization/successor');
  const { json } = await world.ask(administrator, 'GET', 'Practitioner/eva');
  expect(JSON.stringify(json)).not.toContain(known(old).value);
  const rows = await registerRowsOf(world.store.snapshot(), 'Practitioner/eva');
  expect(rows.map(({ state }) => state)).toEqual(['expired']);
  now += 366 * DAY;
  expect(await partyOf({ identifier: known(old) })).toBe('party-inactive');
});
