/**
 * The code systems and the extension that this server defines itself, as everyone may read them: by id, and by url. What
 * stands in a table of the code is listed; of the others, their codes explain themselves where they are used.
 */
import { ASSURANCE, PAPERS, PAPER_SYSTEM } from '../agreements/papers.ts';
import { EXCEPTION_SYSTEM, ISSUE_SYSTEM, ISSUES } from '../fhir/issue.ts';
import { OWN_WORD } from '../delivery/consents.ts';
import { EVIDENCE_SYSTEM } from '../delivery/evidence.ts';
import type { Coding, Ref, Resource } from '../fhir/types.ts';
import { ACCESS_DENIAL_SYSTEM, ACCESS_DENIALS } from '../policies/access.ts';
import { EVIDENCE_CODES } from '../policies/claim.ts';
import { EXCEPTIONS } from '../policies/exception.ts';
import { CARRIER_URL } from '../agreements/carriers.ts';
import { AGREEMENT_URL } from '../agreements/told.ts';
import { NAMED_READER } from '../messaging/audience.ts';
import { SUSPENDABLE, SUSPENSION_SYSTEM } from '../policies/accounting.ts';
import { NEED_SYSTEM, NEED_URL, NEEDS } from '../policies/need.ts';
import { COUNSELING_LABEL } from '../policies/facts.ts';
import { LABEL_SOURCE } from '../policies/guards/marks.ts';
import { PART2_PROGRAM } from '../resources/parties/program-unit.ts';
import { FLAGS } from '../policies/labels/sensitivity.ts';
import { ROWS } from '../referral/extensions.ts';
import { AWAITING_INFORMATION, LOCAL_STATUS_SYSTEM } from '../referral/state.ts';
import { TRANSACTION_NAMES } from '../referral/transactions.ts';
import {
  ATTEMPT_SYSTEM,
  NOT_DELIVERED,
  OTHER_ID,
  SITTING_SYSTEMS,
  TRANSITION_SYSTEM,
  WITHHELD,
} from '../resources/audit-patterns.ts';
import { REPLACED_BY } from '../resources/parties/judge.ts';
import { STANDING_SYSTEM, STANDINGS } from '../resources/parties/standing.ts';
import { RESOLVED_PARTY, SAME_AS } from '../resources/party.ts';
import { OPENED } from '../resources/referral-rules/opened.ts';
import { LOSS_KINDS } from '../ccda/losses.ts';
import { LIST_SYSTEM, LOSS_REPORT, LOSS_SYSTEM } from './extended/ccda/loss-list.ts';
import { CUSTODIAN_URL } from './write/import.ts';
import { EVENT_SYSTEM, NOTE_PAIRED, NOTE_SYSTEM, NOTE_WAITS } from '../resources/message-codes.ts';
import { roleRow, ROLES, USER_ROLE_SYSTEM } from '../identity/roles.ts';
import { PATIENT_NOTICE, REFUSAL_DETAILS, templateDefinitions } from './message-definitions.ts';
import { KIND_SYSTEM, ROLE_SYSTEM, STEP_URL, TIMELINE_ROLES } from './timeline/render.ts';
import { STEP_KINDS } from './timeline/step.ts';
import { BREACH_CLOCK_SYSTEM } from './incidents/shape.ts';
import { TOLD_PARTIES } from '../policies/breach-clocks.ts';
import { KINDS as WORK_ITEM_KINDS } from './work-item.ts';
import { WORK_ITEM_SYSTEM } from '../resources/work-item-code.ts';

interface Concept {
  readonly code: string;
  readonly definition?: string;
}

const ROOT = 'https://closeloop.dev/fhir/CodeSystem/';
const named = (codes: Iterable<string>): readonly Concept[] => [...new Set(codes)].map((code) => ({ code }));

const defined = (rows: Iterable<readonly [code: string, definition: string]>): readonly Concept[] =>
  [...rows].map(([code, definition]) => ({ code, definition }));
const conceptOf = ({ code = '', display = code }: Coding): Concept => ({ code, definition: display });

