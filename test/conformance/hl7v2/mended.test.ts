/** What was withheld is sent by itself once a write gives what was missing, and its work item ends (rules 1.15). */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { to } from '../../resources.ts';
import { administrator, refOf, type WorldReply, type Stored } from '../../world.ts';
import { accept, FROM_TIDEWATER, larkspur, note, outcome, request, tidewater } from './exchange.ts';
import { openPair, type Pair } from './pair.ts';
import { contactsOf, itemsOf, kindsOf, NAME, OKAFOR, placeOrder, SENT, type Ordered } from './withheld.ts';

let pair: Pair;
beforeEach(async () => {
  pair = await openPair();
});
afterEach(() => pair.close());

const kinds = () => kindsOf(pair);
const items = (side: 'larkspur' | 'tidewater') => itemsOf(pair, side);
const contacts = (contact: readonly object[] | undefined) => contactsOf(pair, contact);

type Asked = Parameters<typeof placeOrder>[1];

async function place(asked: Asked): Promise<Ordered> {
  const ordered = await placeOrder(pair, asked);
  await pair.settle();
  return ordered;
}

/** One that is withheld. */
async function order(asked: Asked): Promise<Ordered> {
  const ordered = await place(asked);
  expect([kinds(), await items('larkspur')]).toEqual([[], ['open']]);
  return ordered;
}

const again = async ({ resourceType, id }: Stored, more: object): Promise<WorldReply> => {
  const { json } = await pair.larkspur.ask(larkspur, 'GET', `${resourceType}/${id}`);
  return pair.larkspur.ask(larkspur, 'PUT', `${resourceType}/${id}`, { ...json, ...more });
};

test('by the contact of who orders', async () => {
  await order({});
  const answer = await contacts(OKAFOR);
  expect(answer.status).toBe(200);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([['OMG^O19 applied'], [SENT]]);
  await contacts([...OKAFOR, ...OKAFOR]);
  await pair.settle();
  expect(kinds()).toEqual(['OMG^O19 applied']);
});

test('by the name of the patient, however many give it at once', async () => {
  await contacts(OKAFOR);
  const { patient } = await order({ name: [] });
  const writes = ['Ada', 'Bea', 'Cleo'].map((given) =>
    again(patient, { name: [{ family: 'Demo', given: [given] }] }),
  );
  expect((await Promise.all(writes)).map(({ status }) => status)).toEqual([200, 200, 200]);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([['OMG^O19 applied'], [SENT]]);
});

