/** A message that lacks a consent is kept and waits; what is captured releases it, in its order (compliance K4, P5). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { administrator, refOf } from '../../world.ts';
import {
  accept,
  interim,
  openExchange,
  request,
  stateOf,
  tidewater,
  type Exchange,
} from '../hl7v2/exchange.ts';
import { parametersFor, TPO } from './scene.ts';

let exchange: Exchange;
beforeAll(async () => {
  exchange = await openExchange();
  const { json } = await exchange.ask(administrator, 'GET', 'Organization/tidewater');
  const kind = { system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'part2-program' };
  await exchange.ask(administrator, 'PUT', 'Organization/tidewater', { ...json, type: [{ coding: [kind] }] });
});
afterAll(() => exchange.close());

test('(compliance K4, P5) a program’s answers wait for its consent, and are applied one after the other', async () => {
  await exchange.say(request({ at: 0, id: 'L-1' }));
  const before = stateOf(await exchange.referral());
  const acknowledged = await exchange.say(accept({ at: 1, id: 'T-1' }));
  expect([acknowledged.code, acknowledged.fate]).toEqual(['AA', 'work-item']);
  expect(acknowledged.remarks.map((remark) => remark.code)).toContain('207');
  await exchange.say(interim({ at: 2, id: 'T-2' }));
  const waiting = await exchange.workItems();
  expect(waiting.map(({ kind, owner }) => [kind, owner])).toContainEqual([
    'consent-needed',
    'Organization/tidewater',
  ]);
  expect(stateOf(await exchange.referral())).toBe(before);

  const [patient] = await exchange.all('Patient');
  const whose = patient === undefined ? 'Patient/none' : refOf(patient);
  const given = { ...TPO, signedAt: { valueDateTime: '2025-04-20' } };
  const captured = await exchange.ask(tidewater, 'POST', `${whose}/$capture-consent`, parametersFor(given));
  expect([captured.status, captured.issues]).toEqual([200, []]);
  const [consent] = await exchange.all('Consent');
  await exchange.engine.messages.waiting.touched([`Consent/${consent?.id}` as Ref]);
  const left = (await exchange.workItems()).map(({ kind }) => kind);
  expect(left.filter((kind) => kind === 'consent-needed' || kind === 'message-parked')).toEqual([]);
  expect(stateOf(await exchange.referral())).not.toBe(before);
});
