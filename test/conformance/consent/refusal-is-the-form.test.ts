/**
 * The refusal is the form: a client that knows nothing but what the server answered draws a dialog, posts what it was given,
 * and the referral is there (compliance K1, K2). The same by plain FHIR (K3), and what is on file is referenced (K5).
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Extension, OperationOutcomeIssue, Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Response } from '../../server.ts';
import {
  openCapturers,
  outOf,
  PAPER,
  parametersFor,
  responseOf,
  TPO,
  waiting,
  type Capturers,
} from './scene.ts';

const PART2 = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' };

let scene: Capturers;
let patient: Ref;
beforeAll(async () => {
  scene = await openCapturers('initiator', 'recipient');
  ({ patient } = scene);
});
afterAll(() => scene.server.close());

const plainOrder = (more: Readonly<Record<string, unknown>> = {}): Resource =>
  make.serviceRequest(
    { subject: patient, requester: 'Organization/initiator', performer: 'Organization/recipient' },
    more,
  );

const order = (): Resource => plainOrder({ meta: { security: [PART2] } });

const count = async (type: string): Promise<number> =>
  Number((await scene.server.ask('initiator', 'GET', `${type}?_summary=count`)).json['total']);

// — the client

interface Dialog {
  /** Where it is posted. */
  readonly address: string;
  readonly title: string;
  readonly kind: string;
  readonly form: string;
  readonly needs: readonly Extension[];
}

/** Everything that the client reads: the outcome, its header, and the form that it names. */
async function drawDialog(refused: Response): Promise<Dialog> {
  const [issue] = refused.json['issue'] as readonly OperationOutcomeIssue[];
  const needs = issue?.extension?.[0]?.extension ?? [];
  const form = needs.find(({ url }) => url === 'form')?.valueCanonical ?? '';
  const [found] = await scene.server.search('initiator', `Questionnaire?url=${form}`);
  const [registration] = (found?.['extension'] ?? []) as readonly Extension[];
  const registered = registration?.extension ?? [];
  const [, address = ''] = /<([^>]+)>; rel="[^"]*\/rel\/capture"/.exec(refused.headers['link'] ?? '') ?? [];
  return {
    address: address.replace(/.*\/fhir\//, ''),
    title: String(found?.['title']),
    kind: registered.find(({ url }) => url === 'kind')?.valueCode ?? '',
    form,
    needs,
  };
}

/** What the user fills in: the parties and purposes stand there already. */
function answerOf({ kind, form, needs }: Dialog, waits: Resource): Resource {
  const filled = needs.flatMap((need): readonly object[] => {
    if (need.url === 'from' || need.url === 'to')
      return [{ name: need.url, valueReference: need.valueReference }];
    return need.url === 'purpose' ? [{ name: 'purpose', valueCode: need.valueCode }] : [];
  });
  const labels = needs
    .filter(({ url }) => url === 'label')
    .map(({ valueCode }) => ({ name: 'label', valueCode }));
  return {
    resourceType: 'Parameters',
    parameter: [
      ...filled,
      { name: 'kind', valueCode: kind },
      { name: 'form', valueCanonical: form },
      { name: 'information', part: labels },
      { name: 'event', valueString: 'none' },
      { name: 'signature', ...PAPER },
      { name: 'signedAt', valueDateTime: '2026-11-20' },
      { name: 'then', resource: waits },
    ],
  };
}

describe('(compliance K1, K2) a client that knows nothing but the refusal', () => {
  test('is refused, draws the dialog, captures, and the referral is there', async () => {
    const waits = make.transaction({ method: 'POST', url: 'ServiceRequest', resource: order() });
    const before = await count('ServiceRequest');
    const refused = await scene.server.ask('initiator', 'POST', '', waits);
    expect([refused.status, refused.code]).toEqual([422, 'consent-needed']);
    expect(await count('ServiceRequest')).toBe(before);

    const dialog = await drawDialog(refused);
    expect(dialog).toMatchObject({ address: `${patient}/$capture-consent`, kind: 'part2-tpo' });
    const done = await scene.server.ask('initiator', 'POST', dialog.address, answerOf(dialog, waits));
    expect([done.status, done.says]).toEqual([200, '']);

    const [sent = ''] = responseOf(done);
    const at = sent.replace(/\/_history.*/, '') as Ref;
    expect((await scene.server.ask('recipient', 'GET', at)).status).toBe(200);
    expect(await scene.server.search('recipient', `Task?focus=${at}`)).toHaveLength(1);
    await scene.server.ask('initiator', 'POST', `${outOf(done, 'consent')}/$revoke`, ended());
  });

  test('and what a Consent does not cover is refused with the Consent that is on file', async () => {
    const done = await scene.capture('initiator', { ...TPO, purpose: { valueCode: 'HPAYMT' } });
    const existing = outOf(done, 'consent');
    const refused = await scene.server.ask('initiator', 'POST', 'ServiceRequest', order());
    expect([refused.status, refused.code]).toEqual([422, 'consent-needed']);
    expect(refused.says).toContain(existing);
    await scene.server.ask('initiator', 'POST', `${existing}/$revoke`, ended());
  });
});

const ended = (): Resource =>
  parametersFor({ by: { valueReference: { reference: patient } }, how: { valueCode: 'written' } });

