/** The table of attacks: who tries what with another's resources, and the exact answer (rules 2). */
import type { IssueCode } from '../../../src/fhir/issue.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  administratorFor,
  callerOf,
  initiator,
  recipient,
  refOf,
  stranger,
  type Headers,
  type Method,
} from '../../world.ts';
import type { Scene } from './scene.ts';

/** Who tries what, and what comes of it. */
export type Attack = readonly [
  says: string,
  caller: Caller,
  asked: (scene: Scene) => readonly [method: Method, url: string, body?: unknown, headers?: Headers],
  status: number,
  code: IssueCode | undefined,
];

export const ATTACKS: readonly Attack[] = [
  // — references (rules 2.3)
  [
    "another's Patient as subject",
    stranger,
    ({ patient }) => ['POST', 'Observation', make.observation(refOf(patient))],
    422,
    'reference-not-found',
  ],
  [
    'an absent Patient as subject',
    stranger,
    () => ['POST', 'Observation', make.observation('Patient/never-used')],
    422,
    'reference-not-found',
  ],
  [
    "another's Task in Communication.about",
    stranger,
    ({ task }) => ['POST', 'Communication', make.communication([refOf(task)])],
    422,
    'reference-not-found',
  ],
  [
    "another's Binary in a document",
    recipient,
    ({ patient, hiddenLetter }) => [
      'POST',
      'DocumentReference',
      make.documentReference(refOf(patient), refOf(hiddenLetter)),
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Binary in a document, by our own address",
    recipient,
    ({ patient, hiddenLetter }) => [
      'POST',
      'DocumentReference',
      make.documentReference(refOf(patient), `https://referrals.example.org/fhir/${refOf(hiddenLetter)}`),
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Binary added to one's own Task.input",
    recipient,
    ({ task, hiddenLetter }) => [
      'PATCH',
      refOf(task),
      [{ op: 'add', path: '/input', value: [make.parameter(refOf(hiddenLetter))] }],
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Observation as Task.reasonReference",
    recipient,
    ({ task, hiddenObservation }) => [
      'PATCH',
      refOf(task),
      [{ op: 'add', path: '/reasonReference', value: make.to(refOf(hiddenObservation)) }],
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's draft in a contained resource",
    recipient,
    ({ patient, hiddenDraft }) => [
      'POST',
      'Observation',
      make.observation(refOf(patient), {
        contained: [{ ...make.observation(refOf(patient)), id: 'o', focus: [make.to(refOf(hiddenDraft))] }],
        hasMember: [make.to('#o')],
      }),
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Consent in an extension",
    recipient,
    ({ patient, hiddenConsent }) => [
      'POST',
      'Observation',
      make.observation(refOf(patient), {
        extension: [{ url: 'https://example.org/consent', valueReference: make.to(refOf(hiddenConsent)) }],
      }),
    ],
    422,
    'reference-not-found',
  ],
  [
    "a Task of one's own with another's order as focus",
    stranger,
    ({ request, patient }) => [
      'POST',
      'Task',
      make.task({
        focus: refOf(request),
        for: refOf(patient),
        requester: 'Organization/stranger',
        owner: 'Organization/stranger',
      }),
    ],
    422,
    'reference-not-found',
  ],
  [
    'an order that replaces the other one',
    stranger,
    ({ request, otherPatient }) => [
      'POST',
      'ServiceRequest',
      make.serviceRequest(
        {
          subject: refOf(otherPatient),
          requester: 'Organization/stranger',
          performer: 'Organization/stranger',
        },
        { replaces: [make.to(refOf(request))] },
      ),
    ],
    422,
    'reference-not-found',
  ],

  // — custody (rules 2.1)
  [
    'the recipient changes the order',
    recipient,
    ({ request }) => ['PATCH', refOf(request), [{ op: 'add', path: '/note', value: [{ text: 'mine' }] }]],
    403,
    'not-custodian',
  ],
  [
    'the recipient adds to what the order carries',
    recipient,
    ({ request, question }) => [
      'PATCH',
      refOf(request),
      [{ op: 'add', path: '/supportingInfo/-', value: make.to(refOf(question)) }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the recipient replaces the Patient',
    recipient,
    ({ patient }) => ['PUT', refOf(patient), { ...patient, name: [{ family: 'Other' }] }],
    403,
    'not-custodian',
  ],
  [
    'the recipient deletes the Patient',
    recipient,
    ({ patient }) => ['DELETE', refOf(patient)],
    403,
    'not-custodian',
  ],
  [
    'the recipient replaces it by a condition',
    recipient,
    () => ['PUT', 'Patient?identifier=12345', make.patient()],
    403,
    'not-custodian',
  ],
  [
    'the recipient deletes it in a transaction',
    recipient,
    ({ patient }) => ['POST', '', make.transaction({ method: 'DELETE', url: refOf(patient) })],
    403,
    'not-custodian',
  ],
  [
    "the initiator changes the recipient's Communication",
    initiator,
    ({ question }) => [
      'PATCH',
      refOf(question),
      [{ op: 'replace', path: '/status', value: 'entered-in-error' }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the recipient deletes the Task',
    recipient,
    ({ task }) => ['DELETE', refOf(task)],
    409,
    'deletion-refused',
  ],
  [
    'the recipient hands the Task to another organization',
    recipient,
    ({ task }) => [
      'PATCH',
      refOf(task),
      [{ op: 'replace', path: '/owner', value: make.to('Organization/stranger') }],
    ],
    422,
    'field-frozen',
  ],
  [
    'the recipient becomes the requester',
    recipient,
    ({ task }) => [
      'PATCH',
      refOf(task),
      [{ op: 'replace', path: '/requester', value: make.to('Organization/recipient') }],
    ],
    422,
    'field-frozen',
  ],
  [
    "a referral in another's name",
    recipient,
    ({ patient, request }) => [
      'POST',
      'Task',
      make.task({
        focus: refOf(request),
        for: refOf(patient),
        requester: 'PractitionerRole/initiator',
        owner: 'Organization/stranger',
      }),
    ],
    403,
    'not-your-move',
  ],
  [
    "a draft in another's name",
    recipient,
    ({ patient, request }) => [
      'POST',
      'Task',
      make.task(
        {
          focus: refOf(request),
          for: refOf(patient),
          requester: 'PractitionerRole/initiator',
          owner: 'Organization/stranger',
        },
        { status: 'draft' },
      ),
    ],
    403,
    'not-your-move',
  ],

  // — the directory (rules 2.4)
  [
    "another's Endpoint",
    stranger,
    () => ['PUT', 'Endpoint/recipient', make.endpoint('recipient')],
    403,
    'not-custodian',
  ],
  [
    "another's Endpoint, taken over",
    stranger,
    () => [
      'PUT',
      'Endpoint/recipient',
      make.endpoint('recipient', { managingOrganization: make.to('Organization/stranger') }),
    ],
    403,
    'not-custodian',
  ],
  [
    "another's Endpoint, made nobody's",
    stranger,
    () => ['PATCH', 'Endpoint/recipient', [{ op: 'remove', path: '/managingOrganization' }]],
    403,
    'not-custodian',
  ],
  [
    'a new Endpoint that another is said to manage',
    stranger,
    () => ['POST', 'Endpoint', make.endpoint('recipient')],
    403,
    'not-custodian',
  ],
  [
    "one's own Endpoint, given to another",
    stranger,
    () => [
      'PUT',
      'Endpoint/stranger',
      make.endpoint('stranger', { managingOrganization: make.to('Organization/recipient') }),
    ],
    403,
    'not-custodian',
  ],
  [
    'the hidden address, guessed by a patch that tests',
    stranger,
    () => [
      'PATCH',
      'Endpoint/recipient',
      [{ op: 'test', path: '/address', value: 'https://recipient.example.org/fhir' }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the hidden address, guessed wrong',
    stranger,
    () => [
      'PATCH',
      'Endpoint/recipient',
      [{ op: 'test', path: '/address', value: 'https://wrong.example.org/fhir' }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the hidden address, copied to where a refusal quotes it',
    stranger,
    () => ['PATCH', 'Endpoint/recipient', [{ op: 'copy', from: '/address', path: '/status' }]],
    403,
    'not-custodian',
  ],
  [
    'a role in a victim organization',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', { organization: make.to('Organization/recipient') }),
    ],
    201,
    undefined,
  ],
  [
    'a role in a version of a victim organization',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', { organization: make.to('Organization/recipient/_history/4') }),
    ],
    201,
    undefined,
  ],
  [
    'a role in a victim organization, by our own address',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', {
        organization: make.to('https://referrals.example.org/fhir/Organization/recipient'),
      }),
    ],
    201,
    undefined,
  ],
  [
    'a role in a victim organization, by a condition',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', { organization: make.to('Organization?name=recipient') }),
    ],
    201,
    undefined,
  ],
  [
    "another's role, moved to oneself",
    stranger,
    () => [
      'PUT',
      'PractitionerRole/recipient',
      make.practitionerRole('recipient', { organization: make.to('Organization/stranger') }),
    ],
    403,
    'not-custodian',
  ],
  [
    "one's own role, moved to a victim",
    stranger,
    () => [
      'PATCH',
      'PractitionerRole/stranger',
      [{ op: 'replace', path: '/organization/reference', value: 'Organization/recipient' }],
    ],
    403,
    'not-custodian',
  ],
  ["another's role, deleted", stranger, () => ['DELETE', 'PractitionerRole/recipient'], 403, 'not-custodian'],
  [
    "another's Organization",
    stranger,
    () => ['PATCH', 'Organization/recipient', [{ op: 'replace', path: '/name', value: 'mine' }]],
    403,
    'not-custodian',
  ],
  ['a new Organization', stranger, () => ['POST', 'Organization', make.organization('new')], 201, undefined],
  [
    'a service that a victim is said to provide',
    stranger,
    () => [
      'POST',
      'HealthcareService',
      { resourceType: 'HealthcareService', providedBy: make.to('Organization/recipient') },
    ],
    201,
    undefined,
  ],
  [
    'an agreement under the authority of a victim',
    stranger,
    () => ['POST', 'Contract', { resourceType: 'Contract', authority: [make.to('Organization/recipient')] }],
    403,
    'not-custodian',
  ],

  // — the audit (rules 2.8)
  [
    'a made-up AuditEvent',
    initiator,
    () => ['POST', 'AuditEvent', { resourceType: 'AuditEvent' }],
    405,
    'interaction-unsupported',
  ],
  [
    'an AuditEvent, changed',
    initiator,
    () => ['PUT', 'AuditEvent/1-0', { resourceType: 'AuditEvent', id: '1-0' }],
    405,
    'interaction-unsupported',
  ],
  [
    'an AuditEvent, deleted',
    administrator,
    () => ['DELETE', 'AuditEvent/1-0'],
    405,
    'interaction-unsupported',
  ],
  [
    'the AuditEvent of a commit of others',
    stranger,
    ({ hiddenConsent }) => ['GET', `AuditEvent/${hiddenConsent.meta?.versionId}-0`],
    404,
    'not-found',
  ],

  // — who asks (rules 2.5)
  [
    'a caller without an organization',
    callerOf('nobody', { organization: undefined }),
    ({ task }) => ['GET', refOf(task)],
    403,
    'organization-unknown',
  ],
  [
    'a caller without an organization searches',
    callerOf('nobody', { organization: undefined }),
    () => ['GET', 'Task'],
    403,
    'organization-unknown',
  ],
  [
    'a caller without an organization writes',
    callerOf('nobody', { organization: undefined }),
    () => ['POST', 'Patient', make.patient()],
    403,
    'organization-unknown',
  ],
  [
    'a caller without an organization reads audit',
    callerOf('nobody', { organization: undefined }),
    () => ['GET', 'AuditEvent'],
    403,
    'organization-unknown',
  ],
  [
    'an organization that is not there',
    callerOf('unheard-of'),
    ({ task }) => ['GET', refOf(task)],
    404,
    'not-found',
  ],
  [
    'an administrator of nobody moves a referral',
    administrator,
    ({ task }) => ['PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]],
    403,
    'not-your-move',
  ],
  [
    'an administrator for a stranger moves a referral',
    administratorFor('stranger'),
    ({ task }) => ['PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]],
    403,
    'not-your-move',
  ],
];
