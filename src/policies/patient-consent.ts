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
  Ref,
  Resource,
} from '../fhir/types.ts';
import { parseDateTime, type Interval } from '../fhir/datetime.ts';
import type { Policy } from './policy.ts';
import { DISCLOSING, hasCode, isAboutPrivacy, isEmpty, referenceIn } from './consent/read-consent.ts';
import { isWithin, type Purpose } from './purpose.ts';
import { deniesAt, type Restriction } from './restriction.ts';

export const patientConsent: Policy = {
  name: 'patient-consent',
  // An individual may ask to restrict disclosures for treatment; an agreed restriction binds.
  basis: 'BSeR-PatientConsent; 45 CFR 164.522(a)',
  vote: ({ what, from, to, consents, consentActors, purpose, now }) => {
    const telling = { ...what, from, to };
    const denies = (consent: Resource): boolean => {
      const restriction = restrictionOf(consent, purpose, consentActors);
      return restriction !== undefined && deniesAt(restriction, telling, now);
    };
    return consents.some(denies) ? 'deny' : 'abstain';
  },
};

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
): Restriction | undefined {
  const { status, scope, provision, policyRule } = resource as unknown as Consent; // validated structure
  if (status !== 'active' || !isAboutPrivacy(scope)) return undefined;
  const optsOut = isOptOut(policyRule);
  if (provision === undefined) return optsOut ? { denies: true, exceptions: [] } : undefined;
  const restriction = compile(provision, { purpose, actors }, optsOut);
  return restriction !== undefined && mayDeny(restriction) ? restriction : undefined;
}

const mayDeny = ({ denies, exceptions }: Restriction): boolean => denies || exceptions.some(mayDeny);

interface Facts {
  readonly purpose: Purpose;
  readonly actors: Actors;
}

/** One provision with its exceptions; undefined where it covers nothing. `denies` is what the provision around it does. */
function compile(provision: ConsentProvision, facts: Facts, denies: boolean): Restriction | undefined {
  const own = provision.type === undefined ? denies : provision.type === 'deny';
  if (!mayCover(provision, facts, own)) return undefined;
  const nested = (provision.provision ?? []).map((exception) => compile(exception, facts, own));
  const [since, until] = [boundOf(provision.period?.start)?.low, boundOf(provision.period?.end)?.high];
  const parties = partiesOf(provision.actor, facts, own);
  const types = typesOf(provision.class, own);
  const refs = refsOf(provision.data, own);
  return {
    denies: own,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until: until + 1 }),
    ...(parties !== undefined && { parties }),
    ...(types !== undefined && { types }),
    ...(refs !== undefined && { refs }),
    exceptions: nested.filter((exception) => exception !== undefined),
  };
}

/** The conditions that are the same for whatever is told. */
const mayCover = (provision: ConsentProvision, { purpose }: Facts, doubtful: boolean): boolean =>
  (isEmpty(provision.action) || provision.action.some((concept) => hasCode(concept.coding, DISCLOSING))) &&
  coversPurpose(provision.purpose, purpose) &&
  (doubtful || isEmpty(provision.code)) &&
  (doubtful || isEmpty(provision.securityLabel)) &&
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

const isOptOut = (rule: CodeableConcept | undefined): boolean => hasCode(rule?.coding, new Set(['OPTOUT']));

/** A period covers both its ends, each as long as it is written: `2026-03` ends with March. */
const boundOf = (text: string | undefined): Interval | undefined =>
  text === undefined ? undefined : parseDateTime(text);
