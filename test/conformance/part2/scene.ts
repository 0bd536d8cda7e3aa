/** A referral of a program of 42 CFR Part 2: what it tells bears the label, and a consent permits it. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { TestServer } from '../../server.ts';
import { act, condition, conf } from '../labels/scene.ts';

const CLOSELOOP = 'https://closeloop.dev/fhir';
const ROLES = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const REASONS = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const STATEMENTS = ['revocation', 'hipaa-redisclosure', 'redisclosure', 'refusal-consequences'];

/** The single consent for treatment, payment and operations (42 CFR 2.31), complete. */
export const tpoConsent = (patient: Ref, from: Ref, signed: Ref, more: object = {}): Resource => ({
  resourceType: 'Consent',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [{ coding: [{ system: 'http://loinc.org', code: '64292-6' }] }],
  patient: { reference: patient },
  dateTime: '2026-03-01',
  performer: [{ reference: patient }],
  organization: [{ reference: from }],
  sourceReference: { reference: signed },
  policyRule: {
    coding: [{ system: `${CLOSELOOP}/CodeSystem/consent-kind`, code: 'part2-tpo' }],
  },
  extension: [
    ...STATEMENTS.map((valueCode) => ({
      url: `${CLOSELOOP}/StructureDefinition/consent-statements`,
      valueCode,
    })),
    {
      url: `${CLOSELOOP}/StructureDefinition/information-description`,
      valueString: 'All my treatment records',
    },
    { url: `${CLOSELOOP}/StructureDefinition/expiration-event`, valueString: 'none' },
  ],
  provision: {
    type: 'permit',
    actor: [
      { role: { coding: [{ system: ROLES, code: 'CST' }] }, reference: { reference: from } },
      {
        role: { coding: [{ system: ROLES, code: 'IRCP' }] },
        reference: { reference: 'Organization/recipient' },
      },
    ],
    purpose: ['TREAT', 'HPAYMT', 'HOPERAT'].map((code) => ({ system: REASONS, code })),
    securityLabel: [act('42CFRPart2')],
  },
  ...more,
});

/** The words that explain {@link tpoConsent}. */
export const SCOPE =
  'Consent of 2026-03-01: initiator may disclose "All my treatment records" to recipient for treatment, payment and health care operations without an end. It may be revoked in writing.';

export interface Part2Scene {
  readonly patient: Ref;
  readonly consent: Ref;
  /** Content of Part 2 that the initiator keeps. */
  readonly condition: Ref;
  /** What the initiator keeps of the same patient that is none. */
  readonly plain: Ref;
  readonly order: Ref;
  readonly task: Ref;
}

export interface SceneChoice {
  /** Whether the order refers to the Consent, so that the recipient may read it. */
  readonly isConsentSent?: boolean;
  readonly consent?: object;
}

/** The initiator refers a patient to the recipient. */
export async function part2Scene(
  server: TestServer,
  { isConsentSent = true, consent: more = {} }: SceneChoice = {},
): Promise<Part2Scene> {
  const create = async (resource: Resource): Promise<Ref> =>
    `${resource.resourceType}/${(await server.create('initiator', resource)).id}` as Ref;
  const patient = await create(make.patient());
  const signed = await create({
    resourceType: 'DocumentReference',
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '64292-6' }] },
    subject: { reference: patient },
    content: [{ attachment: { contentType: 'text/plain', data: 'c2lnbmVk' } }],
  });
  const consent = await create(tpoConsent(patient, 'Organization/initiator', signed, more));
  const labelled = { meta: { security: [conf('R'), act('42CFRPart2')] } };
  const part2 = await create(condition(patient, 'F11.20', labelled));
  const plain = await create(condition(patient, 'I10'));
  const order = await create(
    make.serviceRequest(
      { subject: patient, requester: 'Organization/initiator', performer: 'Organization/recipient' },
      {
        reasonReference: [part2, plain].map((reference) => ({ reference })),
        ...(isConsentSent && { supportingInfo: [{ reference: consent }] }),
      },
    ),
  );
  if (!isConsentSent) {
    const { supportingInfo: _added, ...without } = await server.read('initiator', order);
    const { status, text } = await server.ask('initiator', 'PUT', order, without);
    if (status !== 200) throw new Error(text);
  }
  const [task] = await server.search('initiator', `Task?focus=${order}`);
  return { patient, consent, condition: part2, plain, order, task: `Task/${task?.id ?? ''}` };
}
