/**
 * What a write would lower: labels that the version before has and the next one lacks, and a lesser confidentiality
 * (compliance S4). Labels of systems that nobody but their writer knows are the writer's own.
 */
import type { Coding } from '../../fhir/types.ts';
import { ACT_CODE, CONFIDENTIALITY, highestOf, isConfidentiality, rankOf } from './confidentiality.ts';

/** HL7's systems of security labels: confidentiality; sensitivity, policy, refrain, obligation; purpose; integrity. And ours. */
export const LABEL_SYSTEMS: ReadonlySet<string> = new Set([
  CONFIDENTIALITY,
  ACT_CODE,
  'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  'https://closeloop.dev/fhir/CodeSystem/label',
]);

/** "The identity of a tag or security label is the system+code" (http://hl7.org/fhir/R4/resource.html#Meta). */
export const isSameLabel = (one: Coding, other: Coding): boolean =>
  one.code === other.code && one.system === other.system;

/** The labels of `before` that `after` lowers. */
export function loweredLabels(before: readonly Coding[], after: readonly Coding[]): readonly Coding[] {
  if (before.length === 0) return before;
  const highest = highestOf(after);
  return before.filter((label) =>
    isConfidentiality(label)
      ? rankOf(label.code) > rankOf(highest?.code)
      : LABEL_SYSTEMS.has(label.system ?? '') && !after.some((other) => isSameLabel(label, other)),
  );
}

/** Said by who sent a record: what receives it keeps its labels. */
const PERSIST = 'PERSISTLABEL';
const PART_2 = '42CFRPart2';

/**
 * Whether nobody here may lower these labels: they came with the record, or say that it is one of 42 CFR Part 2, which its
 * source decides (42 CFR 2.12(d)(2)).
 */
export const areFixed = (lowered: readonly Coding[], before: readonly Coding[]): boolean =>
  [...lowered.filter(({ code }) => code === PART_2), ...before.filter(({ code }) => code === PERSIST)].some(
    ({ system }) => system === ACT_CODE,
  );
