/**
 * Papers of due diligence about a vendor (baa-messaging VR5): which there are, and which of them hold at a moment. A promise
 * needs a paper with a date.
 */
import { END, parseDateTime } from '../fhir/datetime.ts';
import type { CodeableConcept, Ref, Resource } from '../fhir/types.ts';

const CLOSELOOP = 'https://closeloop.dev/fhir';

/** DocumentReference.category of a paper about a vendor. */
export const ASSURANCE = {
  system: `${CLOSELOOP}/CodeSystem/document-category`,
  code: 'vendor-assurance',
} as const;
/** DocumentReference.type of such a paper. */
export const PAPER_SYSTEM = `${CLOSELOOP}/CodeSystem/vendor-paper`;

/** Codes of {@link PAPER_SYSTEM}. */
export const PAPERS = {
  soc2: 'A SOC 2 report of an auditor',
  hitrust: 'A HITRUST certification',
  'pen-test': 'A report of a penetration test',
  'data-flow': 'A diagram of the flow of data',
  'subcontractor-list': 'The list of subcontractors',
  insurance: 'A proof of insurance',
} as const;
export type PaperKind = keyof typeof PAPERS;

/** Papers by which somebody other than the vendor attests its safeguards. */
export const ATTESTATIONS: readonly PaperKind[] = ['soc2', 'hitrust', 'pen-test'];

/** A paper as its DocumentReference says. Milliseconds since 1970. */
export interface VendorPaper {
  readonly ref: Ref;
  readonly kind: PaperKind;
  /** The vendors that it is about: organizations among its authors. */
  readonly about: readonly Ref[];
  /** The beginning of its period, else its date. */
  readonly from: number | undefined;
  /** The first millisecond after its period; undefined where it has no end. */
  readonly until: number | undefined;
}

interface Paper {
  readonly status?: string;
  readonly category?: readonly CodeableConcept[];
  readonly type?: CodeableConcept;
  readonly author?: readonly { readonly reference?: string }[];
  readonly date?: string;
  readonly context?: { readonly period?: { readonly start?: string; readonly end?: string } };
}

/** The paper that a DocumentReference is; undefined for any other, and for one that is not current. */
export function paperOf(ref: Ref, document: Resource): VendorPaper | undefined {
  const { status, category = [], type, author = [], date, context } = document as unknown as Paper; // it was validated
  const kind = type?.coding?.find(({ system, code }) => system === PAPER_SYSTEM && isPaperKind(code))?.code;
  if (status !== 'current' || !category.some(isAssurance) || !isPaperKind(kind)) return undefined;
  const { start, end } = context?.period ?? {};
  const last = end === undefined ? END : parseDateTime(end)?.high;
  return {
    ref,
    kind,
    about: author.flatMap(({ reference }) => vendorIn(reference)),
    from: parseDateTime(start ?? date ?? '')?.low,
    until: last === undefined || last === END ? undefined : last + 1,
  };
}

const VENDOR = /^Organization\/[A-Za-z0-9\-.]{1,64}(?=$|\/_history\/)/;

const vendorIn = (reference: string | undefined): readonly Ref[] =>
  (VENDOR.exec(reference ?? '') ?? []).map((ref) => ref as Ref); // the pattern has a slash

const isAssurance = ({ coding = [] }: CodeableConcept): boolean =>
  coding.some(({ system, code }) => system === ASSURANCE.system && code === ASSURANCE.code);

const isPaperKind = (code: string | undefined): code is PaperKind =>
  code !== undefined && Object.hasOwn(PAPERS, code);

/** Whether a paper holds at a moment: one without an end holds from its beginning on. */
export const holdsAt = ({ from, until }: VendorPaper, at: number): boolean =>
  (from === undefined || from <= at) && (until === undefined || at < until);

/** The papers whose period is over and that no other paper of the same kind about the same vendor replaces. */
export const lapsedAt = (papers: readonly VendorPaper[], at: number): readonly VendorPaper[] =>
  papers.filter(
    (paper) =>
      paper.until !== undefined &&
      paper.until <= at &&
      !papers.some(
        (other) =>
          other.kind === paper.kind &&
          other.about.some((one) => paper.about.includes(one)) &&
          replaces(other, paper, at),
      ),
  );

/** A later paper replaces an earlier one that has lapsed: of several that lapsed, the last is asked about alone. */
const replaces = (other: VendorPaper, paper: VendorPaper, at: number): boolean =>
  other !== paper &&
  (holdsAt(other, at) ||
    (other.until ?? END) > (paper.until ?? END) ||
    (other.until === paper.until && other.ref > paper.ref));
