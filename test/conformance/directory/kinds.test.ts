/** Who says what kind of party an organization is (docs/directory.md, D1). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { readKinds } from '../../../src/delivery/party-facts.ts';
import type { PartyKindDefault } from '../../../src/policies/party-kind.ts';
import { ATTESTED_KIND, PARTY_KIND_SYSTEM, withoutKind } from '../../../src/resources/parties/kinds.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const OWN = 'Organization/recipient';
const coded = (code: string) => ({ coding: [{ system: PARTY_KIND_SYSTEM, code }] });
const clinic = { text: 'Clinic' };

const current = (ref: string = OWN) => server.read('administrator', ref);
const kindsOf = async (
  ref: Ref,
  discloser: Ref = 'Organization/initiator',
  by: PartyKindDefault = 'none',
) => [...(await readKinds(server.running.store.snapshot(), ref, discloser, by))];

/** What an administrator left there: a provider, and a type of another system. */
beforeEach(async () => {
  const type = [coded('provider'), clinic];
  await server.ask('administrator', 'PUT', OWN, { ...(await current()), type });
});

type Send = (who: string, type: readonly object[]) => ReturnType<TestServer['ask']>;

const FHIRPATH = { headers: { 'content-type': 'application/fhir+json' } };

/** A FHIRPath Patch that replaces the types one by one. */
const patchOf = (type: readonly object[]) => ({
  resourceType: 'Parameters',
  parameter: [
    ...[1, 0].map((at) => [
      { name: 'type', valueCode: 'delete' },
      { name: 'path', valueString: `Organization.type[${at}]` },
    ]),
    ...type.map((valueCodeableConcept) => [
      { name: 'type', valueCode: 'add' },
      { name: 'path', valueString: 'Organization' },
      { name: 'name', valueString: 'type' },
      { name: 'value', valueCodeableConcept },
    ]),
  ].map((part) => ({ name: 'operation', part })),
});

const DOORS: readonly (readonly [door: string, send: Send])[] = [
  ['PUT', async (who, type) => server.ask(who, 'PUT', OWN, { ...(await current()), type })],
  ['JSON Patch', (who, value) => server.ask(who, 'PATCH', OWN, [{ op: 'add', path: '/type', value }])],
  ['FHIRPath Patch', (who, type) => server.ask(who, 'PATCH', OWN, patchOf(type), FHIRPATH)],
  [
    'transaction',
    async (who, type) => {
      const resource = { ...(await current()), type };
      return server.ask(who, 'POST', '', make.transaction({ method: 'PUT', url: OWN, resource }));
    },
  ],
  [
    'conditional update',
    async (who, type) =>
      server.ask(who, 'PUT', 'Organization?name=recipient', { ...(await current()), type }),
  ],
];

const KINDS_ARE_SET = 'An administrator sets what kind of party an organization is.';

const CHANGES: readonly (readonly [says: string, type: readonly object[], told: string | undefined])[] = [
  ['adds that it is a Part 2 program', [coded('provider'), clinic, coded('part2-program')], undefined],
  ['writes back what it read', [clinic, coded('provider')], undefined],
  ['promotes itself', [coded('provider'), clinic, coded('public-health-authority')], 'party-kind-protected'],
  ['takes a kind away', [clinic], 'party-kind-protected'],
  ['puts one for another', [coded('part2-program'), clinic], 'party-kind-protected'],
  ['changes another type', [coded('provider'), { text: 'Hospital' }], 'party-protected'],
  ['adds another type', [coded('provider'), clinic, { text: 'Court' }], 'party-protected'],
];

describe.each(DOORS)('(compliance D1) (directory DR20) by %s', (_door, send) => {
  test.each(CHANGES)('an organization %s', async (_says, type, told) => {
    const answer = await send('recipient', type);
    expect([answer.status, answer.code]).toEqual(told === undefined ? [200, undefined] : [403, told]);
    expect(answer.says).toContain(told === 'party-kind-protected' ? KINDS_ARE_SET : '');
  });

  test('an administrator sets and takes any', async () => {
    expect((await send('administrator', [coded('court'), coded('employer')])).status).toBe(200);
    expect(await kindsOf(OWN)).toEqual(['court', 'employer']);
  });
});

