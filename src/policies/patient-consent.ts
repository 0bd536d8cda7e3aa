/**
 * A patient's restriction, as an active Consent that denies (BSeR-PatientConsent; FHIR R4 Consent.provision: each nested
 * provision is an exception to the one around it). What cannot be evaluated counts against the disclosure: such a
 * condition never narrows a denial, and never lets an exception permit.
 */
import type { Coding, ConsentProvision, ConsentProvisionActor, Ref, Resource } from '../fhir/types.ts';
import { parseDateTime, type Interval } from '../fhir/datetime.ts';
import { BASES, type Basis } from './basis.ts';
import { kindOf, type ConsentKind } from './consent/kinds.ts';
import {
  asConsent,
  COUNSELING_NOTE,
  DISCLOSING,
  hasCode,
  isAboutPrivacy,
  isEmpty,
  isOptOut,
  labelName,
  referenceIn,
} from './consent/read-consent.ts';
import { LABEL_SYSTEMS } from './labels/lowered.ts';
import { endedForLater } from './consent/write-rules.ts';
import type { Disclosure, Policy } from './policy.ts';
import { isWithin, type Purpose } from './purpose.ts';
import { deniesAt, type Restriction } from './restriction.ts';

export const patientConsent: Policy = {
  name: 'patient-consent',
  // An individual may ask to restrict disclosures for treatment; an agreed restriction binds.
  law: 'BSeR-PatientConsent; 45 CFR 164.522(a)',
  vote: (disclosure) =>
    disclosure.consents.some((consent) => deniesDisclosure(consent, disclosure)) ? 'deny' : 'abstain',
};

function deniesDisclosure(consent: Resource, disclosure: Disclosure): boolean {
  const { what, from, to, consentActors, purpose, sameEntity, claimed, facts, now } = disclosure;
  if (!binds(kindOf(consent), claimed) || (sameEntity && !RESTRICTING.has(kindOf(consent)))) return false;
  const restriction = restrictionOf(consent, purpose, consentActors, { isUse: sameEntity });
  return restriction !== undefined && deniesAt(restriction, { ...what, from, to, labels: facts.labels }, now);
}

/** Kinds by which an entity agreed to restrict; within one entity, where telling is a use, no others count (compliance D2). */
const RESTRICTING: ReadonlySet<ConsentKind> = new Set(['hipaa-restrictions', 'hipaa-self-pay']);

/**
 * Whether a Consent of a kind binds on a basis. An agreed restriction stops neither the Secretary (164.502(a)(2)(ii)) nor
 * anything of 164.512 (164.522(a)(1)(v)), nor emergency treatment (a)(1)(iii); any other denial binds on every basis.
 */
function binds(kind: ConsentKind, basis: Basis | undefined): boolean {
  if (basis === undefined || !RESTRICTING.has(kind)) return true;
  if (basis === 'secretary' || BASES[basis].section === '164.512') return false;
  return basis !== 'emergency' || kind === 'hipaa-self-pay';
}

/** The organizations that actors stand for, by their reference as written. */
type Actors = ReadonlyMap<string, Ref>;

/**
 * What a Consent restricts for a purpose; undefined where it never denies anything. An actor that is no Organization and
 * is missing in `actors` may stand for any.
 */
export function restrictionOf(
  resource: Resource,
  purpose: Purpose,
  actors: Actors = new Map(),
  { isUse = false }: { readonly isUse?: boolean } = {},
): Restriction | undefined {
  const { status, scope, provision, policyRule, dateTime } = asConsent(resource);
  if (status !== 'active' || !isAboutPrivacy(scope)) return undefined;
  const optsOut = isOptOut(policyRule);
  if (provision === undefined) return optsOut ? { denies: true, exceptions: [] } : undefined;
  const kind = kindOf(resource);
  const facts = { purpose, actors, actions: isUse ? USING : DISCLOSING };
  if (kind === 'hipaa-self-pay') return towardPlan(provision, facts, dateTime);
  const restriction = compile(provision, facts, optsOut);
  if (restriction === undefined || !mayDeny(restriction)) return undefined;
  return kind === 'hipaa-restrictions' ? agreed(restriction, resource) : restriction;
}

const mayDeny = ({ denies, exceptions }: Restriction): boolean => denies || exceptions.some(mayDeny);

/** What a covered entity agreed to: from its date on, toward those that it names, and as far as the entity has not ended it. */
function agreed(restriction: Restriction, consent: Resource): Restriction {
  const createdBefore = endedForLater(consent);
  return {
    ...from(restriction, asConsent(consent).dateTime),
    ...towardNamed(restriction),
    ...(createdBefore !== undefined && { createdBefore }),
  };
}

function from(restriction: Restriction, dateTime: string | undefined): Restriction {
  const signed = boundOf(dateTime)?.low;
  const since = Math.max(signed ?? -Infinity, restriction.since ?? -Infinity);
  return since === -Infinity ? restriction : { ...restriction, since };
}

/** Who discloses is its keeper; whom it names besides is who is not told. */
const towardNamed = ({ parties }: Restriction): Pick<Restriction, 'parties'> =>
  parties === undefined || parties.to.length === 0 ? {} : { parties: { from: [], to: parties.to } };

/**
 * What was paid in full is not told the health plan for payment or operations (45 CFR 164.522(a)(1)(vi)). A plan treats
 * nobody, so that the purpose by which it reads does not matter; a plan that is not here reads nothing.
 */
