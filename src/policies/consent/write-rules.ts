/**
 * What may be written of a Consent that says its kind (compliance C1, C11, C12, A13, R1, R3, R4). General Consents, which
 * say none, are written as ever.
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import type { IssueCode } from '../../fhir/issue.ts';
import { isSame } from '../../fhir/same.ts';
import type { Consent, ConsentProvision, Extension, Resource } from '../../fhir/types.ts';
import { lacksOf } from './elements.ts';
import { kindOf, kindRow, kindsSaid, type ConsentKind } from './kinds.ts';
import {
  asConsent,
  CONSENT_EXTENSIONS,
  extensionsOf,
  isAboutPrivacy,
  isEmpty,
  isInRole,
  localIn,
} from './read-consent.ts';

interface ConsentWrite {
  readonly before: Resource | undefined;
  /** Undefined: deleted. */
  readonly after: Resource | undefined;
  /** The writer is a privacy officer of the organization that keeps it. */
  readonly byPrivacyOfficer: boolean;
  /** Milliseconds since 1970, UTC. */
  readonly now: number;
}

interface ConsentFault {
  readonly code: Extract<IssueCode, 'consent-rule' | 'field-frozen' | 'deletion-refused'>;
  readonly says: string;
  readonly path: string;
}

type ConsentRule = (write: ConsentWrite) => ConsentFault | undefined;

