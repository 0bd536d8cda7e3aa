/** Answers of a registered consent form make a Consent only when they are signed (compliance K7). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { formOf } from '../../../src/policies/consent/forms.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Stored } from '../../world.ts';
import { openCapturers, PAPER, type Capturers } from './scene.ts';

let scene: Capturers;
beforeAll(async () => {
  scene = await openCapturers();
});
afterAll(() => scene.server.close());

const answer = (linkId: string, ...values: readonly object[]) => ({ linkId, answer: values });
const SIGNED = answer('signature', PAPER);

const ANSWERS = [
  answer('to', { valueReference: { reference: 'Organization/recipient' } }),
  answer('purpose', { valueCoding: { code: 'TREAT' } }),
  answer('label', { valueCoding: { code: 'HIV' } }),
  answer('until', { valueDate: '2099-12-31' }),
  answer('signedAt', { valueDateTime: '2026-11-20' }),
];

const responseTo = (form: string, item: readonly object[], more: object = {}): Resource => ({
  resourceType: 'QuestionnaireResponse',
  questionnaire: form,
  status: 'completed',
  subject: { reference: scene.patient },
  item,
  ...more,
});

const file = (response: Resource, who = 'initiator'): Promise<Stored> => scene.server.create(who, response);

/** What came of a response: the Consents whose source it is, and the work items about it. */
async function cameOf({
  id,
}: Stored): Promise<readonly [consents: readonly Stored[], items: readonly Stored[]]> {
  const at = `QuestionnaireResponse/${id}`;
  return [
    await scene.server.search('initiator', `Consent?source-reference=${at}`),
    await scene.server.search('initiator', `Task?focus=${at}`),
  ];
}

describe('(compliance K7) a response of a registered form', () => {
  test('that is signed makes the Consent, with who recorded it', async () => {
    const [[consent, ...others], items] = await cameOf(
      await file(responseTo(formOf('hipaa-auth'), [...ANSWERS, SIGNED])),
    );
    expect([others, items]).toEqual([[], []]);
    expect(consent).toMatchObject({
      status: 'active',
      dateTime: '2026-11-20',
      provision: { type: 'permit', period: { end: '2099-12-31' }, securityLabel: [{ code: 'HIV' }] },
    });
    const provenances = await scene.server.search('initiator', `Provenance?target=Consent/${consent?.id}`);
    expect(provenances).toHaveLength(1);
  });

  // prettier-ignore
  test.each<readonly [what: string, item: readonly object[], lacks: string]>([
    ['without a signature', ANSWERS,                     'signature'],
    ['without an end',      [...ANSWERS.filter(({ linkId }) => linkId !== 'until'), SIGNED], 'expiry (A5)'],
    ['with an unknown purpose', [...ANSWERS, answer('purpose', { valueCoding: { code: 'FUN' } }), SIGNED], 'answers that make a valid Consent'],
  ])('%s makes one work item', async (_what, item, lacks) => {
    const [consents, items] = await cameOf(await file(responseTo(formOf('hipaa-auth'), item)));
    expect([consents, items.length]).toEqual([[], 1]);
    expect(items[0]).toMatchObject({ code: { coding: [{ code: 'consent-needed' }] }, status: 'requested' });
    expect(items[0]?.['description']).toContain(lacks);
  });

  test('that is still being filled in makes nothing, and then one Consent', async () => {
    const response = responseTo(formOf('hipaa-auth'), [...ANSWERS, SIGNED], { status: 'in-progress' });
    const begun = await file(response);
    expect(await cameOf(begun)).toEqual([[], []]);
    const done = { ...begun, status: 'completed' };
    await scene.server.ask('initiator', 'PUT', `QuestionnaireResponse/${begun.id}`, done);
    await scene.server.ask('initiator', 'PUT', `QuestionnaireResponse/${begun.id}`, {
      ...done,
      language: 'en',
    });
    expect((await cameOf(begun))[0]).toHaveLength(1);
  });

  test('of another form makes nothing', async () => {
    const made = await file(responseTo('https://forms.example/intake', [...ANSWERS, SIGNED]));
    expect(await cameOf(made)).toEqual([[], []]);
  });

  test('of an organization that does not keep the patient makes nothing', async () => {
    const order = make.serviceRequest({
      subject: scene.patient,
      requester: 'Organization/initiator',
      performer: 'Organization/recipient',
    });
    await scene.server.create('initiator', order);
    const made = await file(responseTo(formOf('hipaa-auth'), [...ANSWERS, SIGNED]), 'recipient');
    expect(
      await scene.server.search('recipient', `Consent?source-reference=QuestionnaireResponse/${made.id}`),
    ).toEqual([]);
  });
});
