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

test('(compliance K4, P5) a member’s orders wait for its consent, also when sent twice, and are applied in their order', async () => {
  const organization = (await exchange.ask(administrator, 'GET', `Organization/${LARKSPUR.id}`)).json;
  const kinds = { ...organization, type: [PROGRAM] };
  await exchange.ask(administrator, 'PUT', `Organization/${LARKSPUR.id}`, kinds);
  for (const id of [LARKSPUR.id, TIDEWATER.id])
    await exchange.ask(administrator, 'POST', `Organization/${id}/$admit`);
  const first = request({ at: 1, id: 'M-1' });
  const second = request({ at: 2, id: 'M-2', referral: 'R-2' });
  for (const message of [second, first, first, request({ at: 1, id: 'M-1-again' })]) {
    const { code, fate, remarks } = await exchange.say(message);
    expect([code, fate === 'work-item' || fate === 'repeated']).toEqual(['AA', true]);
    expect(remarks).toContainEqual(
      expect.objectContaining({ code: '207', severity: 'W', issue: 'consent-needed' }),
    );
  }
  expect(await exchange.all('ServiceRequest')).toEqual([]);
  const { entry: seen = [] } = await exchange.bundle(tidewater, 'DocumentReference');
  expect(seen).toEqual([]);

  const patient = await exchange.create(larkspur, make.patient({ ...KNOWN }));
  const subject = refOf(patient);
  const paper = await exchange.create(larkspur, make.documentReference(subject, 'https://example.org/paper'));
  const consent = withProvision(
    consentOf('part2-tpo', {
      dateTime: '2025-01-02',
      patient: { reference: subject },
      performer: [{ reference: subject }],
      organization: [{ reference: `Organization/${LARKSPUR.id}` }],
      sourceReference: { reference: refOf(paper) },
    }),
    {
      period: { end: '2999' },
      actor: [actor('CST', `Organization/${LARKSPUR.id}`), actor('IRCP', `Organization/${TIDEWATER.id}`)],
    },
  );
  const recorded = await exchange.create(larkspur, consent);
  await exchange.engine.messages.waiting.touched([refOf(recorded)]);
  expect(await items()).toEqual([]);
  const orders = (await exchange.all('ServiceRequest')).toSorted(
    (a, b) => Number(a.meta?.versionId) - Number(b.meta?.versionId),
  );
  expect(orders.map(({ identifier }) => (identifier as { value: string }[])[0]?.value)).toEqual([
    'R-2025-00731',
    'R-2',
  ]);
  for (const order of orders) expect((await exchange.ask(tidewater, 'GET', refOf(order))).status).toBe(200);
});

/** The patient of the messages, as a program of the sender keeps it. */
const KNOWN = {
  identifier: [{ system: `urn:oid:${LARKSPUR.patients}`, value: 'MQ-40417' }],
  name: [{ family: 'Quintero', given: ['Marisol', 'J'] }],
  birthDate: '1971-03-08',
};