/** The first rule that a write breaks; undefined where it breaks none. */
export function consentFaultOf(write: ConsentWrite): ConsentFault | undefined {
  for (const rule of RULES) {
    const fault = rule(write);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const broken = (says: string, path: string): ConsentFault => ({ code: 'consent-rule', says, path });

const RULES: readonly ConsentRule[] = [
  ({ before, after }) => {
    if (after !== undefined || before === undefined || !hasHeld(before)) return undefined;
    const says =
      'a Consent that was in force is kept as evidence (45 CFR 164.530(j)); end it instead of deleting it';
    return { code: 'deletion-refused', says, path: 'Consent' };
  },
  ({ before, after }) => {
    const frozen = before && after && hasHeld(before) ? changedIn(before, after) : undefined;
    if (frozen === undefined) return undefined;
    const says = `${frozen} of a Consent that was in force does not change; end it and write another`;
    return { code: 'field-frozen', says, path: frozen };
  },
  ({ after }) => (after === undefined ? undefined : shapeFaultOf(after)),
  (write) => dateFaultOf(write),
  (write) => endFaultOf(write),
];

// — shape

/** Levels of exceptions within a provision, and members of each list (compliance C16). */
const LEVELS_MAX = 2;
const MEMBERS_MAX = 50;

function shapeFaultOf(consent: Resource): ConsentFault | undefined {
  const [kind, other] = kindsSaid(consent);
  if (kind === undefined || kind === 'general') return undefined;
  if (other !== undefined)
    return broken('a Consent is of one kind; for another purpose there is another', 'Consent.policyRule');
  const { scope, provision, modifierExtension, status } = asConsent(consent);
  if (!isAboutPrivacy(scope)) return broken('its scope is patient-privacy', 'Consent.scope');
  if (!isEmpty(modifierExtension)) return broken('it has no modifier extension', 'Consent.modifierExtension');
  if (provision !== undefined && !isBounded(provision, LEVELS_MAX))
    return broken(
      `a provision has exceptions on at most ${LEVELS_MAX} levels, and at most ${MEMBERS_MAX} of them and of actors`,
      'Consent.provision',
    );
  if (status === 'entered-in-error') return undefined;
  return effectFaultOf(kind, provision) ?? (status === 'rejected' ? refusalFaultOf(consent) : undefined);
}

const isBounded = ({ actor = [], provision = [] }: ConsentProvision, levels: number): boolean =>
  actor.length <= MEMBERS_MAX &&
  provision.length <= MEMBERS_MAX &&
  (provision.length === 0 || levels > 0) &&
  provision.every((exception) => isBounded(exception, levels - 1));

function effectFaultOf(kind: ConsentKind, provision: ConsentProvision | undefined): ConsentFault | undefined {
  const { effect } = kindRow(kind);
  if (effect === 'record') return undefined;
  if (provision?.type !== effect)
    return broken(`a Consent of kind ${kind} has a provision that is a ${effect}`, 'Consent.provision.type');
  const namesPlan = (provision.actor ?? []).some((one) => isInRole(one, 'IRCP'));
  return kind !== 'hipaa-self-pay' || namesPlan
    ? undefined
    : broken('it names the health plan (an actor in role IRCP)', 'Consent.provision.actor');
}

/** An entity that does not agree to a restriction says why (compliance R1). */
function refusalFaultOf(consent: Resource): ConsentFault | undefined {
  const [reason] = extensionsOf(consent, CONSENT_EXTENSIONS.refusalReason);
  const isMissing = (reason?.valueString?.trim() ?? '') === '';
  return kindRow(kindOf(consent)).effect === 'deny' && isMissing
    ? broken('a restriction that is rejected says why (extension refusal-reason)', 'Consent.extension')
    : undefined;
}

/** A day that has begun somewhere has begun; clocks differ. */
const AHEAD_MS = 86_400_000;

/** Nobody has signed tomorrow. */
function dateFaultOf({ before, after, now }: ConsentWrite): ConsentFault | undefined {
  if (after === undefined || kindOf(after) === 'general') return undefined;
  const { dateTime } = asConsent(after);
  if (dateTime === undefined || (before !== undefined && asConsent(before).dateTime === dateTime))
    return undefined;
  const signed = parseDateTime(dateTime)?.low;
  return signed === undefined || signed <= now + AHEAD_MS
    ? undefined
    : broken('it was signed on a day that has come', 'Consent.dateTime');
}

// — what stays as it was

/** Whether a Consent is in force, or has been, so that something may have been told or withheld because of it. */
function hasHeld(consent: Resource): boolean {
  const kind = kindOf(consent);
  const { effect } = kindRow(kind);
  if (kind === 'general' || effect === 'record') return false;
  if (isRevoked(consent)) return true;
  return HOLDING.has(asConsent(consent).status) && (effect === 'deny' || lacksOf(consent).length === 0);
}

/** What was entered in error may have been in force until then. */
const HOLDING: ReadonlySet<string> = new Set(['active', 'entered-in-error']);

const isRevoked = (consent: Resource): boolean =>
  extensionsOf(consent, CONSENT_EXTENSIONS.revocation).length > 0;

const FROZEN = [
  'scope',
  'patient',
  'dateTime',
  'performer',
  'organization',
  'sourceAttachment',
  'sourceReference',
  'policyRule',
  'provision',
] as const satisfies readonly (keyof Consent)[];

function changedIn(before: Resource, after: Resource): string | undefined {
  const [old, now] = [asConsent(before), asConsent(after)];
  const changed = FROZEN.find((element) => !isSame(old[element], now[element]));
  if (changed !== undefined) return `Consent.${changed}`;
  if (!isSame(lasting(old.extension), lasting(now.extension))) return 'Consent.extension';
  const hasEnded = old.status !== 'active' && isRevoked(before);
  return hasEnded && !isSame(revocationOf(before), revocationOf(after)) ? 'Consent.extension' : undefined;
}

const revocationOf = (consent: Resource): Extension | undefined =>
  extensionsOf(consent, CONSENT_EXTENSIONS.revocation)[0];

/** What a Consent was given with; how it ended comes later. */
const lasting = (extensions: readonly Extension[] | undefined): readonly Extension[] =>
  (extensions ?? []).filter(({ url }) => GIVEN.has(url));

const GIVEN: ReadonlySet<string> = new Set([
  CONSENT_EXTENSIONS.statements,
  CONSENT_EXTENSIONS.information,
  CONSENT_EXTENSIONS.expirationEvent,
  CONSENT_EXTENSIONS.authority,
]);

// — the end

/** How a Consent may be ended (compliance A13, R3, R4). The entity alone never ends what the patient paid for in full. */
const WAYS: Readonly<Partial<Record<ConsentKind, readonly RevocationWay[]>>> = {
  'hipaa-restrictions': ['written', 'oral-note', 'informed'],
  'hipaa-self-pay': ['written', 'oral-note'],
  'involved-person': ['written', 'oral-note'],
  'patient-messaging': ['written', 'oral-note'],
  'community-referral': ['written', 'oral-note'],
};
const IN_WRITING: readonly RevocationWay[] = ['written'];

/** The ways in which a Consent of a kind is ended; none: by its status, without a word on it. */
export const waysToEnd = (kind: ConsentKind): readonly RevocationWay[] =>
  kindRow(kind).endsOnRecord === true ? (WAYS[kind] ?? IN_WRITING) : [];

/** Codes of https://closeloop.dev/fhir/CodeSystem/revocation-how. */
const REVOCATION_WAYS = ['written', 'oral-note', 'informed'] as const;

export type RevocationWay = (typeof REVOCATION_WAYS)[number];

export const isRevocationWay = (code: string | undefined): code is RevocationWay =>
  REVOCATION_WAYS.some((way) => way === code);

function endFaultOf({ before, after, byPrivacyOfficer, now }: ConsentWrite): ConsentFault | undefined {
  if (after === undefined) return undefined;
  const kind = kindOf(after);
  const row = kindRow(kind);
  if (row.endsOnRecord !== true) return undefined;
  const { status } = asConsent(after);
  // A Consent that was in force keeps its kind; one of another kind was none of this.
  const was = before !== undefined && kindOf(before) === kind ? asConsent(before).status : undefined;
  const revocation = revocationIn(after);
  if (was === 'inactive' && status === 'active')
    return broken('a Consent that has ended stays ended; write another', 'Consent.status');
  if (was === 'active' && status === 'entered-in-error' && row.effect === 'deny' && !byPrivacyOfficer)
    return broken('a privacy officer says that a restriction was entered in error', 'Consent.status');
  if (was === 'active' && !['active', 'inactive', 'entered-in-error'].includes(status))
    return broken('a Consent that is in force ends as inactive', 'Consent.status');
  const ends = was === 'active' && status === 'inactive';
  if (revocation === undefined) return ends ? broken(UNSAID, 'Consent.extension') : undefined;
  return revocationFaultOf(kind, status, revocation, now);
}

const UNSAID = 'the extension revocation says when it was ended, by whom and how';

interface Revocation {
  readonly at: number;
  readonly how: string;
  readonly byPatient: boolean;
}

/** How a Consent was ended; undefined where it does not say so. */
function revocationIn(consent: Resource): Revocation | undefined {
  const { extension = [] } = revocationOf(consent) ?? {};
  const part = (name: string): Extension | undefined => extension.find(({ url }) => url === name);
  const at = parseDateTime(part('at')?.valueDateTime ?? '')?.low;
  const by = localIn(part('by')?.valueReference ?? {});
  const how = part('how')?.valueCode;
  if (at === undefined || how === undefined || part('by') === undefined) return undefined;
  const byPatient = by?.startsWith('RelatedPerson/') === true || isPatientOf(consent, by);
  return { at, how, byPatient };
}

const isPatientOf = (consent: Resource, ref: string | undefined): boolean =>
  ref !== undefined && ref === localIn(asConsent(consent).patient ?? {});

function revocationFaultOf(
  kind: ConsentKind,
  status: Consent['status'],
  { at, how, byPatient }: Revocation,
  now: number,
): ConsentFault | undefined {
  const path = 'Consent.extension';
  const ways: readonly string[] = waysToEnd(kind);
  if (!ways.includes(how)) return broken(`a Consent of kind ${kind} is ended ${ways.join(' or ')}`, path);
  if (at > now) return broken('a Consent is ended when it is written, not later', path);
  if (how !== 'informed' && !byPatient)
    return broken('the patient ends it, or who acts for the patient', path);
  // What was created before the patient was informed stays restricted (45 CFR 164.522(a)(2)(iii)).
  if (how === 'informed' && status === 'inactive')
    return broken(
      'a restriction that the entity ends stays active, and denies what was created before',
      'Consent.status',
    );
  if (how !== 'informed' && status === 'active')
    return broken('what the patient has ended is inactive', 'Consent.status');
  return undefined;
}

/** From when on a restriction no longer covers what is created: its keeper informed the patient. */
export function endedForLater(consent: Resource): number | undefined {
  const revocation = revocationIn(consent);
  return revocation?.how === 'informed' && kindOf(consent) === 'hipaa-restrictions'
    ? revocation.at
    : undefined;
}
