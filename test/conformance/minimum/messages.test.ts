/** What a community organization is told by messages: the words that are addressed to it, by every door, and nothing else. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { shownSnapshot } from '../../../src/delivery/shown-view.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { valuesAt } from '../../../src/resources/element.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  callerOf,
  initiator,
  recipient,
  refOf,
  resourcesOf,
  type World,
} from '../../world.ts';
import { cbo, ofKind, openParties, SOCIAL } from './scene.ts';

interface Scene {
  readonly world: World;
  readonly patient: Ref;
  readonly condition: Ref;
  readonly order: Ref;
}

let scene: Scene;
beforeAll(async () => {
  const world = await openParties();
  await world.ask(administrator, 'PUT', 'Organization/cbo', ofKind('cbo', 'community-organization'));
  const patient = refOf(await world.create(initiator, make.patient()));
  const condition = refOf(await world.create(initiator, make.condition(patient)));
  const parties = { requester: 'PractitionerRole/initiator', performer: 'PractitionerRole/cbo' };
  const order = make.serviceRequest({ subject: patient, ...parties }, SOCIAL);
  scene = { world, patient, condition, order: refOf(await world.create(initiator, order)) };
});
afterAll(() => scene.world.close());

const INITIATOR = make.to('Organization/initiator');
const CBO = make.to('Organization/cbo');
const WORDS = 'Can you deliver on Friday?';

const communication = (more: Readonly<Record<string, unknown>>): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  sender: INITIATOR,
  recipient: [INITIATOR, CBO],
  ...more,
});
const open = async (more: Readonly<Record<string, unknown>> = {}): Promise<Ref> =>
  refOf(
    await scene.world.create(initiator, communication({ ...about(), topic: { text: 'Delivery' }, ...more })),
  );
/** What a message is about: the basis of the referral is its own. */
const about = () => ({ basedOn: [make.to(scene.order)] });
const said = (thread: Ref | undefined, more: Readonly<Record<string, unknown>> = {}): Resource =>
  communication({
    ...(thread !== undefined && { partOf: [make.to(thread)] }),
    ...about(),
    recipient: [CBO],
    payload: [{ contentString: WORDS }],
    ...more,
  });
const say = async (thread: Ref | undefined, more: Readonly<Record<string, unknown>> = {}): Promise<Ref> =>
  refOf(await scene.world.create(initiator, said(thread, more)));
const get = (url: string) => scene.world.ask(cbo, 'GET', url);

test('(baa-messaging MS2) (compliance M2) it reads its threads and answers in them', async () => {
  const thread = await open({ subject: { ...make.to(scene.patient), identifier: { value: 'MRN-4711' } } });
  const message = await say(thread, {
    note: [{ text: 'has diabetes' }],
    reasonCode: [{ text: 'diabetes' }],
    about: [{ ...make.to(scene.condition), display: 'diabetes' }],
  });
  const header = await get(thread);
  expect(header.json).toMatchObject({ topic: { text: 'Delivery' }, subject: make.to(scene.patient) });
  const { status, json, text = '' } = await get(message);
  expect([status, json?.['payload']]).toEqual([200, [{ contentString: WORDS }]]);
  expect([text, header.text].join('')).not.toMatch(/diabetes|MRN-4711/);
  const found = await scene.world.bundle(cbo, `Communication?part-of=${thread}`);
  expect(resourcesOf(found).map((one) => refOf(one))).toEqual([message]);
  expect(JSON.stringify(found)).not.toMatch(/diabetes/);
  for (const url of [`${message}/_history`, 'Communication/_history', '_history', `${message}/$meta`])
    expect((await get(url)).text).not.toMatch(/diabetes|MRN-4711/);
  expect((await get('Communication?reason-code:text=diabetes')).code).toBe('search-parameter-unknown');

  const answered = await scene.world.ask(cbo, 'POST', 'Communication', {
    ...said(thread, { sender: CBO, recipient: [INITIATOR], payload: [{ contentString: 'We can.' }] }),
    inResponseTo: [make.to(message)],
  });
  expect(answered.status).toBe(201);
  const read = await scene.world.ask(cbo, 'POST', `${message}/$read`, undefined);
  expect(read.status).toBe(200);
  expect((await scene.world.ask(initiator, 'GET', message)).json?.['status']).toBe('completed');
});

test('(baa-messaging MS2) what is addressed to others it does not see, nor a plain one about its referral', async () => {
  const others = [make.to('Organization/recipient')];
  const none = { basedOn: undefined };
  const thread = await open({ ...none, recipient: [INITIATOR, ...others] });
  const apart = await say(thread, { ...none, recipient: others });
  const draft = await say(await open(), { status: 'preparation' });
  const plain = await say(undefined);
  const own = await say(await open());
  for (const ref of [thread, apart, draft, plain]) expect([ref, (await get(ref)).status]).toEqual([ref, 404]);
  // A rail reads for it no more than that.
  const sight = { everything: false, organization: 'Organization/cbo', payload: 'community' } as const;
  const shown = shownSnapshot(scene.world.store.snapshot(), sight);
  for (const ref of [thread, apart, draft, plain])
    expect([ref, await shown.read(ref, EVERYTHING)]).toEqual([ref, undefined]);
  expect((await shown.read(own, EVERYTHING))?.text).toContain(WORDS);
  expect((await scene.world.ask(recipient, 'GET', apart)).status).toBe(200);
  expect((await scene.world.ask(callerOf('stranger'), 'GET', apart)).status).toBe(404);
});

test('(harmony Z47) of the thread of its referral it reads the words', async () => {
  const KIND = 'https://closeloop.dev/fhir/CodeSystem/message-kind';
  const category = [{ coding: [{ system: KIND, code: 'referral' }] }];
  const message = await say(undefined, { category });
  const { status, json } = await get(message);
  expect([status, json?.['payload']]).toEqual([200, [{ contentString: WORDS }]]);
  const thread = valuesAt(json, 'partOf.reference').map(String)[0] ?? '/';
  expect((await get(thread)).json).toMatchObject({ basedOn: [make.to(scene.order)] });
});

test('(harmony Z11) a file or a record refuses the whole', async () => {
  const thread = await open();
  const url = refOf(await scene.world.create(initiator, make.binary('a clinical letter')));
  const attachment = { contentAttachment: { contentType: 'text/plain', url } };
  for (const part of [attachment, { contentReference: make.to(scene.condition) }]) {
    const payload = [{ contentString: WORDS }, part];
    const refused = await scene.world.ask(initiator, 'POST', 'Communication', said(thread, { payload }));
    expect([refused.status, refused.code]).toEqual([422, 'minimum-necessary']);
    expect(refused.text).toContain('Communication.payload[1]');
  }
  const draft = await say(thread, { status: 'preparation', payload: [attachment] });
  const sent = await scene.world.ask(initiator, 'PATCH', draft, [
    { op: 'replace', path: '/status', value: 'in-progress' },
  ]);
  expect(sent.code).toBe('minimum-necessary');
});
