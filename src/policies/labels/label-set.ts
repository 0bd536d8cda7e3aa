/** The security labels of a version: what its client wrote, and what its content asks for (compliance S1, S2). */
import type { Coding, Resource } from '../../fhir/types.ts';
import { ACT_CODE, highestOf, isConfidentiality, rankOf, restrictingOf } from './confidentiality.ts';
import { sensitivitiesOf, type Sensitivities } from './derive.ts';
import { confidentialityLabel, sensitivityLabel } from './label.ts';
import { isSameLabel } from './lowered.ts';

/** The labels with those that the content asks for. The same list when it has them all. */
export function completeLabels(given: readonly Coding[], asked: Sensitivities): readonly Coding[] {
  let labels = given;
  for (const [code, because] of asked)
    if (!labels.some((label) => isSameLabel(label, { system: ACT_CODE, code })))
      labels = [...labels, sensitivityLabel(code, because)];
  return withOneConfidentiality(labels);
}

/** The labels that a client wrote, with those that it may not lower as they stood. */
export const keepLabels = (given: readonly Coding[], lowered: readonly Coding[]): readonly Coding[] =>
  lowered.some(isRanked) ? [...lowered, ...given.filter((one) => !isRanked(one))] : [...given, ...lowered];

/**
 * The labels of a file that holds these resources: its own, and all that theirs would be (compliance S5). What it is about
 * stands inside, so that a label of the whole follows from the label of a part, and names no code.
 */
export function wholeLabels(own: readonly Coding[], parts: readonly Resource[]): readonly Coding[] {
  const codes = new Set(parts.flatMap((part) => [...sensitivitiesOf(part).keys()]));
  return completeLabels(own, new Map([...codes].map((code) => [code, { system: ACT_CODE, code }])));
}

/** The labels with further ones: each once. The same list when it has them all. */
export function addLabels(labels: readonly Coding[], more: readonly Coding[]): readonly Coding[] {
  const missing = more.filter(
    (label, place) =>
      !labels.some((own) => isSameLabel(own, label)) &&
      more.findIndex((one) => isSameLabel(one, label)) === place &&
      !(isRanked(label) && rankOf(highestOf(labels)?.code) >= rankOf(label.code)),
  );
  return missing.length === 0 ? labels : [...labels, ...missing];
}

/**
 * One confidentiality, the highest: of those that are there, and R for what is restricted. N is written where another label
 * stands; a resource without any label is N, and nothing is written into it.
 */
function withOneConfidentiality(labels: readonly Coding[]): readonly Coding[] {
  if (labels.length === 0) return labels;
  const highest = highestOf(labels);
  const restricting = restrictingOf(labels);
  if (restricting !== undefined && rankOf(highest?.code) < rankOf('R'))
    return [confidentialityLabel('R', restricting), ...labels.filter((one) => !isRanked(one))];
  if (highest !== undefined)
    return labels.some((one) => one !== highest && isRanked(one)) ? only(highest, labels) : labels;
  const other = labels.find(({ system }) => system === ACT_CODE);
  return other === undefined ? labels : [confidentialityLabel('N', other), ...labels];
}

const isRanked = (label: Coding): boolean => isConfidentiality(label) && rankOf(label.code) >= 0;

const only = (highest: Coding, labels: readonly Coding[]): readonly Coding[] =>
  labels.filter((one) => one === highest || !isRanked(one));
