/**
 * A program answers a referral by HL7 v2 messages: without a consent its answer is kept and waits, the program is asked, and
 * when the Consent is recorded the messages are applied in their order (compliance P5).
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { actor, consentOf, withProvision } from '../../unit/policies/consent/consents.ts';
import * as make from '../../resources.ts';
import { administrator, refOf, type Stored } from '../../world.ts';
import {
  accept,
  decline,
  larkspur,
  LARKSPUR,
  openExchange,
  request,
  stateOf,
  tidewater,
  TIDEWATER,
  type Exchange,
} from '../hl7v2/exchange.ts';

const PROGRAM = {
  coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'part2-program' }],
};

let exchange: Exchange;
beforeEach(async () => {
  exchange = await openExchange();
  const program = (await exchange.ask(administrator, 'GET', `Organization/${TIDEWATER.id}`)).json;
  await exchange.ask(administrator, 'PUT', `Organization/${TIDEWATER.id}`, { ...program, type: [PROGRAM] });
});
afterEach(() => exchange.close());

const referral = async (): Promise<Resource> => {
  const [task] = await exchange.all('Task', 'code=fulfill');
  if (task === undefined) throw new Error('the order opened a Task');
  return task;
};

const items = async (): Promise<readonly Resource[]> =>
  (await exchange.all('Task', 'code=https://closeloop.dev/fhir/CodeSystem/work-item|consent-needed')).filter(
    ({ status }) => status === 'requested' || status === 'on-hold',
  );

test('(compliance P5) its answer waits for a consent, and is applied when one is recorded', async () => {
  expect((await exchange.say(request({ at: 1, id: 'M-1' }))).code).toBe('AA');
  const before = stateOf(await referral());
  const answer = await exchange.say(accept({ at: 2, id: 'M-2' }));
  expect(answer.code).toBe('AA');
  expect(JSON.stringify(answer)).toContain('"code":"207"');
  expect(JSON.stringify(answer)).toContain('consent-needed');
  expect(stateOf(await referral())).toBe(before);
  const [item, other] = await items();
  expect([item?.['owner'], other]).toEqual([{ reference: `Organization/${TIDEWATER.id}` }, undefined]);

  const [patient] = (await exchange.all('Patient', '')) as readonly Stored[];
  const subject = refOf(patient!);
  const paper = await exchange.create(
    tidewater,
    make.documentReference(subject, 'https://example.org/paper'),
  );
  const consent = withProvision(
    consentOf('part2-tpo', {
      dateTime: '2025-01-02',
      patient: { reference: subject },
      performer: [{ reference: subject }],
      organization: [{ reference: `Organization/${TIDEWATER.id}` }],
      sourceReference: { reference: refOf(paper) },
    }),
    {
      period: { end: '2999' },
      actor: [actor('CST', `Organization/${TIDEWATER.id}`), actor('IRCP', `Organization/${LARKSPUR.id}`)],
    },
  );
  const recorded = await exchange.create(tidewater, consent);
  await exchange.engine.messages.waiting.touched([refOf(recorded)]);
  expect(stateOf(await referral())).not.toBe(before);
  expect(await items()).toEqual([]);
  expect((await exchange.ask(larkspur, 'GET', refOf(await referral()))).status).toBe(200);
});

test('(compliance P4) a decline by message needs none', async () => {
  await exchange.say(request({ at: 1, id: 'M-1' }));
  const before = stateOf(await referral());
  const answer = await exchange.say(decline({ at: 2, id: 'M-2' }));
  expect(JSON.stringify(answer)).not.toContain('consent-needed');
  expect(stateOf(await referral())).not.toBe(before);
});