/** By url: what it is, and its codes as far as a table has them. */
const SYSTEMS: Readonly<Record<string, readonly [title: string, concepts?: readonly Concept[]]>> = {
  [ISSUE_SYSTEM]: [
    'What a request is refused for, or told beside success',
    Object.entries(ISSUES).map(([code, { solve }]) => ({ code, definition: solve })),
  ],
  [EXCEPTION_SYSTEM]: [
    'On which exception of 45 CFR 171 information is kept back',
    defined(
      Object.entries(EXCEPTIONS).map(([code, { paragraph, usedWhen }]) => [
        code,
        `${paragraph}: ${usedWhen}`,
      ]),
    ),
  ],
  [EVIDENCE_SYSTEM]: [
    'What a document shows that is evidence for a disclosure: type of a DocumentReference',
    defined(Object.entries(EVIDENCE_CODES)),
  ],
  [BREACH_CLOCK_SYSTEM]: [
    'Who must be told of an incident that is a breach: type of the inputs and outputs of its work item',
    defined(Object.entries(TOLD_PARTIES)),
  ],
  [NEED_SYSTEM]: [
    'What has to be on record for something to be told',
    defined(Object.entries(NEEDS).map(([code, { law, asks }]) => [code, `${asks} (${law})`])),
  ],
  [ACCESS_DENIAL_SYSTEM]: [
    'Whether a denial of access can be reviewed',
    defined(Object.entries(ACCESS_DENIALS)),
  ],
  [EVENT_SYSTEM]: ['What happens to a referral', named(ROWS.map(({ event }) => event))],
  [NOTE_SYSTEM]: ['Whether the status of a note has come', named([NOTE_WAITS, NOTE_PAIRED])],
  [LIST_SYSTEM]: ['What a list of this server is', named([LOSS_REPORT])],
  [LOSS_SYSTEM]: [
    'What became of something that a conversion did not carry over',
    defined(Object.entries(LOSS_KINDS)),
  ],
  [KIND_SYSTEM]: ['What a step of a timeline is', named(STEP_KINDS)],
  [OWN_WORD.system ?? '']: ['Whose word a Consent is', [conceptOf(OWN_WORD)]],
  [ATTEMPT_SYSTEM]: [
    'What became of a delivery that disclosed nothing',
    defined([WITHHELD, NOT_DELIVERED].map(({ code, display }) => [code, display])),
  ],
  [ASSURANCE.system]: [
    'What a document is to its keeper',
    defined([[ASSURANCE.code, 'A paper of due diligence']]),
  ],
  [PAPER_SYSTEM]: ['What a paper about a vendor is', defined(Object.entries(PAPERS))],
  [`${ROOT}ihe-transaction`]: [
    'The transaction of IHE 360X that tells of a move',
    defined(Object.entries(TRANSACTION_NAMES)),
  ],
  [`${ROOT}message-fate`]: ['What became of a message'],
  [ROLE_SYSTEM]: ['The part of an organization in a referral', named(TIMELINE_ROLES)],
  [TRANSITION_SYSTEM]: [
    'The row by which a referral moved',
    defined(new Map(ROWS.map(({ tid, event }) => [tid, event]))),
  ],
  [STANDING_SYSTEM]: ['What an organization is to this server', named(STANDINGS)],
  [LOCAL_STATUS_SYSTEM]: ['States of a referral that BSeR has no code for', named([AWAITING_INFORMATION])],
  [OPENED.system ?? '']: ['How a Task came to be', [conceptOf(OPENED)]],
  [`${ROOT}trigger-event`]: ['The event of HL7 v2 that tells of a move'],
  [COUNSELING_LABEL.system]: [
    'Security labels that HL7 has no code for',
    defined([[COUNSELING_LABEL.code, 'A counseling note of substance use treatment (42 CFR 2.11)']]),
  ],
  [USER_ROLE_SYSTEM]: [
    'The role of a person in an organization',
    defined(ROLES.map((role) => [role, roleRow(role).display])),
  ],
  [`${ROOT}attachment-refusal`]: ['Why a file is refused', defined(Object.entries(REFUSAL_DETAILS))],
  [NAMED_READER]: ['Who reads a message for named people; the codes are references, as in Practitioner/1'],
  [`${ROOT}audit-entity-role`]: [
    'What else decided: the part of a record in an event',
    named(['consent', 'agreement']),
  ],
  [SUSPENSION_SYSTEM]: [
    'Who asked that disclosures are left out of an accounting (45 CFR 164.528(a)(2))',
    named(SUSPENDABLE),
  ],
  [WORK_ITEM_SYSTEM]: ['What a person is asked to do', defined(Object.entries(WORK_ITEM_KINDS))],
};

