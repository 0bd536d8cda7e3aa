/** What a Contract that is a business associate agreement says: its kinds, parties, services, document and signatures. */
import { parseInstant } from '../fhir/datetime.ts';
import type {
  CodeableConcept,
  Contract,
  ContractSigner,
  Extension,
  Ref,
  Reference,
  Resource,
} from '../fhir/types.ts';

const CLOSELOOP = 'https://closeloop.dev/fhir';
const STRUCTURES = `${CLOSELOOP}/StructureDefinition`;

/** The extensions of an agreement. */
export const AGREEMENT_EXTENSIONS = {
  breachNoticeHours: `${STRUCTURES}/breach-notice-hours`,
  checklist: `${STRUCTURES}/baa-checklist`,
  contentHash: `${STRUCTURES}/content-hash`,
  delegatedDuty: `${STRUCTURES}/delegated-duty`,
  event: `${STRUCTURES}/agreement-event`,
  reason: `${STRUCTURES}/agreement-reason`,
  reviewBy: `${STRUCTURES}/review-by`,
  signedHash: `${STRUCTURES}/signed-hash`,
  signedPaper: `${STRUCTURES}/signed-paper`,
} as const;

export const CONTRACT_TYPE = `${CLOSELOOP}/CodeSystem/contract-type`;
export const CONTRACT_TERM = `${CLOSELOOP}/CodeSystem/contract-term`;
export const BA_SERVICE = `${CLOSELOOP}/CodeSystem/ba-service`;

/** Codes of {@link CONTRACT_TYPE}. A Contract with none of them is no agreement, and no gate reads it. */
const AGREEMENT_KINDS = ['baa', 'subcontractor-baa', 'qso', 'government-mou'] as const;
export type AgreementKind = (typeof AGREEMENT_KINDS)[number];

/** Of a signer: the one who grants (the principal), and the one to whom it is granted (the associate). */
export const SIGNER_TYPE = 'http://terminology.hl7.org/CodeSystem/contractsignertypecodes';
export type Side = 'principal' | 'associate';
export const SIGNER_CODES: Readonly<Record<Side, string>> = { principal: 'GRANTOR', associate: 'GRANTEE' };

/** The structure is valid where a rule reads it. */
export const asContract = (contract: Resource): Contract => contract as unknown as Contract;

/** The kinds that a Contract says, in the order of the code system; empty for a Contract of another sort. */
export function kindsOfAgreement(contract: Resource): readonly AgreementKind[] {
  const codes = codesOf(asContract(contract).type, CONTRACT_TYPE);
  return AGREEMENT_KINDS.filter((kind) => codes.includes(kind));
}

/** The principal: the covered entity or, down a chain, the associate above. */
export const principalOf = (contract: Resource): Ref | undefined =>
  refOf(asContract(contract).authority?.[0]);

/** The business associate. */
export const associateOf = (contract: Resource): Ref | undefined => refOf(asContract(contract).subject?.[0]);

/** Codes of {@link BA_SERVICE} that its terms of permitted use name, each once. */
export function servicesOf(contract: Resource): readonly string[] {
  const terms = (asContract(contract).term ?? []).filter(({ type }) =>
    codesOf(type, CONTRACT_TERM).includes('permitted-use'),
  );
  return [...new Set(terms.flatMap(({ subType }) => codesOf(subType, BA_SERVICE)))];
}

/** SHA-256 of the document, as the agreement states it. */
export function documentHashOf(contract: Resource): string | undefined {
  for (const { contentAttachment } of asContract(contract).legal ?? []) {
    const hash = valueOf(contentAttachment?.extension, AGREEMENT_EXTENSIONS.contentHash);
    if (hash !== undefined) return hash;
  }
  return undefined;
}

/** A signature, with the side that it stands for and the hash of what was signed. */
export interface AgreementSignature {
  readonly side: Side;
  readonly hash: string | undefined;
  readonly when: string;
  readonly who: Reference;
  readonly party: Reference;
  /** It was given on paper: who filed it for whom, as the extension has it. */
  readonly paper: readonly Extension[] | undefined;
}

/** The signatures of an agreement, in its own order. */
export const signaturesOf = (contract: Resource): readonly AgreementSignature[] =>
  (asContract(contract).signer ?? []).flatMap(signaturesIn);

