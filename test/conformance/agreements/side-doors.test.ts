/** What two without an agreement in force might try beside a message: other categories, other resources, other places. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AgreementState } from '../../../src/agreements/state.ts';
import { openAssociations, readAgreement, storedContracts } from '../../../src/delivery/agreements.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { agreement } from '../../agreements.ts';
import { keep, keepAgreement } from '../../stored-agreement.ts';
import { refOf } from '../../world.ts';
import { setKinds } from '../gates/put-contract.ts';
import { billing, elm, openScene, type Scene } from './scene.ts';

const A: Ref = 'Organization/elm';
const V: Ref = 'Organization/billing-co';
const CONTENT = 'https://closeloop.dev/fhir/CodeSystem/message-content';
const SECRET = 'zoster since March';

let scene: Scene;
let base = 0;
let patient: Ref;
beforeAll(async () => {
  scene = await openScene();
  await setKinds(scene, V, 'business-associate');
  patient = refOf(await scene.create(elm, make.patient()));
});
afterAll(() => scene.close());

async function bring(state: AgreementState): Promise<void> {
  base = await keepAgreement(scene.store, state, {
    principal: A,
    associate: V,
    id: 'ab',
    base,
    isShown: true,
  });
}

const message = (content: string, more: object): Resource =>
  ({
    resourceType: 'Communication',
    status: 'in-progress',
    category: [{ coding: [{ system: CONTENT, code: content }] }],
    sender: { reference: A },
    recipient: [{ reference: V }],
    payload: [{ contentString: SECRET }],
    ...more,
  }) as unknown as Resource; // with its category

const send = (content: string, more: object) =>
  scene.ask(elm, 'POST', 'Communication', message(content, more));

test.each(['administrative', 'notice', 'agreement'])(
  'a Communication of a referral is health information, declared %s or not (baa-messaging MS20, MK1)',
  async (content) => {
    await bring('active');
    const parties = { subject: patient, requester: A, performer: V };
    const order = refOf(await scene.create(elm, make.serviceRequest(parties)));
    for (const more of [{ about: [{ reference: order }] }, { basedOn: [{ reference: order }] }]) {
      const { json, issues } = await send(content, more);
      expect(json?.['category']).toEqual([{ coding: [{ system: CONTENT, code: 'phi' }] }]);
      expect(issues).toEqual([]);
      expect(JSON.stringify((await scene.ask(billing, 'GET', refOf(json as Resource))).json)).toContain(
        SECRET,
      );
      await bring('expired');
      const { json: masked } = await scene.ask(billing, 'GET', refOf(json as Resource));
      expect(JSON.stringify(masked)).not.toContain(SECRET);
      await bring('active');
    }
  },
);

test('a Contract that is no agreement of the two is closed like any record (baa-messaging BA13)', async () => {
  await bring('active');
  const lease = await scene.create(elm, {
    resourceType: 'Contract',
    status: 'executed',
    subject: [{ reference: patient }],
    term: [{ offer: { text: SECRET } }],
  } as unknown as Resource); // with its subject
  const parties = { subject: patient, requester: A, performer: V };
  await scene.create(elm, make.serviceRequest(parties, { supportingInfo: [{ reference: refOf(lease) }] }));
  expect((await scene.ask(billing, 'GET', refOf(lease))).status).toBe(200);
  await bring('expired');
  for (const way of [
    refOf(lease),
    `${refOf(lease)}/_history`,
    `${refOf(lease)}/_history/1`,
    'Contract',
  ] as const)
    expect(JSON.stringify((await scene.ask(billing, 'GET', way)).json ?? '')).not.toContain(SECRET);
  expect((await scene.ask(billing, 'GET', 'Contract/ab')).status).toBe(200);
});

describe('only what is about an agreement of the two is a message of it (baa-messaging BA10)', () => {
  const about = (reference: string) => ({ about: [{ reference }] });
  const pdf = { contentType: 'application/pdf', data: 'JVBERi0xLjQKJSVFT0YK' };
  const attached = (url: string) => ({
    ...about('Contract/ab'),
    payload: [{ contentAttachment: { contentType: 'application/pdf', url } }],
  });

  test('not about a lease, the agreement of another, or a Contract elsewhere', async () => {
    await bring('expired');
    await scene.put({ id: 'with-oak', associate: 'Organization/oak' });
    const lease = { resourceType: 'Contract', status: 'executed', type: { text: 'lease' } };
    const { id } = await scene.create(elm, lease as Resource);
    for (const other of [`Contract/${id}`, 'Contract/with-oak', 'http://elsewhere.example/fhir/Contract/1']) {
      expect((await send('agreement', about(other))).code).toBe('agreement-not-active');
      const payload = [{ contentReference: { reference: other } }];
      expect((await send('agreement', { ...about('Contract/ab'), payload })).code).toBe(
        'agreement-not-active',
      );
    }
    expect((await send('agreement', about('Contract/ab'))).status).toBe(201);
  });

  test('nor with a file of somebody’s record', async () => {
    const file = async (more: object) => refOf(await scene.create(elm, make.binary('', { ...pdf, ...more })));
    const ofPatient = await file({ securityContext: { reference: patient } });
    const pointedTo = await file({});
    await scene.create(elm, make.documentReference(patient, pointedTo));
    for (const url of [ofPatient, pointedTo])
      expect((await send('agreement', attached(url))).code).toBe('agreement-not-active');
    const paper = await file({});
    const report = {
      resourceType: 'DocumentReference',
      status: 'current',
      content: [{ attachment: { url: paper } }],
    };
    await scene.create(elm, report as unknown as Resource); // an attestation, about nobody
    expect((await send('agreement', attached(paper))).status).toBe(201);
  });

  test('nor is such a file the document of an agreement', async () => {
    const offer = async (document: string) => {
      const draft = agreement({ status: 'policy', principal: A, associate: V, signed: [], document });
      const hash = createHash('sha256').update(pdf.data, 'base64').digest('hex');
      const text = JSON.stringify(draft).replaceAll(/[0-9a-f]{64}/g, hash);
      const { id } = await scene.create(elm, JSON.parse(text) as Resource);
      return scene.ask(elm, 'PATCH', `Contract/${id}`, [
        { op: 'replace', path: '/status', value: 'offered' },
      ]);
    };
    const file = async (more: object) => refOf(await scene.create(elm, make.binary('', { ...pdf, ...more })));
    expect((await offer(await file({ securityContext: { reference: patient } }))).issues[0]).toMatchObject({
      code: 'agreement-incomplete',
      diagnostics: 'its document belongs to the record of a patient',
    });
    expect((await offer(await file({}))).status).toBe(200);
  });
});

test.each([
  ['at another server', { payload: [{ contentAttachment: { url: 'https://elsewhere.example/a.pdf' } }] }],
  ['of another type', { payload: [{ contentAttachment: { url: 'Patient/p' } }] }],
  [
    'in an extension',
    {
      payload: [
        {
          contentString: 'x',
          extension: [{ url: 'http://x', valueAttachment: { contentType: 'text/plain', data: 'WA==' } }],
        },
      ],
    },
  ],
  ['as bytes', { extension: [{ url: 'http://x', valueBase64Binary: 'WA==' }] }],
  [
    'contained',
    {
      contained: [{ resourceType: 'Binary', id: 'b', contentType: 'text/plain', data: 'WA==' }],
      payload: [{ contentReference: { reference: '#b' } }],
    },
  ],
])('a file %s is nothing that anybody could scan (baa-messaging MS8, MS11)', async (_, more) => {
  await bring('active');
  expect((await send('phi', more)).code).toBe('attachment-refused');
});

test('an agreement of a subcontractor with nothing above it is not in force (baa-messaging BA7)', async () => {
  await bring('none');
  const oak: Ref = 'Organization/oak';
  await setKinds(scene, oak, 'business-associate');
  const lower = agreement({ id: 'lower', kinds: ['subcontractor-baa'], principal: V, associate: oak });
  await keep(scene.store, { resource: lower, custodian: V });
  const standing = await readAgreement(storedContracts(scene.store.snapshot()), V, oak, scene.now);
  expect(standing).toMatchObject({ state: 'pending' });
  const told = message('phi', { sender: { reference: V }, recipient: [{ reference: oak }] });
  expect((await scene.ask(billing, 'POST', 'Communication', told)).code).toBe('agreement-not-active');
  await bring('active');
  expect((await scene.ask(billing, 'POST', 'Communication', told)).status).toBe(201);
});

test('what a third party offers to an associate keeps no agreement out of sight (baa-messaging BA5, BA13)', async () => {
  await bring('active');
  const drafts = Array.from({ length: 201 }, (_, at) => {
    const { legal: _legal, ...rest } = agreement({
      id: `flood-${at}`,
      status: 'policy',
      principal: 'Organization/oak',
      associate: V,
      signed: [],
    });
    return { resource: { ...rest, resourceType: 'Contract' }, custodian: 'Organization/oak' as const };
  });
  await keep(scene.store, ...drafts);
  expect((await send('phi', {})).status).toBe(201);
  const open = await openAssociations(storedContracts(scene.store.snapshot()), V, scene.now);
  expect([...open]).toContain(A);
});

describe('what is written beside a message that was sent (baa-messaging MS5, MS20)', () => {
  const edit = async (operations: readonly object[]) => {
    await bring('expired');
    const sent = await send('administrative', { payload: [{ contentString: 'Please sign.' }] });
    const ref = refOf(sent.json as Resource);
    await scene.ask(billing, 'POST', `${ref}/$read`);
    await scene.ask(billing, 'PATCH', ref, [{ op: 'replace', path: '/status', value: 'completed' }]);
    await scene.ask(elm, 'PATCH', ref, [...operations]);
    return JSON.stringify((await scene.ask(billing, 'GET', ref)).json);
  };

  test.each([
    ['a display of the sender', { op: 'add', path: '/sender/display', value: SECRET }],
    ['a display of a recipient', { op: 'add', path: '/recipient/0/display', value: SECRET }],
    ['a tag', { op: 'add', path: '/meta/tag', value: [{ code: 'a', display: SECRET }] }],
    ['an extension', { op: 'add', path: '/extension/-', value: { url: 'http://x', valueString: SECRET } }],
  ])('%s is not shown', async (_, operation) => {
    expect(await edit([operation])).not.toContain(SECRET);
  });

  test('the reason of a retraction is health information like any other words', async () => {
    const retract = (text: string) =>
      edit([
        { op: 'add', path: '/statusReason', value: { text } },
        { op: 'replace', path: '/status', value: 'entered-in-error' },
      ]);
    expect(await retract('Sent twice.')).toContain('Sent twice.');
    expect(await retract('MRN 1234567 was meant.')).not.toContain('1234567');
  });
});

test('who works for others has subcontractors, whose agreements hang on its own (baa-messaging BA7)', async () => {
  const begin = async (...kinds: readonly ('baa' | 'subcontractor-baa' | 'qso' | 'government-mou')[]) => {
    const spec = { status: 'policy', kinds, principal: V, associate: 'Organization/oak', signed: [] };
    const { legal: _legal, ...draft } = agreement(spec);
    const { status, issues } = await scene.ask(billing, 'POST', 'Contract', {
      ...draft,
      resourceType: 'Contract',
    });
    return issues[0]?.diagnostics ?? status;
  };
  const refused = 'its principal works for others: its agreements are of the type subcontractor-baa';
  expect(await begin('baa')).toBe(refused);
  expect(await begin('baa', 'subcontractor-baa')).toBe(refused);
  expect(await begin('government-mou')).toBe(refused);
  expect(await begin('subcontractor-baa')).toBe(201);
  expect(await begin('subcontractor-baa', 'qso')).toBe(201);
});
