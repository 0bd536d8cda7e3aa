/** What a move of an agreement must bring (baa-messaging 2): each kind of evidence of the table, and how it is looked for. */
import { END, parseDateTime, yearsAfter } from '../fhir/datetime.ts';
import { isSame } from '../fhir/same.ts';
import type { ContractSigner, Resource } from '../fhir/types.ts';
import { gapsOf, gapWords } from './checklist.ts';
import {
  AGREEMENT_EXTENSIONS,
  agreementReasonOf,
  asContract,
  associateOf,
  awaitsSecondPerson,
  documentHashOf,
  principalOf,
  literalIn,
  servicesOf,
  signaturesIn,
  signaturesOf,
  valueOf,
  type AgreementSignature,
  type Side,
} from './contract.ts';
import { frozenIn } from './frozen.ts';
import { agreementPeriodOf, unsignedSides } from './state.ts';
import type { AgreementEvidence } from './transitions.ts';

/** A move with its evidence: the agreement before and after, and who acts. */
export interface BroughtEvidence {
  readonly before: Resource | undefined;
  readonly after: Resource;
  /** As it would be stored: with the second person who confirms a signature on paper. */
  readonly settled: Resource;
  readonly side: Side | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The person who acts, as its token names it. */
  readonly user: string | undefined;
  /** What stands behind an amendment or a renewal: the agreements that `supportingInfo` names, as they are. */
  readonly named: readonly Resource[];
}

/** What is wrong with the evidence of a move. */
interface EvidenceFault {
  readonly code: 'agreement-incomplete' | 'not-your-signature' | 'agreement-frozen';
  readonly says: string;
  readonly path: string;
}

/** What is needed and is not there, as a fault that says so. */
const lacks = (needed: string, path: string): EvidenceFault => ({
  code: 'agreement-incomplete',
  says: `Needed: ${needed}`,
  path,
});