describe('(compliance K3) the same by plain FHIR', () => {
  const consent = 'urn:uuid:0b0f1f2e-0001-4000-8000-000000000001';
  const paper = 'urn:uuid:0b0f1f2e-0001-4000-8000-000000000002';

  /** The Consent that a capture made, as another EHR would write it, with its paper. */
  async function written(): Promise<Resource> {
    const made = await scene.capture('initiator', TPO);
    const {
      id: _id,
      meta: _meta,
      ...rest
    } = await scene.server.read('initiator', outOf(made, 'consent') ?? '');
    await scene.server.ask('initiator', 'POST', `${outOf(made, 'consent')}/$revoke`, ended());
    return {
      ...rest,
      resourceType: 'Consent',
      sourceReference: undefined,
      sourceAttachment: { contentType: 'text/plain', url: paper },
    };
  }

  test('a transaction with the Consent, its paper and the referral passes, and without the Consent it is refused whole', async () => {
    const entries = [
      { method: 'POST', url: 'Binary', fullUrl: paper, resource: make.binary('signed') },
      { method: 'POST', url: 'ServiceRequest', resource: order() },
    ] as const;
    const before = await count('Binary');
    const without = await scene.server.ask('initiator', 'POST', '', make.transaction(...entries));
    expect([without.status, without.code]).toEqual([422, 'consent-needed']);
    const resource = await written();
    const now = await count('Binary');
    expect(now).toBe(before + 1);
    const whole = make.transaction(
      { method: 'POST', url: 'Consent', fullUrl: consent, resource },
      ...entries,
    );
    const done = await scene.server.ask('initiator', 'POST', '', whole);
    expect([done.status, done.says]).toEqual([200, '']);
    for (const { url } of await stored(done))
      if (url.startsWith('Consent/')) await scene.server.ask('initiator', 'POST', `${url}/$revoke`, ended());
  });

  const stored = async ({ json }: Response): Promise<readonly { readonly url: string }[]> =>
    (json['entry'] as { response: { location: string } }[]).map(({ response }) => ({
      url: response.location.replace(/\/_history.*/, ''),
    }));
});

describe('(compliance K5) a Consent on file', () => {
  const supporting = async (at: string): Promise<readonly unknown[]> =>
    ((await scene.server.read('initiator', at))['supportingInfo'] ?? []) as readonly unknown[];

  test('is referenced by the order that it names the recipient of, read by the recipient, and in the audit', async () => {
    const named = { ...TPO, to: { valueReference: { reference: 'Organization/recipient' } } };
    const waits = make.transaction({ method: 'POST', url: 'ServiceRequest', resource: order() });
    const done = await scene.capture('initiator', waiting(named, waits));
    const [sent = ''] = responseOf(done);
    const consent = outOf(done, 'consent');
    expect(await supporting(sent.replace(/\/_history.*/, ''))).toEqual([{ reference: consent }]);
    expect((await scene.server.ask('recipient', 'GET', consent ?? '')).status).toBe(200);
    const events = await scene.server.auditOf('initiator', sent.replace(/\/_history.*/, '') as Ref);
    const version = (await scene.server.read('initiator', consent ?? '')).meta?.versionId;
    expect(JSON.stringify(events)).toContain(`${consent}/_history/${version}`);
    expect(JSON.stringify(events)).toContain('"code":"consent"');
    const seen = await scene.server.auditOf('recipient', sent.replace(/\/_history.*/, '') as Ref);
    expect(JSON.stringify(seen)).not.toContain('"code":"consent"');
    const second = await scene.server.create('initiator', order());
    expect(await supporting(`ServiceRequest/${second.id}`)).toEqual([{ reference: consent }]);
    await scene.server.ask('initiator', 'POST', `${consent}/$revoke`, ended());
  });

  test('that names a class is not', async () => {
    const waits = make.transaction({ method: 'POST', url: 'ServiceRequest', resource: order() });
    const done = await scene.capture('initiator', waiting(TPO, waits));
    const [sent = ''] = responseOf(done);
    expect(await supporting(sent.replace(/\/_history.*/, ''))).toEqual([]);
    const consent = outOf(done, 'consent');
    expect((await scene.server.ask('recipient', 'GET', consent ?? '')).status).toBe(404);
    await scene.server.ask('initiator', 'POST', `${consent}/$revoke`, ended());
  });

  test('is not asked for by a referral that needs none', async () => {
    const plain = await scene.server.create('initiator', plainOrder());
    expect(await supporting(`ServiceRequest/${plain.id}`)).toEqual([]);
  });
});

describe('(compliance P4) a program that answers an order', () => {
  test('is refused, captures, and its acceptance runs in the same commit', async () => {
    const kind = { system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'part2-program' };
    const program = await scene.server.read('recipient', 'Organization/recipient');
    const typed = { ...program, type: [{ coding: [kind] }] };
    await scene.server.ask('recipient', 'PUT', 'Organization/recipient', typed);
    const sent = await scene.server.create('initiator', plainOrder());
    const [task] = await scene.server.search('recipient', `Task?focus=ServiceRequest/${sent.id}`);
    const at = `Task/${task?.id}`;
    const accepted = { ...task, resourceType: 'Task', status: 'accepted' };
    const refused = await scene.server.ask('recipient', 'PUT', at, accepted);
    expect([refused.status, refused.code]).toEqual([422, 'consent-needed']);
    expect((await scene.server.read('initiator', at))['status']).toBe('received');

    const dialog = await drawDialog(refused);
    const waits = make.transaction({ method: 'PUT', url: at, resource: accepted });
    const done = await scene.server.ask('recipient', 'POST', dialog.address, answerOf(dialog, waits));
    expect([done.status, done.says]).toEqual([200, '']);
    expect((await scene.server.read('initiator', at))['status']).toBe('accepted');
  });
});
