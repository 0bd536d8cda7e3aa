/** How two organizations stand by the Contracts of a real store (baa-messaging BA5, BA7, BA12). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openAssociations, readAgreement, storedContracts } from '../../../src/delivery/agreements.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { agreement, type AgreementSpec } from '../../agreements.ts';
import { openWorld, type Stored, type World } from '../../contract/delivery-world.ts';

const A: Ref = 'Organization/a';
const V: Ref = 'Organization/v';
const S: Ref = 'Organization/s';
const NOW = Date.parse('2026-06-01T00:00:00Z');
const AFTER_END = Date.parse('2027-02-01T00:00:00Z');

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const put = (id: string, spec: AgreementSpec, keeper = spec.principal as Ref): Promise<number> =>
  world.put(agreement({ id, ...spec }) as Stored, [], keeper);
const standing = async (one: Ref, other: Ref, now = NOW) =>
  (await readAgreement(storedContracts(world.store.snapshot()), one, other, now)).state;
const open = async (organization: Ref, now = NOW) =>
  [...(await openAssociations(storedContracts(world.store.snapshot()), organization, now))].toSorted();

test('(baa-messaging BA4) none without a Contract, and none by a Contract that its principal does not keep', async () => {
  expect(await standing(A, V)).toBe('none');
  await put('forged', { principal: A, associate: V }, V);
  expect(await standing(A, V)).toBe('none');
  expect(await open(V)).toEqual([]);
});

test('(baa-messaging BA5, BA12) in force either way until the millisecond at which it ends', async () => {
  await put('a-v', { principal: A, associate: V, services: ['billing'] });
  expect([await standing(A, V), await standing(V, A)]).toEqual(['active', 'active']);
  expect([await standing(A, V, AFTER_END - 1), await standing(A, V, AFTER_END)]).toEqual([
    'active',
    'expired',
  ]);
  expect([await open(A), await open(V), await open(V, AFTER_END)]).toEqual([[V], [A], []]);
});

test('(baa-messaging BA7) a subcontractor stands by the chain, and what closes above closes below at once', async () => {
  expect(await standing(A, S)).toBe('none');
  await put('v-s', { principal: V, associate: S, kinds: ['subcontractor-baa'], services: ['billing'] });
  expect([await standing(A, S), await standing(V, S)]).toEqual(['active', 'active']);
  expect(await open(S)).toEqual([A, V]);
  await put('a-v', { principal: A, associate: V, services: ['billing'], status: 'revoked' });
  expect([await standing(A, S), await standing(V, S), await standing(A, V)]).toEqual([
    'revoked',
    'revoked',
    'revoked',
  ]);
  expect([await open(S), await open(V)]).toEqual([[], []]);
});

test('(baa-messaging BA8) who serves a program as a qualified service organization', async () => {
  const read = async (one: Ref, other: Ref) =>
    readAgreement(storedContracts(world.store.snapshot()), one, other, NOW);
  await put('p-q', { principal: 'Organization/p', associate: 'Organization/q', kinds: ['qso'] });
  expect(await read('Organization/p', 'Organization/q')).toMatchObject({ state: 'none', qualified: true });
  expect(await read('Organization/q', 'Organization/p')).toMatchObject({ qualified: false });
});
