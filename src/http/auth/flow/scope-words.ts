/** Scopes in the words of a person: what an app may see and do, one line for each type and right (smart 3). */
import { parseScope, RIGHTS, type Right, type Scope } from '../../../smart/scopes.ts';
import type { ConsentLine } from '../pages/consent.ts';

/** Types in plain words. A type that is not here is said by its name. */
const TYPES: Readonly<Record<string, string>> = {
  AllergyIntolerance: 'allergies',
  Appointment: 'appointments',
  AppointmentResponse: 'answers to appointments',
  AuditEvent: 'the list of who looked at or changed what',
  Binary: 'files',
  CarePlan: 'care plans',
  CareTeam: 'care teams',
  Communication: 'messages',
  CommunicationRequest: 'requests for messages',
  Condition: 'diagnoses and problems',
  Consent: 'consents',
  Contract: 'agreements between organizations',
  Coverage: 'insurance',
  Device: 'devices and implants',
  DiagnosticReport: 'reports of examinations',
  DocumentReference: 'documents and notes',
  Encounter: 'visits',
  Endpoint: 'electronic addresses of organizations',
  Goal: 'goals of treatment',
  HealthcareService: 'services',
  Immunization: 'vaccinations',
  Location: 'places of care',
  Medication: 'medicines',
  MedicationDispense: 'dispensed medicines',
  MedicationRequest: 'prescriptions',
  Observation: 'measurements, laboratory results and other findings',
  Organization: 'organizations',
  Patient: 'name, birth date, address and other particulars of patients',
  Practitioner: 'health professionals',
  PractitionerRole: 'the places where health professionals work',
  Procedure: 'operations and procedures',
  Provenance: 'where information comes from',
  QuestionnaireResponse: 'answered questionnaires',
  RelatedPerson: 'relatives and other close persons',
  ServiceRequest: 'referrals and orders',
  Specimen: 'samples',
  Subscription: 'notifications of changes',
  Task: 'the state of referrals, and work items',
};

const VERBS: Readonly<Record<Right, string>> = {
  c: 'add',
  r: 'read',
  u: 'change',
  d: 'remove',
  s: 'search',
};

/** Scopes that are no resource scopes: what the app learns by them. One that is not here is said by its name. */
const OTHERS: Readonly<Record<string, string | undefined>> = {
  openid: 'who you are: an identifier for you',
  fhirUser: 'who you are: your entry in the directory, or your record',
  profile: 'your name',
  launch: 'what you were working on when you opened it',
  'launch/patient': 'which patient it is about',
  'launch/encounter': 'which visit it is about',
  online_access: 'that you are signed in, as long as you are',
};

/** Scopes of this server: what the app may do with a trust that few people have. One that is not here is said by its name. */
const TRUSTS: Readonly<Record<string, string | undefined>> = {
  'closeloop/admin': 'keep this whole installation as you do: users, apps and organizations',
  'closeloop/break-glass': 'open records in an emergency, in your name',
  'closeloop/compliance': 'review, report and hold, as you may',
  'closeloop/label-downgrade': 'lower the protection of sensitive records, as you may',
  'closeloop/org-admin': 'keep users, apps and links of your organization as you do',
  'closeloop/privacy': 'see to whom records of patients were given, as you may',
};

/** Whether the person decides about a scope: who somebody is and what a launch is about go without saying. */
const isChoice = (scope: string): boolean =>
  !Object.hasOwn(OTHERS, scope) && !scope.startsWith('launch/') && scope !== OFFLINE;

/** Said by a choice of its own. */
export const OFFLINE = 'offline_access';
export const ONLINE = 'online_access';

const CONDITION = 'http://terminology.hl7.org/CodeSystem/condition-category';
const CONDITION_US = 'http://hl7.org/fhir/us/core/CodeSystem/condition-category';
const OBSERVATION = 'http://terminology.hl7.org/CodeSystem/observation-category';
const OBSERVATION_US = 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category';

/** The parts of a type that may be granted instead of the whole: those of ONC's list (smart 4.5). */
const PARTS: Readonly<Record<string, readonly { readonly query: string; readonly words: string }[]>> = {
  Condition: [
    { query: `category=${CONDITION}|problem-list-item`, words: 'the problem list' },
    { query: `category=${CONDITION}|encounter-diagnosis`, words: 'diagnoses of visits' },
    { query: `category=${CONDITION_US}|health-concern`, words: 'health concerns' },
  ],
  Observation: [
    { query: `category=${OBSERVATION}|laboratory`, words: 'laboratory results' },
    { query: `category=${OBSERVATION}|vital-signs`, words: 'vital signs' },
    { query: `category=${OBSERVATION}|social-history`, words: 'social history, such as smoking' },
    { query: `category=${OBSERVATION}|survey`, words: 'answers to standard questions' },
    { query: `category=${OBSERVATION_US}|sdoh`, words: 'circumstances of life' },
  ],
};

