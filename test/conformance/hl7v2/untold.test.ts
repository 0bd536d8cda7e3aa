/** What cannot be told as the other party's standard requires is not sent: the writer is warned, a person of theirs asked. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { feedback } from '../../../tools/demo/package.ts';
import { to } from '../../resources.ts';
import { administrator, refOf, type WorldReply, type Stored } from '../../world.ts';
import { larkspur, tidewater } from './exchange.ts';
import { openPair, type Pair } from './pair.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await openPair();
});
afterAll(() => pair.close());

const contacts = async (contact: readonly object[] | undefined): Promise<void> => {
  const own = (await pair.larkspur.ask(administrator, 'GET', 'Organization/larkspur')).json;
  await pair.larkspur.ask(administrator, 'PUT', 'Organization/larkspur', { ...own, contact });
};
const OKAFOR = [{ name: { family: 'Okafor', given: ['Ngozi'] } }];

/** The order of the README. */
async function order(
  person: object = { resourceType: 'Patient', name: [{ family: 'Demo' }] },
): Promise<WorldReply> {
  const { id } = await pair.larkspur.create(larkspur, person);
  return pair.larkspur.ask(larkspur, 'POST', 'ServiceRequest', {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { text: 'Diabetes prevention programme' },
    subject: to(`Patient/${id}`),
    requester: to('Organization/larkspur'),
    performer: [to('Organization/tidewater')],
  });
}

const items = async (side: 'larkspur' | 'tidewater') =>
  (await pair[side].workItems()).map(({ kind, owner }) => `${kind} ${owner}`);
const kindsSince = (count: number): readonly string[] =>
  pair.sent.slice(count).map(({ text }) => (text.split('|')[8] ?? '').split('^', 2).join('^'));

/** A referral of the README's order that Tidewater has accepted: its Task and order there. */
async function accepted(): Promise<{
  readonly task: Stored;
  readonly focus: string;
  readonly subject: string;
}> {
  await contacts(OKAFOR);
  await order();
  await pair.settle();
  const [task] = await pair.tidewater.all('Task', 'status=received&code=fulfill');
  if (task === undefined) throw new Error('the order did not arrive');
  const accepts = [{ op: 'replace', path: '/status', value: 'accepted' }];
  const answer = await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task.id}`, accepts);
  await pair.settle();
  const { focus, for: patient } = task as Stored & Record<'focus' | 'for', { reference: string }>;
  return { task: answer.json as Stored, focus: focus.reference, subject: patient.reference };
}

describe('(rules 1.15) an order that lacks what 360X requires', () => {
  test('as the README has it arrives, and is applied', async () => {
    await contacts(OKAFOR);
    const before = pair.sent.length;
    expect((await order()).status).toBe(201);
    await pair.settle();
    expect(pair.sent.slice(before).map(({ answer }) => `${answer.code} ${answer.fate}`)).toEqual([
      'AA applied',
    ]);
    for (const task of await pair.tidewater.all('Task', 'status=received')) {
      await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task.id}`, [
        { op: 'replace', path: '/status', value: 'rejected' },
      ]);
    }
    await pair.settle();
  });

  test('without anybody who orders is not sent; its writer is warned, its sender asked', async () => {
    await contacts(undefined);
    const before = pair.sent.length;
    const answer = await order();
    expect([answer.status, answer.headers['Warning']]).toEqual([201, expect.stringContaining('ORC-12')]);
    await pair.settle();
    expect(pair.sent.length).toBe(before);
    expect(await items('larkspur')).toEqual(['message-incomplete Organization/larkspur']);
    // Nor is what comes after told to who never heard of it.
    const [task] = await pair.larkspur.all('Task', 'status=received&code=fulfill');
    const cancelled = await pair.larkspur.ask(larkspur, 'PATCH', `Task/${task?.id}`, [
      { op: 'replace', path: '/status', value: 'cancelled' },
    ]);
    expect([cancelled.status, cancelled.headers['Warning']]).toEqual([
      200,
      expect.stringContaining('never told'),
    ]);
    await pair.settle();
    expect(pair.sent.length).toBe(before);
  });
});

test('(rules 1.15) a patient without a name is not sent', async () => {
  await contacts(OKAFOR);
  await pair.settle();
  const before = pair.sent.length;
  const answer = await order({ resourceType: 'Patient' });
  expect(answer.headers['Warning']).toContain('PID-5');
  await pair.settle();
  expect(pair.sent.length).toBe(before);
});