/** The signatures of one signer. */
export function signaturesIn({ type, party, signature }: ContractSigner): readonly AgreementSignature[] {
  const side = sideOf(type.system, type.code);
  if (side === undefined) return [];
  return signature.map(({ extension, when, who }) => ({
    side,
    hash: valueOf(extension, AGREEMENT_EXTENSIONS.signedHash),
    when,
    who,
    party,
    paper: (extension ?? []).find(({ url }) => url === AGREEMENT_EXTENSIONS.signedPaper)?.extension,
  }));
}

/** A signature on paper that one person has filed and no second has confirmed. It counts for nothing yet. */
export const awaitsSecondPerson = ({ paper }: Pick<AgreementSignature, 'paper'>): boolean =>
  paper !== undefined &&
  literalIn(paper, 'recorder') !== undefined &&
  literalIn(paper, 'approver') === undefined;

/** The literal of the first extension of that address. */
export const literalIn = (extensions: readonly Extension[], url: string): string | undefined =>
  extensions.find((extension) => extension.url === url)?.valueReference?.reference;

/** The last event, as the server wrote it into the agreement. */
interface WrittenEvent {
  /** The row of the table: `BT02`. */
  readonly tid: string;
  readonly from: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function agreementEventOf(contract: Resource): WrittenEvent | undefined {
  const event = (asContract(contract).extension ?? []).find(
    ({ url }) => url === AGREEMENT_EXTENSIONS.event,
  )?.extension;
  const tid = valueOf(event, 'row');
  const from = valueOf(event, 'from');
  const at = parseInstant(event?.find(({ url }) => url === 'at')?.valueInstant ?? '')?.low;
  return tid === undefined || from === undefined || at === undefined ? undefined : { tid, from, at };
}

/** What the last event of an agreement gives as its reason, and when it takes effect if that is not at once. */
interface AgreementReason {
  readonly code: string | undefined;
  readonly text: string | undefined;
  /** A dateTime as it is written. */
  readonly effective: string | undefined;
}

export function agreementReasonOf(contract: Resource): AgreementReason | undefined {
  const reason = (asContract(contract).extension ?? []).find(
    ({ url }) => url === AGREEMENT_EXTENSIONS.reason,
  )?.extension;
  return reason === undefined
    ? undefined
    : {
        code: valueOf(reason, 'code'),
        text: valueOf(reason, 'text'),
        effective: valueOf(reason, 'effective'),
      };
}

function sideOf(system: string | undefined, code: string | undefined): Side | undefined {
  if (system !== SIGNER_TYPE) return undefined;
  if (code === SIGNER_CODES.principal) return 'principal';
  return code === SIGNER_CODES.associate ? 'associate' : undefined;
}

/** The text of the first extension of that address. */
export function valueOf(extensions: readonly Extension[] | undefined, url: string): string | undefined {
  const found = (extensions ?? []).find((extension) => extension.url === url);
  return found?.valueCode ?? found?.valueString ?? found?.valueDateTime ?? found?.valueDate;
}

const codesOf = (concept: CodeableConcept | undefined, system: string): readonly string[] =>
  (concept?.coding ?? []).flatMap((coding) =>
    coding.system === system && coding.code !== undefined ? [coding.code] : [],
  );

const ORGANIZATION = /^(Organization\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

const refOf = (reference: Reference | undefined): Ref | undefined =>
  ORGANIZATION.exec(reference?.reference ?? '')?.[1] as Ref | undefined; // the pattern has a slash

/** A Contract that the table of agreements rules. */
export const isAgreement = (contract: Resource | undefined): contract is Resource =>
  contract !== undefined && kindsOfAgreement(contract).length > 0;

/**
 * Whether the associate sees an agreement: from its offer on (BA2; harmony Z17). It does not see what the principal
 * prepares, nor what was taken away before it was ever offered.
 */
export function associateSees(contract: Resource): boolean {
  const { status } = asContract(contract);
  if (status === undefined || status === 'policy') return false;
  const hasEnded = status === 'rejected' || status === 'entered-in-error';
  const from = agreementEventOf(contract)?.from;
  return !hasEnded || (from !== undefined && from !== 'staging' && from !== 'none');
}