test('by two writes at once, each of which gives a part', async () => {
  const { patient } = await order({ name: [] });
  const answers = await Promise.all([contacts(OKAFOR), again(patient, { name: NAME })]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([['OMG^O19 applied'], [SENT]]);
});

test('by whoever gives it, who is told of it only where it withheld it', async () => {
  await order({});
  const place = 'Endpoint/tidewater';
  const { json: endpoint } = await pair.larkspur.ask(administrator, 'GET', place);
  await pair.larkspur.ask(administrator, 'DELETE', place);
  await contacts(OKAFOR);
  await pair.larkspur.ask(administrator, 'PUT', place, endpoint);
  expect([kinds(), await items('larkspur')]).toEqual([[], ['open']]);
  const { json: own } = await pair.larkspur.ask(tidewater, 'GET', 'Organization/tidewater');
  const telecom = [{ system: 'phone', value: '555-0100' }];
  const answer = await pair.larkspur.ask(tidewater, 'PUT', 'Organization/tidewater', { ...own, telecom });
  expect([answer.status, answer.headers['Warning'] ?? '']).toEqual([
    200,
    expect.not.stringContaining('withheld'),
  ]);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([['OMG^O19 applied'], [SENT]]);
});

test('not a request whose referral has ended', async () => {
  const { patient, order: asked } = await order({ name: [] });
  await contacts(OKAFOR);
  const [task] = await pair.larkspur.all('Task', `focus=${refOf(asked)}&code=fulfill`);
  const mistaken = [{ op: 'replace', path: '/status', value: 'entered-in-error' }];
  expect((await pair.larkspur.ask(larkspur, 'PATCH', `Task/${task?.id}`, mistaken)).status).toBe(200);
  expect((await again(patient, { name: NAME })).status).toBe(200);
  await pair.settle();
  expect([kinds(), new Set(await items('larkspur'))]).toEqual([[], new Set(['open'])]);
});

test('by what the order asks for; what was not told of it follows in its order', async () => {
  await contacts(OKAFOR);
  const { order: asked } = await order({ more: { code: undefined } });
  const [task] = await pair.larkspur.all('Task', `focus=${refOf(asked)}&code=fulfill`);
  const cancels = [{ op: 'replace', path: '/status', value: 'cancelled' }];
  await pair.larkspur.ask(larkspur, 'PATCH', `Task/${task?.id}`, cancels);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([[], ['open', 'open']]);
  const answer = await again(asked, { code: { text: 'Diabetes prevention programme' } });
  expect([answer.status, answer.headers['Warning']]).toEqual([
    200,
    expect.stringMatching(/send-referral-package was withheld, and is sent.*send-cancellation-request/),
  ]);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([
    ['OMG^O19 applied', 'OSU^O51 applied'],
    [SENT, SENT],
  ]);
});

test('not what a person has dealt with, nor what still lacks something', async () => {
  const { patient } = await order({ name: [] });
  await again(patient, { name: NAME });
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([[], ['open']]);
  const code = 'https://closeloop.dev/fhir/CodeSystem/work-item|message-incomplete';
  const [item] = await pair.larkspur.all('Task', `code=${code}`);
  const done = { ...item, status: 'completed', statusReason: { text: 'told by telephone' } };
  expect((await pair.larkspur.ask(larkspur, 'PUT', `Task/${item?.id}`, done)).status).toBe(200);
  await contacts(OKAFOR);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([[], ['completed: told by telephone']]);
});

test('a note by message after the outcome goes on to an initiator that is told by messages, once', async () => {
  const server = pair.tidewater;
  await server.say(request({ at: 0, id: 'L-1' }));
  await server.say(accept({ at: 1, id: 'T-1' }), FROM_TIDEWATER);
  await server.say(note({ at: 2, id: 'T-2' }), FROM_TIDEWATER);
  await server.say(outcome({ at: 3, id: 'T-3' }), FROM_TIDEWATER);
  await pair.settle();
  const types = () => pair.sent.map(({ text }) => (text.split('|')[8] ?? '').split('^', 1).join(''));
  expect(types()).toEqual(['OSU', 'MDM', 'OSU']);
  const [asked] = await server.all('ServiceRequest');
  if (asked === undefined) throw new Error('the order was not kept');
  const drawn = async () => {
    const { text = '' } = await server.ask(tidewater, 'GET', `${refOf(asked)}/$timeline`);
    return text.split('"url":"delivery"').length - 1;
  };
  expect(await drawn()).toBe(2);
  await server.say(note({ at: 4, id: 'T-4' }), FROM_TIDEWATER);
  await server.say(note({ at: 4, id: 'T-4' }), FROM_TIDEWATER);
  await pair.settle();
  expect(types()).toEqual(['OSU', 'MDM', 'OSU', 'MDM']);
  expect(await drawn()).toBe(3);
});

test('an outcome by its note, which is told with it alone', async () => {
  await contacts(OKAFOR);
  await place({});
  const [task] = await pair.tidewater.all('Task', 'code=fulfill');
  const [asked] = await pair.tidewater.all('ServiceRequest');
  if (asked === undefined) throw new Error('the order did not arrive');
  for (const value of ['accepted', 'completed']) {
    const moves = [{ op: 'replace', path: '/status', value }];
    await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task?.id}`, moves);
    await pair.settle();
  }
  expect([kinds().slice(1), await items('tidewater')]).toEqual([['OSU^O51 applied'], ['open']]);
  const answer = await pair.tidewater.ask(tidewater, 'POST', 'DocumentReference', {
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { contentType: 'text/plain', data: 'U2l4IHNlc3Npb25z' } }],
    context: { related: [to(refOf(asked))] },
  });
  expect(answer.status).toBe(201);
  await pair.settle();
  expect([kinds().slice(2), await items('tidewater')]).toEqual([
    ['MDM^T02 applied', 'OSU^O51 applied'],
    [SENT],
  ]);
});

const TEXT = { contentType: 'text/plain', data: 'WWVz' };

/** A referral that has its outcome; the order as its recipient has it. */
async function complete(): Promise<Stored> {
  await place({});
  const [asked] = await pair.tidewater.all('ServiceRequest', '_sort=-_lastUpdated');
  if (asked === undefined) throw new Error('the order did not arrive');
  const [task] = await pair.tidewater.all('Task', `code=fulfill&focus=${refOf(asked)}`);
  const output = [{ type: { text: 'note' }, valueString: 'Six sessions attended.' }];
  for (const more of [{ status: 'accepted' }, { status: 'completed', output }]) {
    const { json } = await pair.tidewater.ask(tidewater, 'GET', `Task/${task?.id}`);
    await pair.tidewater.ask(tidewater, 'PUT', `Task/${task?.id}`, { ...json, ...more });
    await pair.settle();
  }
  return asked;
}

const fileOf = (orders: readonly Stored[], attachment: object) => ({
  resourceType: 'DocumentReference',
  status: 'current',
  content: [{ attachment }],
  context: { related: orders.map((order) => to(refOf(order))) },
});

test('by an organization that gave the work item to one of its people, which is told of it', async () => {
  await order({});
  const [item] = await pair.larkspur.all('Task', 'code=message-incomplete');
  const organization = to('Organization/larkspur');
  const role = await pair.larkspur.create(larkspur, { resourceType: 'PractitionerRole', organization });
  const given = [{ op: 'replace', path: '/owner', value: to(refOf(role)) }];
  expect((await pair.larkspur.ask(larkspur, 'PATCH', `Task/${item?.id}`, given)).status).toBe(200);
  const { json } = await pair.larkspur.ask(larkspur, 'GET', 'Organization/larkspur');
  const { status, headers } = await pair.larkspur.ask(larkspur, 'PUT', 'Organization/larkspur', {
    ...json,
    contact: OKAFOR,
  });
  expect([status, headers['Warning']]).toEqual([200, expect.stringContaining('was withheld, and is sent')]);
  expect(await items('larkspur')).toEqual([SENT]);
});

const FORM = { contentType: 'text/plain', data: 'U2l4IHNlc3Npb25z' };

// prettier-ignore
const NAMED: readonly (readonly [string, Resource, string])[] = [
  ['a DocumentReference', { resourceType: 'DocumentReference', content: [{ attachment: FORM }] }, 'current'],
  ['a report', { resourceType: 'DiagnosticReport', code: { text: 'outcome' }, presentedForm: [FORM] }, 'final'],
];

test.each(NAMED)(
  'an outcome by %s that its output names, and that says nothing of its order',
  async (_name, file, sound) => {
    await contacts(OKAFOR);
    await place({});
    const [task] = await pair.tidewater.all('Task', 'code=fulfill');
    if (task === undefined) throw new Error('the order did not arrive');
    const error = { ...file, status: 'entered-in-error' };
    const named = await pair.tidewater.create(tidewater, error);
    const output = [{ type: { text: 'note' }, valueReference: to(refOf(named)) }];
    for (const more of [{ status: 'accepted' }, { status: 'completed', output }]) {
      const { json } = await pair.tidewater.ask(tidewater, 'GET', refOf(task));
      await pair.tidewater.ask(tidewater, 'PUT', refOf(task), { ...json, meta: undefined, ...more });
      await pair.settle();
    }
    expect([kinds().slice(1), await items('tidewater')]).toEqual([['OSU^O51 applied'], ['open']]);
    await pair.tidewater.ask(tidewater, 'PUT', refOf(named), { ...error, id: named.id, status: sound });
    await pair.settle();
    expect([kinds().slice(2), await items('tidewater')]).toEqual([
      ['MDM^T02 applied', 'OSU^O51 applied'],
      [SENT],
    ]);
  },
);

test('an outcome with the file of its own commit, however late', async () => {
  await contacts(OKAFOR);
  await place({});
  const [asked] = await pair.tidewater.all('ServiceRequest');
  const [task] = await pair.tidewater.all('Task', 'code=fulfill');
  const [patient] = await pair.tidewater.all('Patient');
  if (asked === undefined || task === undefined) throw new Error('the order did not arrive');
  const called = async (name: object | undefined): Promise<void> => {
    const put = { ...patient, name };
    expect((await pair.tidewater.ask(administrator, 'PUT', `Patient/${patient?.id}`, put)).status).toBe(200);
    await pair.settle();
  };
  const accepts = [{ op: 'replace', path: '/status', value: 'accepted' }];
  await pair.tidewater.ask(tidewater, 'PATCH', refOf(task), accepts);
  await called(undefined);
  const { json } = await pair.tidewater.ask(tidewater, 'GET', refOf(task));
  const answer = await pair.tidewater.ask(tidewater, 'POST', '', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        resource: fileOf([asked], TEXT),
        request: { method: 'POST', url: 'DocumentReference' },
      },
      {
        resource: { ...json, status: 'completed' },
        request: { method: 'PUT', url: refOf(task) },
      },
    ],
  });
  expect(answer.status).toBe(200);
  const before = kinds().length;
  expect(await items('tidewater')).toEqual(['open']);
  const remarks = [{ op: 'add', path: '/note', value: [{ text: 'the name is missing' }] }];
  expect((await pair.tidewater.ask(tidewater, 'PATCH', refOf(task), remarks)).status).toBe(200);
  await called(NAME);
  expect([kinds().slice(before), await items('tidewater')]).toEqual([
    ['MDM^T02 applied', 'OSU^O51 applied'],
    [SENT],
  ]);
});

test('a note that is edited while something is missing: one work item, and sent once', async () => {
  await contacts(OKAFOR);
  const asked = await complete();
  const before = kinds().length;
  const elsewhere = (n: number) => fileOf([asked], { url: `https://elsewhere.example.org/${n}` });
  const later = await pair.tidewater.create(tidewater, elsewhere(1));
  const put = async (file: object): Promise<string> => {
    const of = { ...file, id: later.id };
    const { status, headers } = await pair.tidewater.ask(tidewater, 'PUT', refOf(later), of);
    expect(status).toBe(200);
    return headers['Warning'] ?? '';
  };
  for (const n of [2, 3]) expect(await put(elsewhere(n))).toContain('is not sent to Endpoint/larkspur');
  expect(await items('tidewater')).toEqual(['open']);
  await pair.tidewater.create(tidewater, elsewhere(1));
  expect(await items('tidewater')).toEqual(['open', 'open']);
  await put(fileOf([asked], TEXT));
  await pair.settle();
  expect(kinds().slice(before)).toEqual(['MDM^T02 applied']);
  expect(new Set(await items('tidewater'))).toEqual(new Set([SENT, 'open']));
});

test('a note that lacks something and is then taken back: the open work item says so', async () => {
  await contacts(OKAFOR);
  const asked = await complete();
  const told = await pair.tidewater.create(tidewater, fileOf([asked], TEXT));
  await pair.settle();
  const elsewhere = fileOf([asked], { url: 'https://elsewhere.example.org/1' });
  for (const more of [{}, { status: 'entered-in-error' }])
    await pair.tidewater.ask(tidewater, 'PUT', refOf(told), { ...elsewhere, id: told.id, ...more });
  const found = await pair.tidewater.all('Task', 'code=message-incomplete');
  expect(found.map(({ description }) => description)).toEqual([expect.stringContaining('is taken back')]);
});

test('a note about two referrals, once for each', async () => {
  await contacts(OKAFOR);
  const orders = [await complete(), await complete()];
  const before = kinds().length;
  await pair.tidewater.create(tidewater, fileOf(orders, TEXT));
  await pair.settle();
  expect(kinds().slice(before)).toEqual(['MDM^T02 applied', 'MDM^T02 applied']);
});
