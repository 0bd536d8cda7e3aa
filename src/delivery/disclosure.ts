/**
 * What the policies are asked: what would be told to whom, on whose account, about which patients, on which basis, and what
 * these have said about it. The same for a write that would tell something, and for a delivery as of now.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { isAssociate } from '../agreements/applies.ts';
import { asksAgreement } from '../policies/bases/business-associate.ts';
import { BASES } from '../policies/basis.ts';
import { endedForLater } from '../policies/consent/write-rules.ts';
import { factsOf } from '../policies/facts.ts';
import { sourcesOf } from '../policies/guards/marks.ts';
import { isHealthService } from '../policies/health-related.ts';
import { REFERRAL_PURPOSE, type Disclosure } from '../policies/index.ts';
import type { PartyKind } from '../policies/party-kind.ts';
import type { Purpose } from '../policies/purpose.ts';
import { typeOf } from '../resources/element.ts';
import type { PartyWorld } from '../resources/party.ts';
import { claimedBasis } from '../resources/referral-rules/basis.ts';
import type { AgreementBetween } from './agreements.ts';
import { countingOf, type ActiveConsent } from './consents.ts';
import { findActors, withNotedActors } from './denials.ts';
import { readEvidence, type Claimant } from './evidence.ts';
import { permitsAmong } from './permits.ts';

/** Where the facts of a disclosure are found: as they are stored, or as they will be. */
export interface DisclosureSource {
  readonly read: (ref: Ref) => Promise<Resource | undefined>;
  readonly kindsOf: (organization: Ref, discloser: Ref) => Promise<ReadonlySet<PartyKind>>;
  readonly isSameEntity: (one: Ref, other: Ref) => Promise<boolean>;
  /** The active Consents about one patient, of every custodian. */
  readonly consentsAbout: (patient: Ref) => Promise<readonly ActiveConsent[]>;
  readonly isSameArrangement: (one: Ref, other: Ref) => Promise<boolean>;
  /** How two organizations stand at an instant, in milliseconds since 1970. */
  readonly agreementOf: (one: Ref, other: Ref, at: number) => Promise<AgreementBetween>;
  readonly isRelated: (organization: Ref, patient: Ref, order: Ref | undefined) => Promise<boolean>;
  /** When its first version was made, in milliseconds since 1970; undefined: that cannot be said. */
  readonly createdAt: (ref: Ref) => Promise<number | undefined>;
  readonly parties: PartyWorld;
}

/** Something that one organization would tell another one. */
export interface Disclosing {
  readonly ref: Ref;
  readonly content: Resource;
  readonly from: Ref;
  readonly to: Ref;
  /** Whom it is about. */
  readonly patients: readonly Ref[];
  /** The order whose claim is the discloser's own; undefined: the discloser claims nothing. */
  readonly order: Resource | undefined;
  /** The receiver is a party of the referral that it belongs to. */
  readonly parties: boolean;
  readonly claimant: Claimant;
  /** What of a message is known to hold no health information (baa-messaging MS20). */
  readonly isOpen?: boolean;
  /** It belongs to a referral of the two; absent: as far as they are its parties. */
  readonly shared?: boolean;
}

/** What is the same for all disclosures of a server. */
export interface DisclosureSettings {
  readonly communityNeedsAuthorization: boolean;
}

/** One disclosure for each patient that it is about, so that each one's word counts. */
export async function buildDisclosures(
  source: DisclosureSource,
  settings: DisclosureSettings,
  told: Disclosing,
  at: number,
): Promise<readonly Disclosure[]> {
  const common = await readCommon(source, settings, told, at);
  const about: readonly (Ref | undefined)[] = told.patients.length === 0 ? [undefined] : told.patients;
  const disclosures: Disclosure[] = [];
  for (const patient of about) {
    const ofPatient = await readPatient(source, told, patient);
    const what = await readWhat(source, told.ref, ofPatient.consents);
    disclosures.push({ ...common, ...ofPatient, what });
  }
  return disclosures;
}

/** What would be told; when it was created is asked where a restriction was ended for what comes later. */
export async function readWhat(
  { createdAt }: Pick<DisclosureSource, 'createdAt'>,
  ref: Ref,
  consents: readonly Resource[],
): Promise<Disclosure['what']> {
  const isAsked = consents.some((consent) => endedForLater(consent) !== undefined);
  const created = isAsked ? await createdAt(ref) : undefined;
  return { type: typeOf(ref), ref, ...(created !== undefined && { created }) };
}

