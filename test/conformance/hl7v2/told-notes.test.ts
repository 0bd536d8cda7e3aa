/** What is sent as a note, and what has no message: of an outcome that waited for its note, of errors, of ended referrals. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { to } from '../../resources.ts';
import { refOf, type WorldReply, type Stored } from '../../world.ts';
import { accept, FROM_TIDEWATER, larkspur, note, request, tidewater } from './exchange.ts';
import { openPair, type Pair } from './pair.ts';
import { contactsOf, itemsOf, kindsOf, NAME, OKAFOR, placeOrder, SENT, type Ordered } from './withheld.ts';

let pair: Pair;
beforeEach(async () => {
  pair = await openPair();
});
afterEach(() => pair.close());

const kinds = () => kindsOf(pair);
const items = (side: 'larkspur' | 'tidewater') => itemsOf(pair, side);
const contacts = (contact: readonly object[]) => contactsOf(pair, contact);
const order = (name: readonly object[]): Promise<Ordered> => placeOrder(pair, { name });

const nameIt = ({ id, ...patient }: Stored): Promise<WorldReply> =>
  pair.larkspur.ask(larkspur, 'PUT', `Patient/${id}`, { ...patient, id, name: NAME });

interface Ended {
  readonly task: Stored;
  readonly order: Stored;
}

/** A referral that Tidewater has accepted and ended without a note. */
async function endedWithoutNote(): Promise<Ended> {
  await contacts(OKAFOR);
  await order(NAME);
  await pair.settle();
  const [task] = await pair.tidewater.all('Task', 'code=fulfill');
  const [asked] = await pair.tidewater.all('ServiceRequest');
  if (task === undefined || asked === undefined) throw new Error('the order did not arrive');
  for (const value of ['accepted', 'completed']) {
    const moves = [{ op: 'replace', path: '/status', value }];
    await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task.id}`, moves);
    await pair.settle();
  }
  expect([kinds().slice(1), await items('tidewater')]).toEqual([['OSU^O51 applied'], ['open']]);
  return { task, order: asked };
}

const fileOf = (asked: Stored, words: string, more: object = {}) => ({
  resourceType: 'DocumentReference',
  status: 'current',
  content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(words).toString('base64') } }],
  context: { related: [to(refOf(asked))] },
  ...more,
});
/** The words of each note that was sent. */
const notesSent = (): readonly string[] =>
  pair.sent.flatMap(({ text }) => {
    const [, data] = /\^Base64\^([^|\r]*)/.exec(text) ?? [];
    return data === undefined ? [] : [Buffer.from(data, 'base64').toString()];
  });

test('an outcome not by a file that is not its note: of the initiator, of another patient, in error', async () => {
  const { order: asked } = await endedWithoutNote();
  const { tidewater: server } = pair;
  const stranger = await server.create(tidewater, {
    resourceType: 'Patient',
    name: [{ family: 'Stranger' }],
  });
  await server.create(larkspur, fileOf(asked, 'what the initiator knows'));
  await server.create(tidewater, fileOf(asked, 'of a stranger', { subject: to(refOf(stranger)) }));
  await server.create(tidewater, fileOf(asked, 'an error', { status: 'entered-in-error' }));
  await pair.settle();
  expect([notesSent(), await items('tidewater')]).toEqual([[], ['open', 'open']]);
  const own = await server.create(tidewater, { resourceType: 'Patient', name: NAME });
  await server.create(tidewater, fileOf(asked, 'Six sessions', { subject: to(refOf(own)) }));
  await pair.settle();
  expect([notesSent(), await items('tidewater')]).toEqual([['Six sessions'], [SENT, 'open']]);
});

test('an outcome by the first of several notes of one commit; each is told once', async () => {
  const { order: asked } = await endedWithoutNote();
  const words = Array.from({ length: 30 }, (_, index) => `note ${index}`);
  const entry = words.map((one) => ({
    resource: fileOf(asked, one),
    request: { method: 'POST', url: 'DocumentReference' },
  }));
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  expect((await pair.tidewater.ask(tidewater, 'POST', '', bundle)).status).toBe(200);
  await pair.settle();
  expect(notesSent().toSorted()).toEqual(words.toSorted());
  expect(kinds().filter((kind) => kind.startsWith('OSU'))).toHaveLength(2);
  expect(await items('tidewater')).toEqual([SENT]);
});

test('an outcome by the first of two notes of a commit that edits its Task; each is told once', async () => {
  const { order: asked, task } = await endedWithoutNote();
  const { json } = await pair.tidewater.ask(tidewater, 'GET', refOf(task));
  const entry = [
    ...['note A', 'note B'].map((words) => ({
      resource: fileOf(asked, words),
      request: { method: 'POST', url: 'DocumentReference' },
    })),
    { resource: { ...json, note: [{ text: 'see both' }] }, request: { method: 'PUT', url: refOf(task) } },
  ];
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  expect((await pair.tidewater.ask(tidewater, 'POST', '', bundle)).status).toBe(200);
  await pair.settle();
  expect(notesSent().toSorted()).toEqual(['note A', 'note B']);
  expect(await items('tidewater')).toEqual([SENT]);
});

test('(rules 1.6) what is marked as an error has no message: a person is asked, and the request stays unsent', async () => {
  const { order: asked, patient } = await order([]);
  await contacts(OKAFOR);
  const [task] = await pair.larkspur.all('Task', `focus=${refOf(asked)}&code=fulfill`);
  const marks = [{ op: 'replace', path: '/status', value: 'entered-in-error' }];
  expect((await pair.larkspur.ask(larkspur, 'PATCH', `Task/${task?.id}`, marks)).status).toBe(200);
  expect((await nameIt(patient)).status).toBe(200);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([[], ['open', 'open']]);
});

test('(rules 1.6) an error of a referral that was told is marked, and a person is asked', async () => {
  await contacts(OKAFOR);
  const { order: asked } = await order(NAME);
  const [task] = await pair.larkspur.all('Task', `focus=${refOf(asked)}&code=fulfill`);
  const marks = [{ op: 'replace', path: '/status', value: 'entered-in-error' }];
  const answer = await pair.larkspur.ask(larkspur, 'PATCH', `Task/${task?.id}`, marks);
  expect([answer.status, answer.headers['Warning']]).toEqual([
    200,
    expect.stringContaining('360X has no message for it'),
  ]);
  await pair.settle();
  expect([kinds(), await items('larkspur')]).toEqual([['OMG^O19 applied'], ['open']]);
});

test('(rules 1.15) a request is not sent any more once its referral has ended', async () => {
  const { order: asked, patient } = await order([]);
  await contacts(OKAFOR);
  const [task] = await pair.larkspur.all('Task', `focus=${refOf(asked)}&code=fulfill`);
  const moves = [
    [larkspur, 'cancelled'],
    [tidewater, 'cancelled'],
  ] as const;
  for (const [caller, value] of moves) {
    const ends = [{ op: 'replace', path: '/status', value }];
    expect((await pair.larkspur.ask(caller, 'PATCH', `Task/${task?.id}`, ends)).status).toBe(200);
  }
  await nameIt(patient);
  await pair.settle();
  expect(kinds().filter((kind) => kind.startsWith('OMG'))).toEqual([]);
});

test('(rules 1.15) a note that was told and is taken back has no message: a person is asked, once for each', async () => {
  const { order: asked } = await endedWithoutNote();
  const { tidewater: server } = pair;
  const first = await server.create(tidewater, fileOf(asked, 'the first'));
  const second = await server.create(tidewater, fileOf(asked, 'the second'));
  const never = await server.create(tidewater, fileOf(asked, 'an error', { status: 'entered-in-error' }));
  await pair.settle();
  expect([notesSent(), await items('tidewater')]).toEqual([['the first', 'the second'], [SENT]]);
  const wrong = await server.ask(tidewater, 'PUT', refOf(first), { ...first, status: 'entered-in-error' });
  expect([wrong.status, wrong.headers['Warning']]).toEqual([200, expect.stringContaining('is taken back')]);
  for (const one of [second, never])
    expect((await server.ask(tidewater, 'DELETE', refOf(one))).status).toBe(204);
  await pair.settle();
  expect([notesSent().length, await items('tidewater')]).toEqual([2, [SENT, 'open', 'open']]);
});

test('(rules 7.8) a note whose other places name another referral says so to its sender', async () => {
  const server = pair.tidewater;
  await server.say(request({ at: 0, id: 'L-1' }));
  await server.say(accept({ at: 1, id: 'T-1' }), FROM_TIDEWATER);
  const elsewhere = note({ at: 2, id: 'T-2' })
    .replace(/OBR\|1\|[^^]*/, 'OBR|1|OTHER')
    .replace('|||||AU', '||OTHER^^2.999.10.1.15^ISO|||AU');
  const { fate, remarks } = await server.say(elsewhere, FROM_TIDEWATER);
  expect([fate, remarks.filter(({ says }) => says.startsWith('this is not the referral id'))]).toEqual([
    'applied',
    ['TXA-14', 'OBR-2'].map((location) => expect.objectContaining({ location, severity: 'W' })),
  ]);
});
