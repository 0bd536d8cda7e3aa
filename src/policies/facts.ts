/**
 * What a policy has to know of content (compliance D5), by the labels that stand in it since its commit. Nothing
 * else of it is read at dispatch or in a query.
 */
import type { Coding, Resource } from '../fhir/types.ts';
import { resourcesInside } from './labels/derive.ts';
import { LABEL_SYSTEMS } from './labels/lowered.ts';

export interface ContentFacts {
  /** Codes of the labels: those of HL7's systems, and {@link COUNSELING_LABEL}. */
  readonly labels: ReadonlySet<string>;
  /** A record of 42 CFR Part 2, by its source (2.12(d)(2)). */
  readonly part2: boolean;
  /** A psychotherapy note (45 CFR 164.508(a)(2)) that is no counseling note of Part 2. */
  readonly psychotherapy: boolean;
  /** A counseling note of substance use treatment, kept apart from the record (42 CFR 2.11, 2.31(b)). */
  readonly counseling: boolean;
  /** Paid in full by the patient (45 CFR 164.522(a)(1)(vi)). */
  readonly selfPay: boolean;
}

/** The label of a counseling note, beside PSYTHPN and 42CFRPart2: HL7 has none. */
export const COUNSELING_LABEL = {
  system: 'https://closeloop.dev/fhir/CodeSystem/label',
  code: 'sud-counseling-note',
} as const satisfies Coding;

/** The facts of a resource; of a Bundle, the union of its own and its members'. */
export const factsOf = (resource: Resource): ContentFacts => factsOfLabels(labelsWithin(resource));

/** The facts of what bears these labels. */
function factsOfLabels(codings: readonly Coding[]): ContentFacts {
  const labels = new Set(codings.flatMap((label) => (isFact(label) ? [label.code ?? ''] : [])));
  if (labels.size === 0) return NOTHING;
  const bears = (code: string): boolean => labels.has(code);
  const counseling = bears(COUNSELING_LABEL.code);
  return {
    labels,
    part2: bears('42CFRPart2') || counseling,
    psychotherapy: !counseling && (bears('PSYTHPN') || bears('HIPAAPsyNotes')),
    counseling,
    selfPay: bears('HIPAASelfPay'),
  };
}

const NOTHING: ContentFacts = {
  labels: new Set(),
  part2: false,
  psychotherapy: false,
  counseling: false,
  selfPay: false,
};

const isFact = ({ system = '', code }: Coding): boolean =>
  system === COUNSELING_LABEL.system ? code === COUNSELING_LABEL.code : LABEL_SYSTEMS.has(system);

const labelsWithin = (resource: Resource): readonly Coding[] => [
  ...(resource.meta?.security ?? []),
  ...resourcesInside(resource).flatMap((member) => (member === undefined ? [] : labelsWithin(member))),
];
