/** What holds a referral beside a name, and what its timeline says of it (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Ref, Resource } from '../../../src/fhir/types.ts';
import { valuesAt } from '../../../src/resources/element.ts';
import { SAME_AS } from '../../../src/resources/party.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

const NUCC = 'http://nucc.org/provider-taxonomy';
const SNOMED = 'http://snomed.info/sct';

let server: TestServer;
let patient: Ref;
let placers = 0;

beforeAll(async () => {
  server = await openServer();
  patient = refOf(await server.create('initiator', make.patient()));
});
afterAll(() => server.close());

const refOf = ({ resourceType, id }: Resource): Ref => `${resourceType}/${id ?? ''}`;
const concept = (system: string, code: string, display?: string) => ({
  coding: [{ system, code, ...(display !== undefined && { display }) }],
});
const privately = (name: string, number?: string) =>
  server.create('initiator', {
    resourceType: 'Organization',
    name,
    ...(number !== undefined && { identifier: [{ system: make.NPI_SYSTEM, value: number }] }),
  });

async function order(performer: Resource, more: Readonly<Record<string, unknown>> = {}) {
  placers += 1;
  const parties = { subject: patient, requester: 'PractitionerRole/initiator', performer: refOf(performer) };
  const resource = make.serviceRequest({ ...parties, placer: `held-${placers}` }, more);
  return server.ask('initiator', 'POST', 'ServiceRequest', resource, { prefer: 'return=OperationOutcome' });
}
const sees = async (who: string, ref: string | undefined) =>
  (await server.ask(who, 'GET', ref ?? 'Task/0')).status;

describe('(directory DR25) a number that leads to a party of another field', () => {
  let heart: Resource;
  beforeAll(async () => {
    heart = await privately('Recipient', make.npiOf('recipient'));
    const service = {
      resourceType: 'HealthcareService',
      providedBy: make.to('Organization/recipient'),
      specialty: [concept(NUCC, '207RC0000X')],
    };
    await server.create('recipient', service);
    // What the initiator says of it in private does not count.
    await server.create('initiator', { ...service, specialty: [concept(NUCC, '207N00000X')] });
    const closed = { ...service, active: false, specialty: [concept(NUCC, '2088')] };
    await server.create('recipient', closed);
  });

  test.each<[string, Readonly<Record<string, unknown>>, number]>([
    ['by the code of the order', { code: concept(SNOMED, '394582007') }, 404],
    ['by its category', { category: [concept(NUCC, '207N00000X')] }, 404],
    ['by whom it asks for', { performerType: concept(NUCC, '2088F0040X') }, 404],
    ['by its detail', { orderDetail: [{ text: 'dermatology: mole check' }] }, 404],
    ['not where the order names its field', { code: concept(SNOMED, '394579002') }, 200],
    [
      'not where one of several is its field',
      { category: [concept(NUCC, '207N00000X'), concept(NUCC, '207RC0001X')] },
      200,
    ],
    ['not where the order names none', {}, 200],
  ])('%s', async (_says, more, status) => {
    const answer = await order(heart, more);
    expect([answer.status, await sees('recipient', answer.link)]).toEqual([201, status]);
    expect(answer.text.includes('known for other fields')).toBe(status === 404);
  });

  test('is held through edits, and goes when its keeper says who is meant', async () => {
    const { link = '' } = await order(heart, { code: concept(SNOMED, '394582007') });
    const edit = (text: string) =>
      server.ask('initiator', 'PATCH', link, [{ op: 'add', path: '/note', value: [{ text }] }]);
    expect([(await edit('one')).status, await sees('recipient', link)]).toEqual([200, 404]);
    const note = { url: SAME_AS, valueReference: make.to('Organization/recipient') };
    const picked = await server.ask('initiator', 'PUT', refOf(heart), { ...heart, extension: [note] });
    expect(picked.status).toBe(200);
    expect([(await edit('two')).status, await sees('recipient', link)]).toEqual([200, 200]);
  });

  test('the party that is named itself is not doubted', async () => {
    const itself = { resourceType: 'Organization', id: 'recipient' };
    const answer = await order(itself, { code: concept(SNOMED, '394582007') });
    expect(await sees('recipient', answer.link)).toBe(200);
  });
});

describe('(directory DR28) what holds a referral is an entry of its timeline', () => {
  const timeline = async (who: string, request: string) => {
    const { json } = await server.ask(who, 'GET', `${request}/$timeline`);
    return (json as unknown as Bundle).entry ?? [];
  };
  const drawn = async (who: string, request: string) =>
    (await timeline(who, request)).map(({ resource }) => [
      valuesAt(resource, 'activity.text')[0],
      valuesAt(resource, 'extension.extension').flatMap((part) => {
        const { url, valueString } = part as { url: string; valueString?: string };
        return url === 'held' ? [valueString] : [];
      }),
    ]);

  test('after the order, for its initiator alone, until the party is known', async () => {
    const nobody = await privately('Nobody Known');
    const { location = '', link = '' } = await order(nobody);
    const sent = expect.stringContaining('received');
    const held = ['held: recipient not identified', ['recipient not identified']];
    expect(await drawn('initiator', location)).toEqual([[sent, []], held]);
    const names = (await timeline('initiator', location)).map(({ fullUrl }) => fullUrl);
    expect(new Set(names).size).toBe(2);
    const note = { url: SAME_AS, valueReference: make.to('Organization/recipient') };
    await server.ask('initiator', 'PUT', refOf(nobody), { ...nobody, extension: [note] });
    await server.ask('initiator', 'PATCH', link, [{ op: 'add', path: '/note', value: [{ text: 'known' }] }]);
    expect((await drawn('initiator', location)).map(([text]) => text)).toEqual([sent, held[0], sent]);
    const theirs = await drawn('recipient', location);
    expect(theirs.flatMap(([, parts]) => parts)).toEqual([]);
    // A person's own word on the work item is a step of work.
    const [item] = await server.search('initiator', `Task?code=party-unresolved&based-on=${location}`);
    const done = [{ op: 'replace', path: '/status', value: 'completed' }];
    expect((await server.ask('initiator', 'PATCH', item === undefined ? '' : refOf(item), done)).status).toBe(
      200,
    );
    expect((await drawn('initiator', location)).at(-1)?.[0]).toBe('work item completed');
  });

  test('and says so where number and name do not fit', async () => {
    const { location = '' } = await order(await privately('Hope Detox', make.npiOf('recipient')));
    expect((await drawn('initiator', location)).at(-1)?.[1]).toEqual([
      'number and name, or number and service, to be compared',
    ]);
  });
});

describe('(directory DR32) private records that are made for numbers of nobody here', () => {
  const byNumber = (value: string, display: string) => {
    placers += 1;
    const parties = { subject: patient, requester: 'PractitionerRole/initiator', performer: 'x' };
    const performer = [{ identifier: { system: make.NPI_SYSTEM, value }, display }];
    const resource = make.serviceRequest({ ...parties, placer: `held-${placers}` }, { performer });
    return server.ask('initiator', 'POST', 'ServiceRequest', resource);
  };
  const recordsOf = (value: string) =>
    server.search('initiator', `Organization?identifier=${make.NPI_SYSTEM}|${value}`);

  test('are one for each number, whoever asks first', async () => {
    const numbers = ['one', 'two', 'three'].map((name) => make.npiOf(`nobody-${name}`));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, at) => byNumber(numbers[at % 3] ?? '', 'The Same Clinic')),
    );
    for (const { status } of answers) expect([201, 409]).toContain(status);
    for (const number of numbers) expect(await recordsOf(number)).toHaveLength(1);
  });

  test('are not made again by a request whose snapshot is older than the first', async () => {
    const { store } = server.running;
    const number = make.npiOf('nobody-late');
    const before = store.snapshot();
    const snapshot = store.snapshot.bind(store);
    expect((await byNumber(number, 'The Late Clinic')).status).toBe(201);
    const asked: (number | undefined)[] = [];
    Object.assign(store, {
      snapshot: (seq?: number) => (asked.push(seq) === 1 ? before : snapshot(seq)),
    });
    try {
      expect((await byNumber(number, 'The Late Clinic')).status).toBe(201);
    } finally {
      Object.assign(store, { snapshot });
    }
    expect(asked.length).toBeGreaterThan(1);
    expect(await recordsOf(number)).toHaveLength(1);
  });

  test('are not merged by a name, nor made twice under another', async () => {
    const number = make.npiOf('nobody-four');
    await byNumber(number, 'The Same Clinic');
    await byNumber(number, 'Another Clinic');
    expect((await recordsOf(number)).map(({ name }) => name)).toEqual(['The Same Clinic']);
  });
});