const FLAG_TITLES: Readonly<Record<string, string>> = {
  PSYTHPN: 'A psychotherapy note, which its author keeps apart from the record',
  ADOL: 'A minor consented to this care alone',
};

const STRUCTURES = 'https://closeloop.dev/fhir/StructureDefinition/';

/** Extensions that hold one reference: url, where they stand, what they say. */
// prettier-ignore
const NOTES: readonly (readonly [url: string, context: string, title: string])[] = [
  [RESOLVED_PARTY,                      'Reference',    'The party that the server found behind a reference'],
  [SAME_AS,                             'Organization', 'Whom its keeper takes a private Organization for'],
  [REPLACED_BY,                         'Organization', 'The successor of an Organization that takes no new referrals'],
  [`${STRUCTURES}same-ohca`,            'Organization', 'Another Organization of the same organized health care arrangement'],
  [LABEL_SOURCE,                        'Coding',       'The organization whose words make content a record of 42 CFR Part 2'],
  [CUSTODIAN_URL,                       'Meta',         'Whose record an imported resource is'],
];

/** Extensions that are a yes or a no, on a resource or a part of it: url, what they say. */
const FLAGGED: readonly (readonly [url: string, title: string])[] = [...FLAGS].map(([url, label]) => [
  url,
  `${FLAG_TITLES[label] ?? url} (label ${label})`,
]);
const UNIT_FLAG = [PART2_PROGRAM, 'A unit or a role that is a program of 42 CFR Part 2 by itself'] as const;

const SEARCH_PARAMETERS = 'https://closeloop.dev/fhir/SearchParameter/';
const otherIdsOf = (system: string): string =>
  `AuditEvent.agent.extension.where(url = '${OTHER_ID}').value.where(system = '${system}')`;

/** Code, expression, what it finds. */
const AUDIT_PARAMETERS: readonly (readonly [code: string, expression: string, says: string])[] = [
  [
    'content-hash',
    "AuditEvent.entity.detail.where(type = 'sha256').value",
    'The SHA-256, in lower-case hex, of what left, or of a file inside of it under any name',
  ],
  ['session', otherIdsOf(SITTING_SYSTEMS.session), 'The session in which somebody acted'],
  ['tab', otherIdsOf(SITTING_SYSTEMS.tab), 'The tab of the session in which somebody acted'],
];

const idOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
const nameOf = (id: string): string =>
  id.replaceAll(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase());

const DEFINITIONS: ReadonlyMap<string, Resource> = new Map([
  ...Object.entries(SYSTEMS).map(([url, [title, concept]]): readonly [string, Resource] => [
    `CodeSystem/${idOf(url)}`,
    {
      resourceType: 'CodeSystem',
      id: idOf(url),
      url,
      name: nameOf(idOf(url)),
      title,
      status: 'active',
      caseSensitive: true,
      content: concept === undefined ? 'not-present' : 'complete',
      ...(concept !== undefined && { concept }),
    },
  ]),
  ...AUDIT_PARAMETERS.map(([code, expression, says]): readonly [string, Resource] => [
    `SearchParameter/AuditEvent-${code}`,
    searchParameter(code, expression, says),
  ]),
  [`StructureDefinition/${idOf(STEP_URL)}`, timelineStep()],
  [`StructureDefinition/${idOf(NEED_URL)}`, needDefinition()],
  [`StructureDefinition/${idOf(AGREEMENT_URL)}`, agreementDefinition()],
  [`StructureDefinition/${idOf(CARRIER_URL)}`, carrierDefinition()],
  ...NOTES.map(([url, context, title]): readonly [string, Resource] => [
    `StructureDefinition/${idOf(url)}`,
    valueNote(url, context, title, 'Reference'),
  ]),
  ...templateDefinitions(),
  [
    `StructureDefinition/${idOf(PATIENT_NOTICE)}`,
    valueNote(
      PATIENT_NOTICE,
      'Communication',
      'That a thread with a patient is not for emergencies',
      'string',
    ),
  ],
  ...[...FLAGGED, UNIT_FLAG].map(([url, title]): readonly [string, Resource] => [
    `StructureDefinition/${idOf(url)}`,
    valueNote(url, 'Element', title, 'boolean'),
  ]),
]);

