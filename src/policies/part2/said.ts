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

/** The message that goes with others as their notice, also where the server holds it for health information. */
export const isNoticeMessage = (resource: Resource): boolean =>
  resource.resourceType === 'Communication' &&
  (((resource['category'] ?? []) as readonly CodeableConcept[]).some(isNoticeCategory) ||
    ((resource['extension'] ?? []) as readonly Decision[]).some(isDeclaredNotice)) &&
  saysPart2(resource);

/** What the server decided of the content of a message, with the word of its sender. */
interface Decision {
  readonly url?: string;
  readonly extension?: readonly { readonly url?: string; readonly valueCode?: string }[];
}

const isDeclaredNotice = ({ url, extension = [] }: Decision): boolean =>
  url === 'https://closeloop.dev/fhir/StructureDefinition/content-decision' &&
  extension.some((part) => part.url === 'declared' && part.valueCode === 'notice');

const isNoticeCategory = ({ coding = [] }: CodeableConcept): boolean =>
  coding.some(
    ({ system, code }) =>
      system === 'https://closeloop.dev/fhir/CodeSystem/message-content' && code === 'notice',
  );