type OfPatient = 'what' | 'patient' | 'consents' | 'consentActors' | 'permits' | 'evidence';

async function readCommon(
  source: DisclosureSource,
  { communityNeedsAuthorization }: DisclosureSettings,
  telling: Disclosing,
  at: number,
): Promise<Omit<Disclosure, OfPatient>> {
  const { content, from, to, order, parties } = telling;
  const claimed = claimedBasis(order);
  const kinds = {
    discloserKinds: await source.kindsOf(from, from),
    recipientKinds: await source.kindsOf(to, from),
  };
  const about = {
    ...kinds,
    sameEntity: await source.isSameEntity(from, to),
    sameArrangement: await source.isSameArrangement(from, to),
    claimed,
    parties,
    shared: telling.shared ?? parties,
    phi: holdsHealthInformation(telling),
    purpose: claimed === undefined ? purposeBetween(kinds) : BASES[claimed].purpose,
  };
  const isAsked = !about.sameEntity && asksAgreement(about);
  return {
    ...about,
    from,
    to,
    agreement: isAsked ? await source.agreementOf(from, to, at) : undefined,
    facts: factsOf(content),
    sources: new Set(sourcesOf(content)),
    healthRelated: isHealthService(order),
    communityNeedsAuthorization,
    now: at,
  };
}

/** Two organizations between which an agreement has to be in force, and how they stand. */
export interface Dealing {
  readonly standing: AgreementBetween;
  /** Who is, or would be, the principal and the associate of the agreement. */
  readonly principal: Ref;
  readonly associate: Ref;
}

type DealingSource = Pick<DisclosureSource, 'kindsOf' | 'isSameEntity' | 'isSameArrangement' | 'agreementOf'>;

/**
 * How two organizations stand, where the first tells the second health information and claims no basis; undefined: no
 * agreement has to be in force.
 */
export async function findDealing(
  source: DealingSource,
  from: Ref,
  to: Ref,
  at: number,
): Promise<Dealing | undefined> {
  if (from === to) return undefined;
  const kinds = {
    discloserKinds: await source.kindsOf(from, from),
    recipientKinds: await source.kindsOf(to, from),
  };
  const sameArrangement = await source.isSameArrangement(from, to);
  const purpose = purposeBetween(kinds);
  const isAsked = asksAgreement({
    ...kinds,
    sameArrangement,
    claimed: undefined,
    shared: true,
    phi: true,
    purpose,
  });
  if (!isAsked || (await source.isSameEntity(from, to))) return undefined;
  const standing = await source.agreementOf(from, to, at);
  const [principal, associate] = isAssociate(kinds.discloserKinds) ? [to, from] : [from, to];
  return { standing, principal, associate };
}

/** A message may hold anything; every other resource holds health information where it is about a patient. */
const holdsHealthInformation = ({ ref, patients, isOpen = false }: Disclosing): boolean =>
  patients.length > 0 || (typeOf(ref) === 'Communication' && !isOpen);

/** What is told to who works for others, or by it, is told for the operations of the one for whom it works. */
const purposeBetween = ({
  discloserKinds,
  recipientKinds,
}: Pick<Disclosure, 'discloserKinds' | 'recipientKinds'>): Purpose =>
  isAssociate(recipientKinds) || isAssociate(discloserKinds)
    ? BASES['business-associate'].purpose
    : REFERRAL_PURPOSE;

async function readPatient(
  source: DisclosureSource,
  { from, to, order, claimant }: Disclosing,
  patient: Ref | undefined,
): Promise<Omit<Pick<Disclosure, OfPatient>, 'what'>> {
  const active = patient === undefined ? [] : countingOf(await source.consentsAbout(patient), from);
  const noted = active.map((one) => ({ ...one, consent: withNotedActors(one.consent) }));
  const consents = noted.map(({ consent }) => consent);
  const consentActors = await findActors(consents, source.parties);
  const orderRef: Ref | undefined = order?.id === undefined ? undefined : `ServiceRequest/${order.id}`;
  return {
    patient,
    consents,
    consentActors,
    permits: await permitsAmong(noted, consentActors, source.parties),
    evidence: await readEvidence(
      order,
      [from, to],
      {
        read: source.read,
        kindsOf: (organization) => source.kindsOf(organization, from),
        isRelated: async (organization) =>
          patient !== undefined && source.isRelated(organization, patient, orderRef),
      },
      {
        administrator: claimant.administrator,
        emergency: patient !== undefined && claimant.isEmergency(patient),
      },
    ),
  };
}
