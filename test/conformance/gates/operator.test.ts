/** The agreement with whoever operates the server (baa-messaging BA17). */
import { afterEach, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { callerOf, openWorld, SETTINGS, type World } from '../../world.ts';
import { putContract } from './put-contract.ts';

const clock = { at: Date.parse('2026-06-01T00:00:00Z'), now: () => clock.at };
const AFTER_END = Date.parse('2027-02-01T00:00:00Z');
const A: Ref = 'Organization/clinic';
const HOST: Ref = 'Organization/host';
const clinic = callerOf('clinic');

let world: World;
afterEach(() => world.close());

async function open(operatorAgreement: 'require' | 'warn' | 'off-for-demo', named = true): Promise<void> {
  clock.at = Date.parse('2026-06-01T00:00:00Z');
  const settings = {
    ...SETTINGS,
    operatorAgreement,
    ...(named && { operatorOrganization: HOST }),
  };
  world = await openWorld({ store: { clock }, engine: { clock, settings } });
  await world.seedDirectory('clinic', 'host');
}

const agree = () =>
  putContract(world.store, 'hosting', { principal: A, associate: HOST, services: ['it-hosting'] });
const write = () => world.ask(clinic, 'POST', 'Patient', make.patient());

test('(baa-messaging BA17) required: nothing about a patient is written without it, and all else is', async () => {
  await open('require');
  const refused = await write();
  expect([refused.status, refused.code]).toEqual([403, 'agreement-not-active']);
  expect(refused.issues[0]?.diagnostics).toMatch(
    /^This server is operated by host\. There is no business associate agreement between clinic and host\./,
  );
  expect((await world.bundle(clinic, 'Patient')).entry ?? []).toEqual([]);
  const place = { resourceType: 'Location', name: 'Room 1', managingOrganization: { reference: A } };
  expect((await world.ask(clinic, 'POST', 'Location', place)).status).toBe(201);
  expect((await world.ask(callerOf('host'), 'POST', 'Patient', make.patient())).status).toBe(201);
});

test('(baa-messaging BA5, BA17) while it is in force, and not a millisecond longer', async () => {
  await open('require');
  await agree();
  expect((await write()).status).toBe(201);
  clock.at = AFTER_END - 1;
  expect((await write()).status).toBe(201);
  clock.at = AFTER_END;
  const refused = await write();
  expect([refused.code, refused.issues[0]]).toEqual([
    'agreement-not-active',
    expect.objectContaining({ agreement: 'Contract/hosting' }),
  ]);
});

test('(baa-messaging BA17) warned of: it is written, and the answer says so', async () => {
  await open('warn');
  const { status, headers, text } = await write();
  expect(status).toBe(201);
  expect(`${JSON.stringify(headers)}${text ?? ''}`).toContain('This server is operated by host');
});

test.each([
  ['off-for-demo', true],
  ['require', false],
] as const)('(baa-messaging BA17) %s, the operator named: %s: nobody is asked', async (setting, named) => {
  await open(setting, named);
  expect((await write()).status).toBe(201);
});