/** The search parameters of this server's own (audit-compliance AU13, baa-messaging MS51). */
function searchParameter(code: string, expression: string, description: string): Resource {
  const id = `AuditEvent-${code}`;
  return {
    resourceType: 'SearchParameter',
    id,
    url: `${SEARCH_PARAMETERS}${id}`,
    name: nameOf(code),
    status: 'active',
    description,
    code,
    base: ['AuditEvent'],
    type: 'token',
    expression,
  };
}

function timelineStep(): Resource {
  return {
    ...extensionOf(STEP_URL, 'Provenance', 'Step of a timeline', [
      { id: 'Extension.extension', path: 'Extension.extension', min: 1 },
      { id: 'Extension.url', path: 'Extension.url', fixedUri: STEP_URL },
      { id: 'Extension.value[x]', path: 'Extension.value[x]', max: '0' },
    ]),
    description:
      'What a Provenance of $timeline says of a referral beyond R4: kind, row, state and deliveries.',
  };
}

function needDefinition(): Resource {
  return {
    ...extensionOf(NEED_URL, 'OperationOutcome.issue', 'Need', [
      { id: 'Extension.extension', path: 'Extension.extension', min: 1 },
      { id: 'Extension.url', path: 'Extension.url', fixedUri: NEED_URL },
      { id: 'Extension.value[x]', path: 'Extension.value[x]', max: '0' },
    ]),
    description:
      'What has to be captured for the same request to pass: reason, from, to, purpose, label, form, missingElement, existing.',
  };
}

function carrierDefinition(): Resource {
  return {
    ...extensionOf(CARRIER_URL, 'Endpoint', 'Who operates the way to an Endpoint', [
      { id: 'Extension.extension', path: 'Extension.extension', max: '0' },
      { id: 'Extension.url', path: 'Extension.url', fixedUri: CARRIER_URL },
      {
        id: 'Extension.value[x]',
        path: 'Extension.value[x]',
        min: 1,
        type: [{ code: 'Reference' }, { code: 'code' }],
      },
    ]),
    description: 'The Organization that operates the way, or the code conduit.',
  };
}

function agreementDefinition(): Resource {
  return {
    ...extensionOf(AGREEMENT_URL, 'OperationOutcome.issue', 'Agreement', [
      { id: 'Extension.extension', path: 'Extension.extension', min: 1 },
      { id: 'Extension.url', path: 'Extension.url', fixedUri: AGREEMENT_URL },
      { id: 'Extension.value[x]', path: 'Extension.value[x]', max: '0' },
    ]),
    description: 'The agreement that would have to be in force: reference, state, until.',
  };
}

function valueNote(url: string, context: string, title: string, type: string): Resource {
  return extensionOf(url, context, title, [
    { id: 'Extension.extension', path: 'Extension.extension', max: '0' },
    { id: 'Extension.url', path: 'Extension.url', fixedUri: url },
    { id: 'Extension.value[x]', path: 'Extension.value[x]', min: 1, type: [{ code: type }] },
  ]);
}

function extensionOf(url: string, expression: string, title: string, elements: readonly object[]): Resource {
  return {
    resourceType: 'StructureDefinition',
    id: idOf(url),
    url,
    name: nameOf(idOf(url)),
    title,
    status: 'active',
    fhirVersion: '4.0.1',
    kind: 'complex-type',
    abstract: false,
    context: [{ type: 'element', expression }],
    type: 'Extension',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
    derivation: 'constraint',
    differential: { element: [{ id: 'Extension', path: 'Extension' }, ...elements] },
  };
}

/** @returns undefined for what is not one of them */
export const ownDefinition = (ref: Ref): Resource | undefined => DEFINITIONS.get(ref);
