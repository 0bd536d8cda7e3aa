/**
 * Where a resource says by a statement of 42 CFR 2.32, of any edition, that it is content of Part 2 (compliance P33): in the
 * text of a message, or in a section of a document.
 */
import type { CodeableConcept, Communication, Composition, Resource } from '../../fhir/types.ts';
import { recognizesStatement } from './statements.ts';

/** Whether a resource says so itself. What says it in `meta` is read when that is taken out. */
export function saysPart2(resource: Resource): boolean {
  if (resource.resourceType === 'Communication') return wordsOfMessage(resource).some(recognizesStatement);
  return resource.resourceType === 'Composition' && wordsOfSections(resource).some(recognizesStatement);
}

const wordsOfMessage = (resource: Resource): readonly string[] =>
  ((resource as unknown as Communication).payload ?? []).flatMap(({ contentString }) => contentString ?? []); // validated

type Section = NonNullable<Composition['section']>[number];

function wordsOfSections(composition: Resource): readonly string[] {
  const { section = [] } = composition as unknown as Composition; // validated structure
  return section.flatMap(wordsOfSection);
}

const wordsOfSection = ({ text, section = [] }: Section): readonly string[] => [
  (text?.div ?? '').replaceAll(/<[^>]*>/g, ' '),
  ...section.flatMap(wordsOfSection),
];

/** The message that goes with others as their notice. */
export const isNoticeMessage = (resource: Resource): boolean =>
  resource.resourceType === 'Communication' &&
  ((resource['category'] ?? []) as readonly CodeableConcept[]).some(isNoticeCategory) &&
  saysPart2(resource);

const isNoticeCategory = ({ coding = [] }: CodeableConcept): boolean =>
  coding.some(
    ({ system, code }) =>
      system === 'https://closeloop.dev/fhir/CodeSystem/message-content' && code === 'notice',
  );