function towardPlan(
  { purpose: _purpose, ...provision }: ConsentProvision,
  facts: Facts,
  dateTime: string | undefined,
): Restriction | undefined {
  const restriction = compile(provision, facts, true);
  const to = (provision.actor ?? []).flatMap(({ role, reference }) => {
    const named = referenceIn(reference) ?? '';
    const plan = facts.actors.get(named) ?? named;
    return plan.startsWith('Organization/') && !hasCode(role.coding, KEEPERS) ? [plan as Ref] : [];
  });
  if (restriction === undefined) return undefined;
  return { ...from(restriction, dateTime), parties: { from: [], to }, lasting: true };
}

interface Facts {
  readonly purpose: Purpose;
  readonly actors: Actors;
  readonly actions: ReadonlySet<string>;
}

/** Actions within one entity (http://terminology.hl7.org/CodeSystem/consentaction). */
const USING: ReadonlySet<string> = new Set(['use', 'access']);

/** One provision with its exceptions; undefined where it covers nothing. `denies` is what the provision around it does. */
function compile(provision: ConsentProvision, facts: Facts, denies: boolean): Restriction | undefined {
  const own = provision.type === undefined ? denies : provision.type === 'deny';
  if (!mayCover(provision, facts, own)) return undefined;
  const nested = (provision.provision ?? []).map((exception) => compile(exception, facts, own));
  const [since, until] = [boundOf(provision.period?.start)?.low, boundOf(provision.period?.end)?.high];
  const parties = partiesOf(provision.actor, facts, own);
  const types = typesOf(provision.class, own);
  const refs = refsOf(provision.data, own);
  const labels = labelsOf(provision.securityLabel, own);
  return {
    denies: own,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until: until + 1 }),
    ...(parties !== undefined && { parties }),
    ...(types !== undefined && { types }),
    ...(refs !== undefined && { refs }),
    ...(labels !== undefined && { labels }),
    exceptions: nested.filter((exception) => exception !== undefined),
  };
}

/** The conditions that are the same for whatever is told. */
const mayCover = (provision: ConsentProvision, { purpose, actions }: Facts, doubtful: boolean): boolean =>
  (isEmpty(provision.action) || provision.action.some((concept) => hasCode(concept.coding, actions))) &&
  coversPurpose(provision.purpose, purpose) &&
  (doubtful || isEmpty(provision.code)) &&
  (doubtful || provision.dataPeriod === undefined);

/** A provision for a purpose covers every kind of that purpose, and nothing above it (compliance D4). */
const coversPurpose = (codings: readonly Coding[] | undefined, purpose: Purpose): boolean =>
  isEmpty(codings) || codings.some(({ code = '' }) => isWithin(purpose, code));

/** Who keeps the information (custodian, author), as against who receives it; v3-RoleClass and v3-ParticipationType. */
const KEEPERS: ReadonlySet<string> = new Set(['CST', 'CUST', 'AUT', 'INF']);

/** People who never stand for an organization that receives a referral. */
const NO_RECEIVER = /^(?:Patient|RelatedPerson)\//;

/** The organizations that a provision names; undefined where it may name any. */
function partiesOf(
  actors: readonly ConsentProvisionActor[] | undefined,
  facts: Facts,
  doubtful: boolean,
): Restriction['parties'] {
  if (isEmpty(actors)) return undefined;
  const [from, to]: [Ref[], Ref[]] = [[], []];
  for (const { role, reference } of actors) {
    const named = referenceIn(reference);
    const organization = named === undefined ? undefined : (facts.actors.get(named) ?? named);
    if (organization?.startsWith('Organization/'))
      (hasCode(role.coding, KEEPERS) ? from : to).push(organization as Ref);
    else if (doubtful && (organization === undefined || !NO_RECEIVER.test(organization))) return undefined;
  }
  return { from, to };
}

/** Only labels that are kept of content are understood: those of HL7's systems but N, which nothing has to bear, and one more. */
function labelsOf(codings: readonly Coding[] | undefined, doubtful: boolean): readonly string[] | undefined {
  if (isEmpty(codings)) return undefined;
  const isKept = (coding: Coding): boolean =>
    coding.code !== 'N' && (LABEL_SYSTEMS.has(coding.system ?? '') || labelName(coding) === COUNSELING_NOTE);
  if (doubtful && !codings.every(isKept)) return undefined;
  return codings.flatMap((one) => (isKept(one) ? [labelName(one)] : []));
}

/** Only classes of resource types are understood; a document or profile class may hold anything. */
function typesOf(classes: readonly Coding[] | undefined, doubtful: boolean): readonly string[] | undefined {
  if (isEmpty(classes)) return undefined;
  const isType = ({ system }: Coding): boolean => system === 'http://hl7.org/fhir/resource-types';
  if (doubtful && !classes.every(isType)) return undefined;
  return classes.flatMap((one) => (isType(one) ? (one.code ?? []) : []));
}

/** Only the resource itself is understood; what is related to or dependent on it cannot be told. */
function refsOf(data: ConsentProvision['data'], doubtful: boolean): readonly Ref[] | undefined {
  if (isEmpty(data)) return undefined;
  const refs: Ref[] = [];
  for (const { meaning, reference } of data) {
    const named = referenceIn(reference);
    if (doubtful && (meaning !== 'instance' || named === undefined)) return undefined;
    if (named !== undefined) refs.push(named as Ref);
  }
  return refs;
}

/** A period covers both its ends, each as long as it is written: `2026-03` ends with March. */
const boundOf = (text: string | undefined): Interval | undefined =>
  text === undefined ? undefined : parseDateTime(text);