describe('(compliance D1) what an organization added about itself', () => {
  const add = (who: string) =>
    server.ask(who, 'PATCH', OWN, [{ op: 'add', path: '/type/-', value: coded('part2-program') }]);
  const marks = async () =>
    (((await current())['type'] ?? []) as { coding?: { userSelected?: boolean }[] }[]).flatMap(
      ({ coding = [] }) => coding.map(({ userSelected = false }) => userSelected),
    );

  test('is marked, stays, and is never taken away by itself', async () => {
    const added = await add('recipient');
    expect(added.status).toBe(200);
    expect(await marks()).toEqual([false, true]);
    const type = [coded('part2-program'), coded('provider'), clinic];
    expect((await server.ask('recipient', 'PUT', OWN, { ...(await current()), type })).status).toBe(200);
    expect(await marks()).toEqual([true, false]);
    const without = { ...(await current()), type: [coded('provider'), clinic] };
    const refused = await server.ask('recipient', 'PUT', OWN, without);
    expect([refused.status, refused.code]).toEqual([403, 'party-kind-protected']);
    expect((await server.ask('administrator', 'PUT', OWN, without)).status).toBe(200);
    expect(await kindsOf(OWN)).toEqual(['provider']);
  });

  test('makes it no provider; the word of an administrator does', async () => {
    const type = [coded('community-organization')];
    await server.ask('administrator', 'PUT', OWN, { ...(await current()), type });
    await add('recipient');
    expect(await kindsOf(OWN)).toEqual(['community-organization', 'part2-program']);
    const named = { ...(await current()), type: [coded('part2-program')] };
    expect((await server.ask('administrator', 'PUT', OWN, named)).status).toBe(200);
    expect(await kindsOf(OWN)).toEqual(['part2-program', 'provider']);
  });

  test('the mark is the server’s: a client gives it to no other kind', async () => {
    const type = [{ coding: [{ ...coded('provider').coding[0], userSelected: true }] }, clinic];
    expect((await server.ask('recipient', 'PUT', OWN, { ...(await current()), type })).status).toBe(200);
    expect(await marks()).toEqual([false]);
  });
});

test('(compliance D1) a code that is no kind is refused', async () => {
  const put = await server.ask('administrator', 'PUT', OWN, {
    ...(await current()),
    type: [coded('hospital')],
  });
  expect([put.status, put.code]).toEqual([422, 'structure-invalid']);
});

test('(directory DR36) (harmony Z15) a listed party counts by its NPI, until an administrator says more', async () => {
  const listed = 'Organization/listed';
  const organization = make.organization('listed');
  const put = (more: object) => server.ask('administrator', 'PUT', listed, { ...organization, ...more });
  expect((await put({})).status).toBe(201);
  expect(await kindsOf(listed)).toEqual(['provider']);
  await put({ type: [coded('school')] });
  expect(await kindsOf(listed)).toEqual(['school']);
  await put({ identifier: [{ system: 'https://own.example.org', value: '7' }] });
  expect(await kindsOf(listed)).toEqual([]);
  expect(await kindsOf(listed, 'Organization/initiator', 'provider')).toEqual(['provider']);
});

describe('(directory DR36) (harmony Z15) a private party', () => {
  const attesting = (kind: string): Resource => ({
    resourceType: 'Organization',
    name: 'Outside',
    extension: [
      {
        url: ATTESTED_KIND,
        extension: [
          { url: 'kind', valueCode: kind },
          { url: 'by', valueReference: make.to('Organization/initiator') },
          { url: 'when', valueDateTime: '2026-11-30' },
          { url: 'why', valueString: 'Its web site' },
        ],
      },
    ],
  });

  test('counts as what its keeper attests, for the keeper alone', async () => {
    const outside = refOf(await server.create('initiator', attesting('health-plan')));
    expect(await kindsOf(outside)).toEqual(['health-plan']);
    expect(await kindsOf(outside, 'Organization/recipient')).toEqual([]);
  });

  test.each(['business-associate', 'court'])('is never attested as %s', async (kind) => {
    const refused = await server.ask('initiator', 'POST', 'Organization', attesting(kind));
    expect([refused.status, refused.code]).toEqual([422, 'structure-invalid']);
  });

  test('is given no kind by its keeper', async () => {
    const named = { resourceType: 'Organization', name: 'Outside', type: [coded('part2-program')] };
    const refused = await server.ask('initiator', 'POST', 'Organization', named);
    expect([refused.status, refused.code]).toEqual([403, 'party-kind-protected']);
    const within = await server.ask(
      'initiator',
      'POST',
      '',
      make.transaction({ method: 'POST', url: 'Organization', resource: named }),
    );
    expect([within.status, within.code]).toEqual([403, 'party-kind-protected']);
  });
});

test('(compliance D1) members and listed organizations without a kind are found', async () => {
  const { matches } = await server.running.store.snapshot().search(withoutKind(50));
  const found = matches.map(({ ref }) => ref);
  expect(found).toEqual(expect.arrayContaining(['Organization/initiator', 'Organization/stranger']));
  expect(found).not.toContain(OWN);
});
