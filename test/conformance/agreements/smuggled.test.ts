/**
 * Ten tricks to send health information as something else, between two without an agreement in force (baa-messaging MS21,
 * MS51): the category rule finds each in the message, and the query by hash finds what left as a file.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AgreementState } from '../../../src/agreements/state.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { keepAgreement } from '../../stored-agreement.ts';
import * as make from '../../resources.ts';
import { callerOf, openWorld, refOf, type World } from '../../world.ts';
import { zipOf } from '../../unit/direct/xdm/archives.ts';
import { setKinds } from '../gates/put-contract.ts';

const A: Ref = 'Organization/elm';
const V: Ref = 'Organization/billing';
const [elm, billing] = [callerOf('elm'), callerOf('billing')];
const CONTENT = 'https://closeloop.dev/fhir/CodeSystem/message-content';

/** What must not leave: a line of a chart with a number of the person, and the same as a file. */
const LINE = 'Her number is 219-09-9999 and she has had shingles since the first of March.';
const FILE = Buffer.from(`%PDF-1.7 ${LINE}`);
const SHA256 = createHash('sha256').update(FILE).digest('hex');
const DISCLOSE = 'subtype=http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose';
const base64 = (bytes: Buffer): string => bytes.toString('base64');

let world: World;
let agreement = 0;
let answered: Ref;

beforeAll(async () => {
  world = await openWorld({ store: { pragmas: ['synchronous=OFF'] } });
  await world.seedDirectory('elm', 'billing');
  await setKinds(world, V, 'business-associate');
  await bring('active');
  const told = await world.create(elm, { ...plain(), payload: [{ contentString: `${LINE} Call her.` }] });
  answered = refOf(told);
  await bring('expired');
});
afterAll(() => world.close());

async function bring(state: AgreementState): Promise<void> {
  agreement = await keepAgreement(world.store, state, { principal: A, associate: V, base: agreement });
}

/** A message that says it is no health information. */
const plain = (more: object = {}): Resource =>
  ({
    resourceType: 'Communication',
    status: 'in-progress',
    category: [{ coding: [{ system: CONTENT, code: 'administrative' }] }],
    sender: { reference: A },
    recipient: [{ reference: V }],
    payload: [{ contentString: 'Please see to this.' }],
    ...more,
  }) as unknown as Resource; // with its category

const attached = (bytes: Buffer, title: string, contentType: string) => ({
  payload: [{ contentAttachment: { contentType, title, data: base64(bytes) } }],
});

const NESTED = zipOf([{ name: 'b.zip', bytes: zipOf([{ name: 'a.pdf', bytes: FILE }]) }]);

/** Each trick as a message, and the rules that may find it. */
const TRICKS: readonly (readonly [trick: string, more: () => object, by: readonly string[]])[] = [
  ['rename', () => attached(FILE, 'holiday.jpg', 'image/jpeg'), ['attachment']],
  [
    're-encode',
    () => ({
      payload: [
        {
          contentAttachment: {
            contentType: 'text/plain',
            data: base64(Buffer.from(base64(FILE))),
            title: 'notes.txt',
          },
        },
      ],
    }),
    ['attachment'],
  ],
  ['zip in zip', () => attached(NESTED, 'archive.zip', 'application/zip'), ['attachment']],
  [
    'inline base64',
    () => ({ payload: [{ contentString: `See: ${base64(FILE)}` }] }),
    ['unread', 'ssn', 'encoded', 'attachment'],
  ],
  [
    'thread quote',
    () => ({
      inResponseTo: [{ reference: answered }],
      payload: [{ contentString: '> she has had shingles since the first of March. Thank you.' }],
    }),
    ['quote'],
  ],
  ['subject line', () => ({ topic: { text: LINE } }), ['ssn']],
  ['display of a reference', () => ({ recipient: [{ reference: V, display: LINE }] }), ['ssn']],
  ['extension', () => ({ extension: [{ url: 'http://example.org/note', valueString: LINE }] }), ['ssn']],
  [
    'narrative',
    () => ({
      text: {
        status: 'additional',
        div: `<div xmlns="http://www.w3.org/1999/xhtml">Her number is 219-<b>09</b>-9999.</div>`,
      },
    }),
    ['ssn'],
  ],
  [
    'contained',
    () => ({
      contained: [{ resourceType: 'Basic', id: 'b', code: { text: LINE } }],
      extension: [{ url: 'http://example.org/more', valueReference: { reference: '#b' } }],
    }),
    ['contained', 'ssn'],
  ],
];

/** How often the bytes of the file went to the other, as the audit has it. */
const timesSent = async (more = ''): Promise<unknown> => {
  const query = `AuditEvent?agent=${V}&content-hash=${SHA256}&${DISCLOSE}&_summary=count${more}`;
  return (await world.bundle(elm, query)).total;
};

/** Which rule decided, as the stored message says. */
const decidedBy = (message: Resource | undefined): unknown =>
  /"url":"by","valueCode":"([a-z0-9-]+)"/.exec(JSON.stringify(message))?.[1];

describe.each(TRICKS)('(baa-messaging MS20, MS21) %s', (_trick, more, by) => {
  test('is refused while no agreement is in force', async () => {
    const before = await timesSent();
    const { code } = await world.ask(elm, 'POST', 'Communication', plain(more()));
    expect([code, await timesSent()]).toEqual(['agreement-not-active', before]);
  });

  test('is health information while one is, and masked when it has ended', async () => {
    await bring('active');
    const { json, code } = await world.ask(elm, 'POST', 'Communication', plain(more()));
    await bring('expired');
    // A file may be refused besides, for what it is.
    expect([...by, 'attachment-refused']).toContain(code ?? decidedBy(json));
    const theirs = await world.ask(billing, 'GET', `Communication?_count=100`);
    expect(theirs.status).toBe(200);
    expect(theirs.text ?? '').not.toContain('shingles');
    expect(theirs.text ?? '').not.toContain('219-');
    expect(theirs.text ?? '').not.toContain(base64(FILE).slice(0, 40));
  });
});

describe('(baa-messaging MS51) a file that left while an agreement was in force', () => {
  const AS: readonly (readonly [trick: string, attachment: object])[] = [
    ['rename', { contentType: 'image/jpeg', title: 'holiday.jpg', data: base64(FILE) }],
    ['re-encode', { contentType: 'text/plain', data: base64(FILE).replace(/(.{4})/, '$1 ') }],
    ['zip in zip', { contentType: 'application/zip', title: 'archive.zip', data: base64(NESTED) }],
  ];

  test.each(AS)('%s: is found by its hash', async (_trick, attachment) => {
    await bring('active');
    const subject = refOf(await world.create(elm, make.patient()));
    const document = await world.create(elm, {
      resourceType: 'DocumentReference',
      status: 'current',
      subject: { reference: subject },
      content: [{ attachment }],
    });
    const parties = { subject, requester: A, performer: V };
    await world.create(
      elm,
      make.serviceRequest(parties, { supportingInfo: [{ reference: refOf(document) }] }),
    );
    const entity = `&entity=${refOf(document)}`;
    expect(await timesSent(entity)).toBe(0);
    expect((await world.ask(billing, 'GET', refOf(document))).status).toBe(200);
    expect(await timesSent(entity)).toBe(1);
    await bring('expired');
    expect((await world.ask(billing, 'GET', refOf(document))).code).toBe('agreement-not-active');
    expect(await timesSent(entity)).toBe(1);
  });
});