/** The types that may be ticked instead of everything. */
const INSTEAD_OF_ALL: readonly string[] = [
  'Patient',
  'ServiceRequest',
  'Task',
  'Appointment',
  'Communication',
  'DocumentReference',
  'Condition',
  'Observation',
  'AllergyIntolerance',
  'MedicationRequest',
  'Procedure',
  'DiagnosticReport',
  'Immunization',
  'CarePlan',
  'Encounter',
  'Coverage',
];

/** One scope in words; undefined for offline access, which is a choice of its own. */
export function scopeInWords(scope: string): string | undefined {
  if (scope === OFFLINE) return undefined;
  const parsed = parseScope(scope);
  if (parsed === undefined) return OTHERS[scope] ?? TRUSTS[scope] ?? launchWords(scope);
  return `${verbsOf(parsed)} ${nounOf(parsed)}${narrowing(parsed)}`;
}

const launchWords = (scope: string): string =>
  scope.startsWith('launch/') ? `which ${scope.slice('launch/'.length)} it is about` : scope;

function verbsOf({ rights }: Scope): string {
  const verbs = RIGHTS.filter((right) => rights.has(right))
    .toSorted(byUse)
    .map((right) => VERBS[right]);
  const last = verbs.pop() ?? '';
  return verbs.length === 0 ? last : `${verbs.join(', ')} and ${last}`;
}

const USE: readonly Right[] = ['r', 's', 'c', 'u', 'd'];
const byUse = (a: Right, b: Right): number => USE.indexOf(a) - USE.indexOf(b);

const nounOf = ({ type, level }: Scope): string =>
  type === '*'
    ? level === 'patient'
      ? 'everything about the patient'
      : 'everything that you may see yourself'
    : (TYPES[type] ?? type);

function narrowing({ query, type }: Scope): string {
  if (query === undefined) return '';
  const text = query.map(([name, value]) => `${name}=${value}`).join('&');
  const known = PARTS[type]?.find((part) => part.query === text);
  return known === undefined ? `, only where ${text}` : `, only ${known.words}`;
}

/** The lines of the consent page for what was asked, in its order, without offline access. */
export const consentLines = (asked: readonly string[]): readonly ConsentLine[] =>
  asked.flatMap((scope): readonly ConsentLine[] => {
    const words = scopeInWords(scope);
    if (words === undefined) return [];
    const parsed = parseScope(scope);
    if (parsed === undefined) return [{ scope, words, fixed: !isChoice(scope), ticked: true, parts: [] }];
    const isAll = parsed.type === '*';
    return [{ scope, words, ticked: true, parts: partsOf(parsed), ...(isAll && { hint: ALL_HINT }) }];
  });

const ALL_HINT = 'That is also what is added later.';

function partsOf(scope: Scope): ConsentLine['parts'] {
  const { level, type, rights, query } = scope;
  if (query !== undefined) return [];
  const word = RIGHTS.filter((right) => rights.has(right)).join('');
  if (type === '*')
    return INSTEAD_OF_ALL.map((one) => ({ scope: `${level}/${one}.${word}`, words: TYPES[one] ?? one }));
  return (PARTS[type] ?? []).map((part) => ({
    scope: `${level}/${type}.${word}?${part.query}`,
    words: `only ${part.words}`,
  }));
}

/**
 * What is granted of what was asked: each scope that was ticked, or those of its parts that were ticked instead; identity and
 * launch as asked. A scope that the page did not offer is never granted.
 */
export function grantedOf(
  asked: readonly string[],
  ticked: ReadonlySet<string>,
  offline: boolean,
): readonly string[] {
  const granted = asked.flatMap((scope) => {
    if (scope === OFFLINE) return offline ? [scope] : [];
    const parsed = parseScope(scope);
    if (!isChoice(scope) || ticked.has(scope)) return [scope];
    if (parsed === undefined) return [];
    return partsOf(parsed)
      .map((part) => part.scope)
      .filter((part) => ticked.has(part));
  });
  return [...new Set(granted)];
}