/** The first kind of evidence that is not there, as a fault. */
export function evidenceFault(
  needed: readonly AgreementEvidence[],
  brought: BroughtEvidence,
): EvidenceFault | undefined {
  for (const one of needed) {
    const fault = LOOKED_FOR[one](brought);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const SHA_256 = /^[0-9a-f]{64}$/;

/** A signature says when it was given by the clock of whoever gave it. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/** How far ahead an agreement without an end is looked at again at the latest. */
const REVIEW_YEARS = 2;

const LOOKED_FOR: Readonly<
  Record<AgreementEvidence, (brought: BroughtEvidence) => EvidenceFault | undefined>
> = {
  parties: ({ after }) => {
    const { authority, subject } = asContract(after);
    const [principal, associate] = [principalOf(after), associateOf(after)];
    if (authority?.length !== 1 || principal === undefined)
      return lacks('its authority is one Organization here, the principal', 'Contract.authority');
    if (subject?.length !== 1 || associate === undefined)
      return lacks('its subject is one Organization here, the associate', 'Contract.subject');
    return principal === associate ? lacks('its two parties differ', 'Contract.subject') : undefined;
  },
  service: ({ after }) =>
    servicesOf(after).length > 0
      ? undefined
      : lacks(
          'it names a service: a term of type permitted-use with a subType of ba-service',
          'Contract.term',
        ),
  unsigned: ({ after }) =>
    signaturesOf(after).length === 0
      ? undefined
      : lacks('nobody signs before it is offered', 'Contract.signer'),
  document: ({ after }) => documentFault(after),
  checklist: ({ after }) => {
    const gaps = gapsOf(after);
    return gaps.length === 0
      ? undefined
      : { code: 'agreement-incomplete', says: `Lacks ${gapWords(gaps)}.`, path: 'Contract.extension' };
  },
  applies: ({ after, now }) => appliesFault(after, now),
  'change-or-reason': ({ before, after }) =>
    (before !== undefined && !isSame(before['legal'], after['legal'])) || hasReason(after, before)
      ? undefined
      : lacks(
          'a counter offer brings another document, or says why (extension agreement-reason)',
          'Contract.legal',
        ),
  reason: ({ before, after }) =>
    hasReason(after, before)
      ? undefined
      : lacks('it says why (extension agreement-reason, text)', 'Contract.extension'),
  'revocation-reason': (brought) => revocationFault(brought),
  signature: (brought) => signatureFault(brought),
  'both-signatures': ({ settled }) =>
    unsignedSides(settled).length === 0
      ? undefined
      : lacks('both sides have signed the document as it stands (extension signed-hash)', 'Contract.signer'),
  amendment: (brought) => amendmentFault(brought),
  predecessor: ({ after, named }) =>
    named.some((old) => principalOf(old) === principalOf(after) && associateOf(old) === associateOf(after))
      ? undefined
      : lacks(
          'its supportingInfo names the agreement of the same parties that it renews',
          'Contract.supportingInfo',
        ),
};

function documentFault(contract: Resource): EvidenceFault | undefined {
  const documents = (asContract(contract).legal ?? []).filter(({ contentAttachment }) => contentAttachment);
  const [document] = documents;
  if (documents.length !== 1 || document?.contentAttachment?.url === undefined)
    return lacks('it has one document (legal.contentAttachment with its url)', 'Contract.legal');
  const hash = documentHashOf(contract);
  return hash !== undefined && SHA_256.test(hash)
    ? undefined
    : lacks('its document has the extension content-hash: SHA-256, 64 hexadecimal digits', 'Contract.legal');
}

function appliesFault(contract: Resource, now: number): EvidenceFault | undefined {
  const period = agreementPeriodOf(contract);
  if (period === undefined) return lacks('it says from when it applies', 'Contract.applies');
  if (asContract(contract).applies?.end !== undefined) return undefined;
  const reviewBy = parseDateTime(
    valueOf(asContract(contract).extension, AGREEMENT_EXTENSIONS.reviewBy) ?? '',
  )?.low;
  return reviewBy !== undefined && reviewBy <= yearsAfter(now, REVIEW_YEARS)
    ? undefined
    : lacks(
        `without an end it is reviewed within ${REVIEW_YEARS * 12} months (extension review-by)`,
        'Contract.extension',
      );
}

// — reasons

/** Why now: what an earlier event said does not count again. */
function hasReason(after: Resource, before: Resource | undefined): boolean {
  const [now, then] = [agreementReasonOf(after), before && agreementReasonOf(before)];
  return (now?.text?.trim() ?? '') !== '' && !isSame(now, then);
}

const REVOCATION_REASONS: ReadonlySet<string> = new Set(['material-breach', 'service-ended', 'other']);

function revocationFault({ before, after, now }: BroughtEvidence): EvidenceFault | undefined {
  const reason = agreementReasonOf(after);
  const path = 'Contract.extension';
  if (!REVOCATION_REASONS.has(reason?.code ?? '') || isSame(reason, before && agreementReasonOf(before)))
    return lacks(
      'it says why: material-breach, service-ended or other (extension agreement-reason, code)',
      path,
    );
  if (reason?.code === 'other' && (reason.text?.trim() ?? '') === '')
    return lacks('another reason is said in words (extension agreement-reason, text)', path);
  const effective = reason?.effective === undefined ? now : parseDateTime(reason.effective)?.low;
  if (effective === undefined || effective < now - CLOCKS_DIFFER_MS)
    return lacks('it takes effect now or later', path);
  return before !== undefined && effective > latestRevocation(before, now)
    ? lacks('what is suspended is revoked at once, and what is revoked for later only sooner', path)
    : undefined;
}

/**
 * Until when an agreement may hold at the latest once it is revoked: a revocation to come neither lifts a suspension, nor
 * puts off one that was written before.
 */
function latestRevocation(before: Resource, now: number): number {
  const { status } = asContract(before);
  if (status === 'disputed') return now + CLOCKS_DIFFER_MS;
  if (status !== 'revoked') return END;
  return parseDateTime(agreementReasonOf(before)?.effective ?? '')?.low ?? now;
}

// — signatures

/** Signers that were not there before. */
export const signersAdded = (before: Resource | undefined, after: Resource): readonly ContractSigner[] => {
  const old = before === undefined ? [] : (asContract(before).signer ?? []);
  return (asContract(after).signer ?? []).filter((signer) => !old.some((one) => isSame(one, signer)));
};

/** Whether every signature that stood there still does. */
export const keepsSigners = (before: Resource, after: Resource): boolean => {
  const now = asContract(after).signer ?? [];
  return (asContract(before).signer ?? []).every((signer) => now.some((one) => isSame(one, signer)));
};

/**
 * One new signer, of the side that acts, over the document as it stands, now; or the second person of the principal
 * confirms what the first has filed of the associate's signature on paper.
 */
function signatureFault(brought: BroughtEvidence): EvidenceFault | undefined {
  const { before, after, side } = brought;
  const added = signersAdded(before, after);
  const path = 'Contract.signer';
  if (before !== undefined && !keepsSigners(before, after))
    return { code: 'not-your-signature', says: 'a signature that was given stays as it is', path };
  if (added.length === 0 && side === 'principal' && unconfirmedPaper(after) !== undefined)
    return secondPersonFault(brought);
  const signatures = added.flatMap(signaturesIn);
  const [signature] = signatures;
  if (signatures.some((one) => one.side !== side))
    return { code: 'not-your-signature', says: `the ${side ?? 'caller'} signs for itself alone`, path };
  if (added.length !== 1 || signatures.length !== 1 || signature === undefined)
    return lacks('it brings one new signer, with one signature', path);
  return signedDocumentFault(signature, after) ?? whenFault(signature, brought);
}

export const signedDocumentFault = (
  { hash }: AgreementSignature,
  contract: Resource,
): EvidenceFault | undefined =>
  hash !== undefined && hash === documentHashOf(contract)
    ? undefined
    : lacks('its signed-hash is the content-hash of the document', 'Contract.signer.signature');

/** A signature is given now; one on paper names its document and may be older. */
function whenFault({ when, paper }: AgreementSignature, { now }: BroughtEvidence): EvidenceFault | undefined {
  const at = parseDateTime(when);
  const path = 'Contract.signer.signature.when';
  if (at === undefined || at.low > now + CLOCKS_DIFFER_MS)
    return lacks('it was not signed in the future', path);
  if (at.high >= now - CLOCKS_DIFFER_MS) return undefined;
  return paper !== undefined && literalIn(paper, 'document') !== undefined
    ? undefined
    : lacks('it is signed now, or on paper that it names (extension signed-paper, document)', path);
}

/** A signature on paper that waits for a second person. */
const unconfirmedPaper = (contract: Resource): AgreementSignature | undefined =>
  signaturesOf(contract).find(awaitsSecondPerson);

function secondPersonFault({ after, user }: BroughtEvidence): EvidenceFault | undefined {
  const recorder = literalIn(unconfirmedPaper(after)?.paper ?? [], 'recorder');
  return user !== undefined && user !== recorder
    ? undefined
    : {
        code: 'not-your-signature',
        says: 'a signature on paper is confirmed by another person than the one who filed it',
        path: 'Contract.signer',
      };
}

// — amendments

/** An amendment takes over document and signatures of a second agreement of the two, which both have signed. */
function amendmentFault({ before, after, named }: BroughtEvidence): EvidenceFault | undefined {
  const path = 'Contract.legal';
  if (before !== undefined && documentHashOf(before) === documentHashOf(after))
    return lacks('an amendment brings another document', path);
  const second = named.find(
    (one) =>
      one['status'] === 'executed' &&
      isSame(one['signer'], after['signer']) &&
      frozenIn(one, after) === undefined,
  );
  return second === undefined
    ? lacks(
        'its supportingInfo names the executed agreement of the same parties whose document, terms and signatures it takes over',
        'Contract.supportingInfo',
      )
    : documentFault(after);
}
