/**
 * The label of a record of 42 CFR Part 2 (compliance P2, P3): it follows from the source, never from a code. It names the
 * organizations whose words the record holds; what comes back to them is no disclosure.
 */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { LABEL_SOURCE, sourcesIn } from '../guards/marks.ts';
import { COUNSELING_LABEL, PART_2 } from '../facts.ts';
import { ACT_CODE } from './confidentiality.ts';
import { labelBecauseOf } from './label.ts';
import { isSameLabel } from './lowered.ts';

/** Why the server says so: who said it is a program. */
const PROGRAM: Coding = { system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'part2-program' };
const NOTES: Coding = { system: ACT_CODE, code: 'PSYTHPN' };
const PERSIST: Coding = { system: ACT_CODE, code: 'PERSISTLABEL' };
const NO_REDISCLOSURE: Coding = { system: ACT_CODE, code: 'NORDSCLCD' };

export interface Part2Source {
  readonly sources: readonly Ref[];
  /** Who holds it did not receive it under a consent for treatment, payment and operations (compliance P30). */
  readonly mayNotGoFurther?: boolean;
  /** Whether what is of this type is in the directory, and so never one of Part 2. */
  readonly isDirectory?: (type: string) => boolean;
}

/** The labels with those of Part 2, naming these sources beside the ones that they name. The same list when it has them all. */
export function withPart2(
  labels: readonly Coding[],
  { sources, mayNotGoFurther }: Part2Source,
): readonly Coding[] {
  const known = labels.find((label) => isSameLabel(label, PART_2));
  const named = new Set(known === undefined ? [] : sourcesIn(known));
  const missing = sources.filter((source) => !named.has(source));
  const more = [
    ...(known === undefined ? [withSources(labelBecauseOf(PART_2, PROGRAM), missing)] : []),
    ...(!has(labels, COUNSELING_LABEL) || has(labels, NOTES)
      ? []
      : [labelBecauseOf(NOTES, COUNSELING_LABEL)]),
    ...(has(labels, PERSIST) ? [] : [labelBecauseOf(PERSIST, PART_2)]),
    ...(mayNotGoFurther !== true || has(labels, NO_REDISCLOSURE)
      ? []
      : [labelBecauseOf(NO_REDISCLOSURE, PART_2)]),
  ];
  const stood =
    known === undefined || missing.length === 0
      ? labels
      : labels.map((label) => (label === known ? withSources(label, missing) : label));
  return more.length === 0 ? stood : [...stood, ...more];
}

const has = (labels: readonly Coding[], one: Coding): boolean =>
  labels.some((label) => isSameLabel(label, one));

const withSources = ({ extension = [], ...label }: Coding, sources: readonly Ref[]): Coding => ({
  ...label,
  extension: [
    ...extension,
    ...sources.map((reference) => ({ url: LABEL_SOURCE, valueReference: { reference } })),
  ],
});

/** The sources that the labels of a version name. */
export const part2SourcesIn = (labels: readonly Coding[] = []): readonly Ref[] =>
  labels.filter((label) => isSameLabel(label, PART_2)).flatMap(sourcesIn);

/** By which elements a resource names whom it is about. */
const ABOUT = ['subject', 'patient', 'for', 'beneficiary', 'individual'] as const;

const isAboutPerson = (resource: Resource): boolean =>
  resource.resourceType === 'Patient' ||
  resource.resourceType === 'Appointment' ||
  ABOUT.some((element) => typeof resource[element] === 'object');

/**
 * Which members of a program's Bundle are its records: those about a person. Where none names one, all that are not in the
 * directory: whom a program's words are about need not stand among them.
 */
export function recordsAmong(
  members: readonly (Resource | undefined)[],
  part2: Part2Source | undefined,
): (member: Resource) => boolean {
  if (members.some((member) => member !== undefined && isAboutPerson(member))) return isAboutPerson;
  return ({ resourceType }) => part2?.isDirectory?.(resourceType) !== true;
}