describe('(rules 1.3) the note of an outcome', () => {
  const WORDS = 'Six sessions attended.';
  const data = Buffer.from(WORDS).toString('base64');
  const attachment = { contentType: 'text/plain', data };
  const document = (content: object, more: object = {}): object => ({
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: content }],
    ...more,
  });
  const create = (resource: object): Promise<Stored> => pair.tidewater.create(tidewater, resource);
  const to1 = async (resource: object) => ({ valueReference: to(refOf(await create(resource))) });
  const report = (focus: string, subject: string): Resource => {
    const text = JSON.stringify(feedback(focus, subject)).replaceAll(
      'PractitionerRole/demo-recipient',
      'Organization/tidewater',
    );
    return JSON.parse(text.replace('Six sessions attended; weight goal reached.', WORDS)) as Resource; // as before
  };

  const narrative = (words: string) => ({
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml">${words}</div>`,
  });
  const compositionOf = (focus: string, subject: string, section: object): object => ({
    resourceType: 'Composition',
    status: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '11488-4' }] },
    subject: to(subject),
    date: '2025-04-20T10:00:00Z',
    author: [to('Organization/tidewater')],
    title: 'Consult note',
    section: [{ ...section, focus: to(focus) }],
  });

  type Shape = (focus: string, subject: string) => Promise<object>;
  const SHAPES: readonly (readonly [string, Shape, object?])[] = [
    ['a DocumentReference with its data', () => to1(document(attachment))],
    [
      'a DocumentReference of the referral',
      (focus) => to1(document(attachment, { context: { related: [to(focus)] } })),
    ],
    [
      'a DocumentReference that points to a Binary',
      async () =>
        to1(
          document({
            contentType: 'text/plain',
            url: refOf(await create({ resourceType: 'Binary', ...attachment })),
          }),
        ),
    ],
    ['a Binary', () => to1({ resourceType: 'Binary', ...attachment })],
    ['a document', (focus, subject) => to1(report(focus, subject))],
    [
      'a contained Binary',
      async () => ({ valueReference: to('#n') }),
      { contained: [{ resourceType: 'Binary', id: 'n', ...attachment }] },
    ],
    [
      'a contained DocumentReference',
      async () => ({ valueReference: to('#n') }),
      { contained: [{ ...document(attachment), id: 'n' }] },
    ],
    [
      'a report with its form',
      () =>
        to1({
          resourceType: 'DiagnosticReport',
          status: 'final',
          code: { text: 'Report' },
          presentedForm: [attachment],
        }),
    ],
    ['a Composition', (focus, subject) => to1(compositionOf(focus, subject, { text: narrative(WORDS) }))],
    [
      'a Composition with a section within',
      (focus, subject) =>
        to1(
          compositionOf(focus, subject, {
            title: 'Summary',
            section: [{ title: 'Plan', text: narrative(WORDS) }],
          }),
        ),
    ],
    [
      'a Composition that lists a file',
      async (focus, subject) =>
        to1(
          compositionOf(focus, subject, {
            text: narrative('See the letter.'),
            entry: [to(refOf(await create(document(attachment))))],
          }),
        ),
    ],
    ['an attachment', async () => ({ valueAttachment: attachment })],
    ['words', async () => ({ valueString: WORDS })],
  ];

  /** The Task as it came claims BSeR's profile, whose output is a document alone. */
  const CLAIMS = [
    ['', false],
    ['of a Task that claims BSeR ', true],
  ] as const;
  const CASES = CLAIMS.flatMap(([of, claims]) =>
    SHAPES.map(([name, shape, more = {}]) => [`${of}in the shape of ${name}`, claims, shape, more] as const),
  );

  test.each(CASES)('%s goes before it', async (_name, claims, shape, more) => {
    const { task, focus, subject } = await accepted();
    const before = pair.sent.length;
    const output = [{ type: { text: 'Referral outcome' }, ...(await shape(focus, subject)) }];
    const written = {
      ...task,
      ...(!claims && { meta: undefined }),
      ...more,
      status: 'completed',
      businessStatus: undefined,
      output,
    };
    const answer = await pair.tidewater.ask(tidewater, 'PUT', `Task/${task.id}`, written);
    expect(`${answer.status} ${answer.text}`).toMatch(/^200/);
    const isDocument = JSON.stringify(output).includes('Bundle/');
    expect(/put the note into a feedback document/.test(answer.headers['Warning'] ?? '')).toBe(
      claims && !isDocument,
    );
    if (claims) await expectDocument(answer.json as Stored, focus);
    await pair.settle();
    expect(kindsSince(before)).toEqual(['MDM^T02', 'OSU^O51']);
    const [, encoded = ''] = /\^Base64\^([^|]*)/.exec(pair.sent[before]?.text ?? '') ?? [];
    expect(Buffer.from(encoded, 'base64').toString()).toContain(WORDS);
    expect(pair.sent.slice(before).map(({ answer: { code } }) => code)).toEqual(['AA', 'AA']);
  });

  test.each([
    ['stored', async (file: object) => ({ output: await to1(file) })],
    [
      'contained',
      async (file: object) => ({ output: { valueReference: to('#n') }, contained: [{ ...file, id: 'n' }] }),
    ],
  ])('what is %s and marked as an error becomes no document of its own title', async (_name, given) => {
    const { task } = await accepted();
    const before = pair.sent.length;
    const { output, ...more } = await given(document(attachment, { status: 'entered-in-error' }));
    const answer = await pair.tidewater.ask(tidewater, 'PUT', `Task/${task.id}`, {
      ...task,
      ...more,
      status: 'completed',
      businessStatus: undefined,
      output: [{ type: { text: 'Referral outcome' }, ...output }],
    });
    expect(`${answer.status} ${answer.code}`).toBe('422 profile-invalid');
    await pair.settle();
    expect(kindsSince(before)).toEqual([]);
  });

  /** One that its initiator reads, with the note inside. */
  async function expectDocument(task: Stored, focus: string): Promise<void> {
    const outputs = task['output'] as readonly { readonly valueReference: { readonly reference: string } }[];
    expect([outputs.length, task['contained']]).toEqual([1, undefined]);
    const reference = outputs[0]?.valueReference.reference ?? '';
    const { json, text = '' } = await pair.tidewater.ask(larkspur, 'GET', reference);
    expect(json).toMatchObject({
      type: 'document',
      entry: expect.arrayContaining([
        expect.objectContaining({
          resource: expect.objectContaining({
            resourceType: 'Composition',
            section: [
              expect.objectContaining({
                code: { coding: [expect.objectContaining({ code: 'RSRFS' })] },
                focus: to(focus),
              }),
            ],
          }) as unknown,
        }),
      ]) as unknown,
    });
    expect(text.includes(data) || text.includes(WORDS)).toBe(true);
  }

  test.each(SHAPES)('of a Task of FHIR alone, in the shape of %s', async (_name, shape, more = {}) => {
    const server = pair.tidewater;
    const { id } = await server.create(larkspur, {
      resourceType: 'Patient',
      name: [{ family: 'Demo' }],
    });
    const order = await server.create(larkspur, {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      code: { text: 'Diabetes prevention programme' },
      subject: to(`Patient/${id}`),
      requester: to('Organization/larkspur'),
      performer: [to('Organization/tidewater')],
    });
    const [task] = await server.all('Task', `focus=${refOf(order)}`);
    const profile = ['http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask'];
    const output = [{ type: { text: 'Note' }, ...(await shape(refOf(order), `Patient/${id}`)) }];
    const accepts = { ...task, meta: { profile }, ...more, status: 'accepted', output };
    const written = await server.ask(tidewater, 'PUT', `Task/${task?.id}`, {
      ...accepts,
      businessStatus: undefined,
    });
    expect(`${written.status} ${written.text}`).toMatch(/^200/);
    await expectDocument(written.json as Stored, refOf(order));
  });

  test('of a Task that claims BSeR is one document, however often it is written', async () => {
    const { task } = await accepted();
    const output = [{ type: { text: 'Note' }, ...(await to1(document(attachment))) }];
    const outputs: unknown[] = [];
    for (const status of ['completed', 'completed']) {
      const written = { ...task, status, businessStatus: undefined, output };
      const answer = await pair.tidewater.ask(tidewater, 'PUT', `Task/${task.id}`, written);
      outputs.push([answer.status, answer.json?.['output']]);
    }
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[0]).toEqual([200, [expect.anything()]]);
    await pair.settle();
  });

  test('of a Task that claims BSeR is wrapped as often as a commit may copy it', async () => {
    const { task } = await accepted();
    const contained = [{ resourceType: 'Binary', id: 'n', ...attachment }];
    const output = Array.from({ length: 21 }, (_, at) => ({
      type: { text: `${at}` },
      valueReference: to('#n'),
    }));
    const written = { ...task, businessStatus: undefined, contained, output };
    const answer = await pair.tidewater.ask(tidewater, 'PUT', `Task/${task.id}`, written);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('Task.output[20]')]);
  });

  test('of a Task that claims BSeR is the recipient’s to give', async () => {
    const { task } = await accepted();
    const output = [{ type: { text: 'Note' }, valueString: WORDS }];
    const written = { ...task, businessStatus: undefined, output };
    const answer = await pair.tidewater.ask(larkspur, 'PUT', `Task/${task.id}`, written);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('field-frozen')]);
  });

  /** A referral that its recipient has completed. */
  async function completed() {
    const { task, focus } = await accepted();
    const output = [{ type: { text: 'Referral outcome' }, valueString: WORDS }];
    const done = { ...task, status: 'completed', businessStatus: undefined, output };
    const { json } = await pair.tidewater.ask(tidewater, 'PUT', `Task/${task.id}`, done);
    expect(json?.['status']).toBe('completed');
    await pair.settle();
    const late = (more: object = {}) =>
      document({ ...attachment, ...more }, { context: { related: [to(focus)] } });
    return { late, focus };
  }

  test('that is uploaded after it is told by itself, once, and changes nothing (rules 1.15)', async () => {
    const { late } = await completed();
    const [before, open] = [pair.sent.length, (await items('tidewater')).length];
    const answer = await pair.tidewater.ask(tidewater, 'POST', 'DocumentReference', late());
    expect([answer.status, answer.headers['Warning']]).toEqual([201, undefined]);
    await pair.settle();
    expect(kindsSince(before)).toEqual(['MDM^T02']);
    expect(pair.sent[before]?.answer).toMatchObject({ code: 'AA', fate: 'applied' });
    expect((await items('tidewater')).slice(open)).toEqual([]);
    const [order] = await pair.larkspur.all('ServiceRequest', 'status=completed&_sort=-_lastUpdated');
    const files = await pair.larkspur.all('DocumentReference', `related=ServiceRequest/${order?.id}`);
    expect(files.filter((file) => JSON.stringify(file).includes('"text/plain"')).length).toBe(2);
    // Its words alone are no other note; another content is.
    const { id } = answer.json as Stored;
    const described = { ...late(), id, description: 'Closing letter' };
    await pair.tidewater.ask(tidewater, 'PUT', `DocumentReference/${id}`, described);
    await pair.settle();
    expect(kindsSince(before)).toEqual(['MDM^T02']);
    const amended = { ...late({ data: Buffer.from('Eight sessions.').toString('base64') }), id };
    await pair.tidewater.ask(tidewater, 'PUT', `DocumentReference/${id}`, amended);
    await pair.settle();
    expect(kindsSince(before)).toEqual(['MDM^T02', 'MDM^T02']);
  });

  test('that is uploaded after it, and cannot be sent, is a person’s work (rules 1.15)', async () => {
    const { late } = await completed();
    const [before, open] = [pair.sent.length, (await items('tidewater')).length];
    const empty = late({ data: undefined, url: 'https://files.example/1' });
    const answer = await pair.tidewater.ask(tidewater, 'POST', 'DocumentReference', empty);
    expect([answer.status, answer.headers['Warning']]).toEqual([
      201,
      expect.stringContaining('after the outcome'),
    ]);
    await pair.settle();
    expect(kindsSince(before)).toEqual([]);
    expect((await items('tidewater')).slice(open)).toEqual(['message-incomplete Organization/tidewater']);
  });

  test('that is not there is a person’s work, and nothing is sent', async () => {
    const { task } = await accepted();
    const before = pair.sent.length;
    const answer = await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task.id}`, [
      { op: 'replace', path: '/status', value: 'completed' },
    ]);
    expect([answer.status, answer.headers['Warning']]).toEqual([
      200,
      expect.stringContaining('without its note'),
    ]);
    await pair.settle();
    expect(kindsSince(before)).toEqual([]);
    expect((await items('tidewater')).at(-1)).toBe('message-incomplete Organization/tidewater');
  });
});
