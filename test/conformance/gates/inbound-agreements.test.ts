/** Messages between two without an agreement in force: kept apart for the principal, who is asked (baa-messaging BA16). */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AgreementSpec } from '../../agreements.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { localRef } from '../../../src/resources/element.ts';
import { refOf, type Stored } from '../../world.ts';
import {
  accept,
  larkspur,
  openExchange,
  outcome,
  request,
  stateOf,
  tidewater,
  type Exchange,
} from '../hl7v2/exchange.ts';
import { mailOf, openMailed, REFERRAL_NOTE, TO_TIDEWATER } from '../direct/mailed.ts';
import { putContract, setKinds } from './put-contract.ts';

const A: Ref = 'Organization/larkspur';
const V: Ref = 'Organization/tidewater';

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
  await setKinds(exchange, V, 'business-associate');
});
afterEach(() => exchange.close());

const agree = (more: Omit<AgreementSpec, 'principal'> = {}): Promise<void> =>
  putContract(exchange.store, 'baa', {
    principal: A,
    associate: V,
    start: '2025-01-01',
    end: '2025-12-31',
    signedOn: '2025-01-02T09:00:00Z',
    issued: '2025-01-01',
    ...more,
  });

/** The kept message of the only work item, and who keeps it. */
async function kept() {
  const [item, ...others] = await exchange.workItems();
  expect(others).toEqual([]);
  const document: Ref = localRef(item?.task['focus']) ?? 'DocumentReference/none';
  const version = await exchange.store.snapshot().read(document, EVERYTHING);
  return { item, document, keeper: version?.custodian };
}

test('from the associate: AE 207, in no chart, and the privacy officer of the principal is asked', async () => {
  await agree();
  expect((await exchange.say(request({ at: 0, id: 'L-0' }))).code).toBe('AA');
  await agree({ status: 'revoked', reason: { code: 'service-ended', effective: '2025-04-01' } });
  const told = await exchange.say(accept({ at: 5, id: 'T-5' }));
  expect([told.fate, told.code]).toEqual(['quarantine', 'AE']);
  expect(told.remarks).toEqual([
    expect.objectContaining({
      code: '207',
      severity: 'E',
      issue: 'agreement-not-active',
      says: 'Messages with health information are paused: no agreement with larkspur is in force.',
    }),
  ]);
  const { item, document, keeper } = await kept();
  expect([item?.kind, item?.owner, keeper]).toEqual(['agreement-quarantine', A, A]);
  expect(item?.task['description']).toBe(
    'Health information came from tidewater without an agreement in force. ' +
      'The agreement with tidewater was revoked on 2025-04-01. Contract/baa',
  );
  expect(stateOf(await exchange.referral())).toBe('received 2.0');
  expect((await exchange.ask(tidewater, 'GET', document)).status).toBe(404);
  expect((await exchange.ask(tidewater, 'GET', refOf(item?.task as Stored))).status).toBe(404);
});

test('to the associate: kept for its sender, and the associate learns nothing of it', async () => {
  const told = await exchange.say(request({ at: 0, id: 'L-0' }));
  expect([told.fate, told.code, told.remarks[0]?.code]).toEqual(['quarantine', 'AE', '207']);
  const { item, document, keeper } = await kept();
  expect([item?.kind, item?.owner, keeper]).toEqual(['agreement-quarantine', A, A]);
  expect(item?.task['description']).toMatch(/^A message to tidewater was kept and not passed on/);
  expect(await exchange.all('ServiceRequest')).toEqual([]);
  for (const type of ['DocumentReference', 'Binary', 'Patient', 'Task', 'Provenance', 'AuditEvent']) {
    const { json } = await exchange.ask(tidewater, 'GET', type);
    expect([type, JSON.stringify(json)]).toEqual([type, expect.not.stringContaining(document)]);
  }
  expect((await exchange.ask(tidewater, 'GET', document)).status).toBe(404);
});

test('other content under a known number is kept for the principal as well', async () => {
  await agree();
  await exchange.say(request({ at: 0, id: 'L-0' }));
  await agree({ status: 'revoked', reason: { code: 'other' } });
  await exchange.say(request({ at: 0, id: 'L-0', referral: 'R-9' }));
  const { keeper } = await kept();
  expect(keeper).toBe(A);
});

test('is applied when a person replays it under a new agreement, and not before', async () => {
  await agree();
  await exchange.say(request({ at: 0, id: 'L-0' }));
  await agree({ end: '2025-03-31' });
  await exchange.say(accept({ at: 5, id: 'T-5' }));
  const { item } = await kept();
  const replay = () =>
    exchange.ask(larkspur, 'POST', `${refOf(item?.task as Stored)}/$replay-message`, {
      resourceType: 'Parameters',
    });
  await replay();
  expect((await exchange.workItems()).map(({ kind }) => kind)).toEqual(['agreement-quarantine']);
  expect(stateOf(await exchange.referral())).toBe('received 2.0');
  await agree();
  expect(stateOf(await exchange.referral())).toBe('received 2.0'); // nothing by itself
  await replay();
  expect(await exchange.workItems()).toEqual([]);
  expect(stateOf(await exchange.referral())).toMatch(/^accepted/);
});

test('a Direct mail meets the same', async () => {
  const mailed = await openMailed({});
  await setKinds(mailed, A, 'business-associate');
  await mailed.post(
    await mailOf(request({ at: 0, id: 'M-0' }), { ...TO_TIDEWATER, clinical: [REFERRAL_NOTE] }),
  );
  const items = await mailed.workItems();
  expect(items.map(({ kind, owner }) => [kind, owner])).toEqual([['agreement-quarantine', V]]);
  expect(await mailed.all('ServiceRequest')).toEqual([]);
  expect(await mailed.all('Patient')).toEqual([]);
  await mailed.close();
});

test('a provider that also works for others is heard for treatment', async () => {
  await setKinds(exchange, V, 'business-associate', 'provider');
  await exchange.say(request({ at: 0, id: 'L-0' }));
  await exchange.say(accept({ at: 1, id: 'T-1' }));
  expect((await exchange.say(outcome({ at: 5, id: 'T-5' }))).code).toBe('AA');
});
