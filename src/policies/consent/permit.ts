/**
 * A permit: what a Consent that permits allows to be told, in a form that knows no FHIR. What cannot be evaluated makes no
 * permit, and neither does a Consent that lacks something, or one that another than the discloser keeps (compliance C4–C6).
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import type {
  ConsentProvision,
  ConsentProvisionActor,
  ConsentProvisionData,
  Ref,
  Resource,
} from '../../fhir/types.ts';
import type { PartyKind } from '../party-kind.ts';
import { isWithin, type Purpose } from '../purpose.ts';
import { channelsOf, type MessageChannel } from './channels.ts';
import { lacksOf, type ConsentAbout } from './elements.ts';
import { kindOf, kindRow, type ConsentKind, type GuardedContent } from './kinds.ts';
import {
  asConsent,
  COUNSELING_NOTE,
  DISCLOSING,
  hasCode,
  isAboutPrivacy,
  isEmpty,
  isInRole,
  isOptOut,
  isTreatingClass,
  labelName,
  localIn,
  type PermitRole,
} from './read-consent.ts';

interface PermitParties {
  readonly named: readonly Ref[];
  /** The class of Group/tpo-recipients: treating providers and health plans. */
  readonly treating: boolean;
}

export interface Permit {
  readonly kind: ConsentKind;
  readonly source: Ref;
  readonly patient: Ref;
  /** The one organization that may disclose: it keeps the Consent. */
  readonly from: PermitParties;
  readonly to: PermitParties;
  readonly purposes: readonly string[];
  /** Content that bears one of these labels; undefined: whatever is not guarded. */
  readonly labels: readonly string[] | undefined;
  readonly types: readonly string[] | undefined;
  readonly refs: readonly Ref[] | undefined;
  /** The channels by which the patient may be written to (baa-messaging MS30); undefined for every other kind. */
  readonly channels?: readonly MessageChannel[];
  /** The first instant at which it holds, in milliseconds since 1970. */
  readonly since: number;
  /** The first instant at which it holds no more; undefined: until somebody ends it. */
  readonly until: number | undefined;
}

/** What would be told, by whom, to whom and what for. The permit is one of its patient's. */
export interface PermitTelling {
  readonly ref: Ref;
  readonly type: string;
  readonly from: Ref;
  readonly to: Ref;
  readonly recipientKinds: ReadonlySet<PartyKind>;
  readonly labels: ReadonlySet<string>;
  readonly purpose: Purpose;
}

/**
 * What an active Consent permits; undefined where it permits nothing: by its kind, because it is incomplete or cannot be
 * evaluated, or because its keeper is not who may disclose.
 *
 * @param actors the organizations that its actors stand for, by their reference as written
 */
export function permitOf(
  resource: Resource,
  source: Ref,
  custodian: Ref | '',
  actors: ReadonlyMap<string, Ref>,
  about: ConsentAbout = {},
): Permit | undefined {
  const kind = kindOf(resource);
  const { status, scope, provision, dateTime, verification, policyRule, ...consent } = asConsent(resource);
  const patient = localIn(consent.patient ?? {});
  if (status !== 'active' || kindRow(kind).effect !== 'permit' || !isAboutPrivacy(scope)) return undefined;
  if (custodian === '' || patient === undefined || provision?.type !== 'permit') return undefined;
  const channels = kind === 'patient-messaging' ? channelsOf(provision.code) : undefined;
  if (kind === 'patient-messaging' && channels === undefined) return undefined;
  const conditions = channels === undefined ? provision : withoutCode(provision);
  if (!isReadable(conditions) || !isEmpty(consent.modifierExtension)) return undefined;
  // Known to be false (45 CFR 164.508(b)(2)(v), 42 CFR 2.31(c)(4)), or it says the contrary as well.
  if ((verification ?? []).some(({ verified }) => !verified) || isOptOut(policyRule)) return undefined;
  if (kindRow(kind).elements.information !== undefined && !saysWhat(provision)) return undefined;
  if (lacksOf(resource, about).length > 0 || !mayDisclose(provision.actor, custodian, actors))
    return undefined;
  return {
    kind,
    source,
    patient,
    from: { named: [custodian], treating: false },
    to: recipientsOf(provision.actor, actors),
    purposes: (provision.purpose ?? []).flatMap(({ code }) => code ?? []),
    labels:
      kind === 'part2-counseling-notes' ? [COUNSELING_NOTE] : listed(provision.securityLabel?.map(labelName)),
    types: listed(provision.class?.flatMap(({ code }) => code ?? [])),
    refs: listed(provision.data?.flatMap(({ reference }) => localIn(reference) ?? [])),
    ...(channels !== undefined && { channels }),
    since: Math.max(lowOf(dateTime), lowOf(provision.period?.start)),
    until: endOf(provision.period?.end),
  };
}

const listed = <T>(list: readonly T[] | undefined): readonly T[] | undefined =>
  isEmpty(list) ? undefined : list;

/** Before everything: no date says when it begins. */
const lowOf = (date: string | undefined): number =>
  (date === undefined ? undefined : parseDateTime(date)?.low) ?? Number.MIN_SAFE_INTEGER;

/** `2026-03` ends with March. An end that cannot be read has passed. */
const endOf = (date: string | undefined): number | undefined =>
  date === undefined ? undefined : (parseDateTime(date)?.high ?? Number.MIN_SAFE_INTEGER) + 1;

