/**
 * What a policy has to know of content (compliance D5), by the labels that stand in it since its commit. Nothing else of it
 * is read at a delivery or in a query.
 */
import type { Coding, Resource } from '../fhir/types.ts';
import { ACT_CODE } from './labels/confidentiality.ts';
import { resourcesInside } from './labels/derive.ts';
import { isBecauseOf } from './labels/label.ts';
import { LABEL_SYSTEMS } from './labels/lowered.ts';

export interface ContentFacts {
  /**
   * The labels of HL7's systems and of ours: the code of one of ActCode, and `system|code` of every other,
   * as a Consent's labels are named.
   */
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

const COUNSELING = `${COUNSELING_LABEL.system}|${COUNSELING_LABEL.code}`;

/** The facts of a resource; of a Bundle, the union of its own and its members'. */
export function factsOf(resource: Resource): ContentFacts {
  const codings = labelsWithin(resource);
  return codings.length === 0 ? NOTHING : factsOfLabels(new Set(codings.flatMap(nameOfFact)));
}

/** The facts of what bears the labels of these names. */
export function factsOfLabels(labels: ReadonlySet<string>): ContentFacts {
  if (labels.size === 0) return NOTHING;
  const counseling = labels.has(COUNSELING);
  return {
    labels,
    part2: labels.has('42CFRPart2') || counseling,
    psychotherapy: !counseling && (labels.has('PSYTHPN') || labels.has('HIPAAPsyNotes')),
    counseling,
    selfPay: labels.has('HIPAASelfPay'),
  };
}

const NOTHING: ContentFacts = {
  labels: new Set(),
  part2: false,
  psychotherapy: false,
  counseling: false,
  selfPay: false,
};

function nameOfFact(label: Coding): readonly string[] {
  const { system = '', code = '' } = label;
  if (system === ACT_CODE) return [code];
  const name = `${system}|${code}`;
  if (!LABEL_SYSTEMS.has(system)) return [];
  // DS4P may say by its basis alone why content is restricted.
  return isBecauseOf(label, PART_2) ? [name, PART_2.code] : [name];
}

/** The label of a record of 42 CFR Part 2. */
export const PART_2 = { system: ACT_CODE, code: '42CFRPart2' } as const satisfies Coding;

/** The labels of a resource and of those inside it. */
const labelsWithin = (resource: Resource): readonly Coding[] => {
  const own = resource.meta?.security ?? [];
  if (resource.resourceType !== 'Bundle') return own;
  const inside = resourcesInside(resource).flatMap((one) => (one === undefined ? [] : labelsWithin(one)));
  return [...own, ...inside];
};
