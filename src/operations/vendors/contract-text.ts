/** What a register tells of an agreement beside its state. */
import { AGREEMENT_EXTENSIONS, signaturesOf, valueOf, type Side } from '../../agreements/contract.ts';
import type { Extension, Resource } from '../../fhir/types.ts';

export interface ContractText {
  /** A date. */
  readonly reviewBy?: string;
  readonly breachNoticeHours?: number;
  readonly signers: readonly { readonly side: Side; readonly who: string; readonly when: string }[];
}

/** @param contract undefined where there is none */
export function contractTextOf(contract: Resource | undefined): ContractText {
  if (contract === undefined) return { signers: [] };
  const extensions = (contract['extension'] ?? []) as readonly Extension[]; // it was validated
  const applies = (contract['applies'] ?? {}) as { readonly extension?: readonly Extension[] };
  const reviewBy =
    valueOf(applies.extension, AGREEMENT_EXTENSIONS.reviewBy) ??
    valueOf(extensions, AGREEMENT_EXTENSIONS.reviewBy);
  const hours = extensions.find(({ url }) => url === AGREEMENT_EXTENSIONS.breachNoticeHours)?.valueInteger;
  return {
    ...(reviewBy !== undefined && { reviewBy }),
    ...(hours !== undefined && { breachNoticeHours: hours }),
    signers: signaturesOf(contract).map(({ side, who, when }) => ({
      side,
      who: who.reference ?? who.display ?? '',
      when,
    })),
  };
}