const withoutCode = ({ code: _channels, ...provision }: ConsentProvision): ConsentProvision => provision;

const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';

/** Every condition that the provision makes can be evaluated. */
const isReadable = ({ action, code, dataPeriod, purpose, class: types, data }: ConsentProvision): boolean =>
  (isEmpty(action) || action.some(({ coding }) => hasCode(coding, DISCLOSING))) &&
  isEmpty(code) &&
  dataPeriod === undefined &&
  (purpose ?? []).every(({ system, code: named }) => system === ACT_REASON && named !== undefined) &&
  (types ?? []).every(({ system }) => system === RESOURCE_TYPES) &&
  (data ?? []).every(isInstance);

/** What may be told can be evaluated: words alone that describe it cannot. */
const saysWhat = ({ securityLabel, class: types, data }: ConsentProvision): boolean =>
  ![securityLabel, types, data].every((condition) => isEmpty(condition));

const isInstance = ({ meaning, reference }: ConsentProvisionData): boolean =>
  meaning === 'instance' && localIn(reference) !== undefined;

const inRole = (
  actors: readonly ConsentProvisionActor[] | undefined,
  role: PermitRole,
): readonly ConsentProvisionActor[] => (actors ?? []).filter((actor) => isInRole(actor, role));

const partyOf = ({ reference }: ConsentProvisionActor, actors: ReadonlyMap<string, Ref>): Ref | undefined => {
  const named = localIn(reference);
  return named === undefined ? undefined : (actors.get(named) ?? named);
};

/** The keeper is among those who may disclose. Where the kind asks for none, its keeper may. */
function mayDisclose(
  all: readonly ConsentProvisionActor[] | undefined,
  custodian: Ref,
  actors: ReadonlyMap<string, Ref>,
): boolean {
  const disclosers = inRole(all, 'CST');
  return disclosers.length === 0 || disclosers.some((one) => partyOf(one, actors) === custodian);
}

function recipientsOf(
  all: readonly ConsentProvisionActor[] | undefined,
  actors: ReadonlyMap<string, Ref>,
): PermitParties {
  const recipients = inRole(all, 'IRCP');
  return {
    named: recipients.flatMap((one) => (isTreatingClass(one) ? [] : (partyOf(one, actors) ?? []))),
    treating: recipients.some(isTreatingClass),
  };
}

/** Whether a permit is in force at an instant, and covers what would be told. */
export const permitsAt = (permit: Permit, telling: PermitTelling, at: number): boolean =>
  at >= permit.since &&
  (permit.until === undefined || at < permit.until) &&
  permit.from.named.includes(telling.from) &&
  namesRecipient(permit, telling.to, telling.recipientKinds) &&
  isPurpose(permit, telling.purpose) &&
  (permit.labels?.some((label) => bears(telling.labels, label)) ?? true) &&
  (permit.types?.includes(telling.type) ?? true) &&
  (permit.refs?.includes(telling.ref) ?? true);

/** Whether it names somebody, or the class of treating providers, health plans and third-party payers does. */
export const namesRecipient = (
  { to: { named, treating } }: Permit,
  to: Ref,
  kinds: ReadonlySet<PartyKind>,
): boolean => named.includes(to) || (treating && (kinds.has('provider') || kinds.has('health-plan')));

/**
 * A permit for a purpose covers every kind of that purpose (compliance D4). Operations reach legal services, and yet no
 * consent under Part 2 covers proceedings but one for them alone (42 CFR 2.31(d)).
 */
function isPurpose({ kind, purposes }: Permit, purpose: Purpose): boolean {
  const isLegal = isWithin(purpose, 'HLEGAL');
  if (kind.startsWith('part2-') && isLegal !== (kind === 'part2-proceedings')) return false;
  return purposes.length === 0 || purposes.some((one) => isWithin(purpose, one));
}

/** Four labels of R4 that say the same of content: treatment of substance use. */
const SUBSTANCE_USE: ReadonlySet<string> = new Set(['SUD', 'ETH', 'ETHUD', 'OPIOIDUD']);

/** Whether content bears a label that a Consent names. */
export const bears = (labels: ReadonlySet<string>, label: string): boolean =>
  labels.has(label) || (SUBSTANCE_USE.has(label) && [...SUBSTANCE_USE].some((one) => labels.has(one)));

/**
 * The permit that is named where several cover (compliance C7): the one with the narrowest recipients, then the newest.
 * Undefined where none covers.
 */
export function decidingPermit(
  permits: readonly Permit[],
  telling: PermitTelling,
  at: number,
): Permit | undefined {
  const covering = permits.filter((permit) => permitsAt(permit, telling, at));
  return covering.toSorted((one, other) => widthOf(one.to) - widthOf(other.to) || other.since - one.since)[0];
}

const widthOf = ({ named, treating }: PermitParties): number =>
  treating ? Number.MAX_SAFE_INTEGER : named.length;

/**
 * Whether a permit that covers may release guarded content. Psychotherapy notes are released by their own label alone (45
 * CFR 164.508(b)(3)(ii)); what bears several guards needs a permit for each.
 */
export const releases = ({ kind, labels }: Permit, content: GuardedContent): boolean =>
  (kindRow(kind).releases?.includes(content) ?? false) &&
  (content !== 'psychotherapy' || (labels ?? []).some((label) => NOTES.has(label)));

const NOTES: ReadonlySet<string> = new Set(['PSYTHPN', COUNSELING_NOTE]);
