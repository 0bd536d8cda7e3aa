/** Forms of consents: those that come with the server, and those that organizations publish (compliance C14). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CONSENT_FORM, FORM_KINDS, formOf, statementsOf } from '../../../src/policies/consent/forms.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { code, openCapturers, outOf, PAPER, ref, TPO, type Capturers, type Given } from './scene.ts';

let scene: Capturers;
beforeAll(async () => {
  scene = await openCapturers();
});
afterAll(() => scene.server.close());

describe('(compliance K1, C14) the form of each kind comes with the server', () => {
  test.each(FORM_KINDS)('%s', async (kind) => {
    const canonical = formOf(kind);
    const { json } = await scene.server.ask(
      'recipient',
      'GET',
      canonical.replace(/.*(?=Questionnaire\/)/, ''),
    );
    expect(json).toMatchObject({ url: canonical, status: 'active' });
    const wrong = validateResource(json, { profiles: 'none' });
    expect(wrong.filter(({ severity = 'error' }) => severity === 'error')).toEqual([]);
    const found = await scene.server.search('recipient', `Questionnaire?url=${canonical}`);
    expect(found).toEqual([json]);
    const texts = (json['item'] as { linkId: string }[]).map(({ linkId }) => linkId);
    for (const statement of statementsOf(kind)) expect(texts).toContain(`statement-${statement}`);
  });
});

const form = (url: string, statements: readonly string[], more: object = {}): Resource => ({
  resourceType: 'Questionnaire',
  extension: [
    {
      url: CONSENT_FORM,
      extension: [
        { url: 'kind', valueCode: 'hipaa-auth' },
        ...statements.map((valueCode) => ({ url: 'statements', valueCode })),
      ],
    },
  ],
  url,
  status: 'active',
  ...more,
});

const AUTH: Given = {
  kind: code('hipaa-auth'),
  to: ref('Organization/recipient'),
  purpose: code('TREAT'),
  information: { part: [{ name: 'label', valueCode: 'HIV' }] },
  until: { valueDate: '2099-12-31' },
  signature: PAPER,
  signedAt: { valueDateTime: '2026-11-20' },
};

describe('(compliance C14) a form that an organization publishes', () => {
  const every = statementsOf('hipaa-auth');

  test('makes every statement of its kind', async () => {
    for (const left of every) {
      const without = every.filter((one) => one !== left);
      const answer = await scene.server.ask(
        'initiator',
        'POST',
        'Questionnaire',
        form(`urn:f:${left}`, without),
      );
      expect([answer.status, answer.code]).toEqual([422, 'consent-incomplete']);
      expect(answer.says).toContain(left);
    }
  });

  test('may lack them while it is a draft, and not when it is published', async () => {
    const draft = await scene.server.create('initiator', form('urn:f:draft', [], { status: 'draft' }));
    const url = `Questionnaire/${draft.id}`;
    const published = await scene.server.ask('initiator', 'PUT', url, { ...draft, status: 'active' });
    expect([published.status, published.code]).toEqual([422, 'consent-incomplete']);
  });

  test('says its kind', async () => {
    const extension = [{ url: CONSENT_FORM, extension: [{ url: 'kind', valueCode: 'whatever' }] }];
    const answer = await scene.server.ask(
      'initiator',
      'POST',
      'Questionnaire',
      form('urn:f:x', [], { extension }),
    );
    expect([answer.status, answer.code]).toEqual([422, 'consent-incomplete']);
  });

  test('fills the statements of a capture, for its own organization and its own kind', async () => {
    await scene.server.create('initiator', form('urn:f:ours', every));
    const named = { form: { valueCanonical: 'urn:f:ours' } };
    const done = await scene.capture('initiator', { ...AUTH, ...named });
    expect(done.status).toBe(200);
    const consent = await scene.server.read('initiator', outOf(done, 'consent') ?? '');
    expect(JSON.stringify(consent['extension'])).toContain('conditioning');
    expect((await scene.capture('initiator', { ...TPO, ...named })).code).toBe('parameter-invalid');
    await scene.server.create('recipient', form('urn:f:theirs', every));
    const theirs = await scene.capture('initiator', { ...AUTH, form: { valueCanonical: 'urn:f:theirs' } });
    expect(theirs.code).toBe('consent-incomplete');
  });

  test('fills what the parameters leave out, from its answers', async () => {
    const answer = (linkId: string, ...values: readonly object[]) => ({ linkId, answer: values });
    const questionnaireResponse = {
      resource: {
        resourceType: 'QuestionnaireResponse',
        questionnaire: 'https://closeloop.dev/fhir/Questionnaire/hipaa-auth',
        status: 'completed',
        item: [
          answer('to', { valueReference: { reference: 'Organization/recipient' } }),
          answer('purpose', { valueCoding: { code: 'TREAT' } }),
          answer('label', { valueCoding: { code: 'HIV' } }),
          answer('until', { valueDate: '2099-12-31' }),
          answer('signedAt', { valueDateTime: '2026-11-20' }),
          answer('signature', PAPER),
        ],
      },
    };
    const done = await scene.capture('initiator', {
      kind: code('hipaa-auth'),
      form: { valueCanonical: formOf('hipaa-auth') },
      questionnaireResponse,
    });
    expect([done.status, done.says]).toEqual([200, '']);
    const document = await scene.server.read('initiator', outOf(done, 'document') ?? '');
    const [related] = (document['context'] as { related: { reference: string }[] }).related;
    expect(await scene.server.read('initiator', related?.reference ?? '')).toMatchObject({
      subject: { reference: scene.patient },
      status: 'completed',
    });
  });
});
