/**
 * A patient's restriction, as an active Consent that denies (BSeR-PatientConsent; FHIR R4 Consent.provision: each nested
 * provision is an exception to the one around it). What cannot be evaluated counts against the disclosure: such a
 * condition never narrows a denial, and never lets an exception permit.
 */
import type {
  CodeableConcept,
  Coding,
  Consent,
  ConsentProvision,
  ConsentProvisionActor,
  Resource,
} from '../fhir/types.ts';
import { parseDateTime, type Interval } from '../fhir/datetime.ts';
import type { Disclosure, Policy } from './policy.ts';

export const patientConsent: Policy = {
  name: 'patient-consent',
  // An individual may ask to restrict disclosures for treatment; an agreed restriction binds.
  basis: 'BSeR-PatientConsent; 45 CFR 164.522(a)',
  vote: (disclosure) =>
    disclosure.consents.some((consent) => denies(consent, disclosure)) ? 'deny' : 'abstain',
};

function denies(resource: Resource, disclosure: Disclosure): boolean {
  const consent = resource as unknown as Consent; // validated structure
  if (consent.status !== 'active' || !isAboutPrivacy(consent.scope)) return false;
  if (consent.provision === undefined) return isOptOut(consent.policyRule);
  return actionOf(consent.provision, disclosure, isOptOut(consent.policyRule) ? 'deny' : 'permit') === 'deny';
}

type Action = 'permit' | 'deny';

/** What a provision says of the disclosure; undefined when it does not cover it. */
function actionOf(
  provision: ConsentProvision,
  disclosure: Disclosure,
  otherwise: Action,
): Action | undefined {
  const action = provision.type ?? otherwise;
  if (!covers(provision, disclosure, action)) return undefined;
  const exceptions = (provision.provision ?? []).map((nested) => actionOf(nested, disclosure, action));
  return exceptions.find((exception) => exception === 'deny') ?? exceptions.find(Boolean) ?? action;
}

/** Whether a provision's conditions hold, each read against the disclosure when it cannot be told. */
function covers(provision: ConsentProvision, disclosure: Disclosure, action: Action): boolean {
  const doubtful = action === 'deny';
  return (
    coversNow(provision.period, disclosure.now) &&
    (isEmpty(provision.actor) || provision.actor.some((actor) => namesParty(actor, disclosure, doubtful))) &&
    (isEmpty(provision.action) || provision.action.some((concept) => hasCode(concept.coding, DISCLOSING))) &&
    (isEmpty(provision.purpose) || hasCode(provision.purpose, PURPOSES[disclosure.purpose])) &&
    (isEmpty(provision.class) || coversClass(provision.class, disclosure, doubtful)) &&
    (isEmpty(provision.data) || coversData(provision.data, disclosure, doubtful)) &&
    (doubtful || isEmpty(provision.code)) &&
    (doubtful || isEmpty(provision.securityLabel)) &&
    (doubtful || provision.dataPeriod === undefined)
  );
}

/** http://terminology.hl7.org/CodeSystem/consentaction */
const DISCLOSING: ReadonlySet<string> = new Set(['disclose', 'access']);

/** http://terminology.hl7.org/CodeSystem/v3-ActReason; PurposeOfUse is above them all. */
const PURPOSES: Readonly<Record<Disclosure['purpose'], ReadonlySet<string>>> = {
  treatment: new Set(['TREAT', 'PurposeOfUse']),
  payment: new Set(['HPAYMT', 'PurposeOfUse']),
  operations: new Set(['HOPERAT', 'PurposeOfUse']),
};

/** Who keeps the information (custodian, author), as against who receives it; v3-RoleClass and v3-ParticipationType. */
const KEEPERS: ReadonlySet<string> = new Set(['CST', 'CUST', 'AUT', 'INF']);

/** People who never stand for an organization that receives a referral. */
const NO_RECEIVER = /^(?:Patient|RelatedPerson)\//;

function namesParty(actor: ConsentProvisionActor, disclosure: Disclosure, doubtful: boolean): boolean {
  const party = hasCode(actor.role.coding, KEEPERS) ? disclosure.from : disclosure.to;
  const named = actor.reference.reference?.replace(/\/_history\/[^/]+$/, '');
  if (named === undefined) return doubtful;
  const organization = disclosure.consentActors?.get(named) ?? named;
  if (organization === party) return true;
  const isKnown = organization.startsWith('Organization/') || NO_RECEIVER.test(organization);
  return !isKnown && doubtful;
}

/** Only classes of resource types are understood; a document or profile class may hold anything. */
function coversClass(classes: readonly Coding[], { what }: Disclosure, doubtful: boolean): boolean {
  return classes.some(({ system, code }) =>
    system === 'http://hl7.org/fhir/resource-types' ? code === what.type : doubtful,
  );
}

/** Only the resource itself is understood; what is related to or dependent on it cannot be told. */
function coversData(
  data: NonNullable<ConsentProvision['data']>,
  { what }: Disclosure,
  doubtful: boolean,
): boolean {
  return data.some(({ meaning, reference }) => {
    const named = reference.reference?.replace(/\/_history\/[^/]+$/, '');
    return named === what.ref || (doubtful && (meaning !== 'instance' || named === undefined));
  });
}

/** A scope that says something other than privacy (research, an advance directive) restricts no disclosure. */
const isAboutPrivacy = ({ coding }: CodeableConcept): boolean =>
  isEmpty(coding) || coding.some(({ code }) => code === 'patient-privacy');

const isOptOut = (rule: CodeableConcept | undefined): boolean => hasCode(rule?.coding, new Set(['OPTOUT']));

const hasCode = (codings: readonly Coding[] | undefined, codes: ReadonlySet<string>): boolean =>
  (codings ?? []).some(({ code }) => code !== undefined && codes.has(code));

const isEmpty = (list: readonly unknown[] | undefined): list is undefined => (list?.length ?? 0) === 0;

/** A period covers both its ends, each as long as it is written: `2026-03` ends with March. */
const coversNow = (period: ConsentProvision['period'], now: number): boolean =>
  now >= (boundOf(period?.start)?.low ?? now) && now <= (boundOf(period?.end)?.high ?? now);

const boundOf = (text: string | undefined): Interval | undefined =>
  text === undefined ? undefined : parseDateTime(text);
