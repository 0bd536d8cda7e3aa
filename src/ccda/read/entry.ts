/** What the readers of entries share: where an act stands, who wrote it, what stands beside it. */
import type { Annotation, Identifier, Narrative, Reference } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, elementsOf, hasTemplate, isNegated } from '../element.ts';
import { codeIn } from './concept.ts';
import { readIdentifiers } from './identifier.ts';
import { fragmentOf } from './narrative.ts';
import { readAuthors } from './parties.ts';
import { copied, lose, type Reading } from './reading.ts';
import { narrativeText, readText } from './text.ts';
import { readTime } from './time.ts';

/** The arc of the templates of Consolidated CDA. */
export const TEMPLATES = '2.16.840.1.113883.10.20.22';
export const LOINC_OID = '2.16.840.1.113883.6.1';
export const SNOMED_OID = '2.16.840.1.113883.6.96';
export const ACT_CODE_OID = '2.16.840.1.113883.5.4';

/** What an entry is read with. */
export interface EntryContext {
  readonly reading: Reading;
  /** LOINC of the section around it; empty where the section has none. */
  readonly section: string;
  readonly patient: Reference;
  /** The visit that the document is of. */
  readonly encounter: Reference | undefined;
}

/** An act beside another one: how it belongs to it, and the act itself. */
export interface Related {
  readonly type: string;
  readonly element: XmlElement;
  readonly act: XmlElement;
}

const ACTS: ReadonlySet<string> = new Set([
  'act',
  'encounter',
  'observation',
  'observationMedia',
  'organizer',
  'procedure',
  'regionOfInterest',
  'substanceAdministration',
  'supply',
]);

/** The act that an entry, a component or a relationship holds. */
export const actIn = (element: XmlElement): XmlElement | undefined =>
  elementsOf(element).find(({ name }) => ACTS.has(name));

/** The acts beside an act. A reader takes those it knows; what is left is lost. */
export const relatedOf = (act: XmlElement): Related[] =>
  childrenOf(act, 'entryRelationship').flatMap((element) => {
    const inner = actIn(element);
    return inner === undefined ? [] : [{ type: attributeOf(element, 'typeCode') ?? '', element, act: inner }];
  });

/**
 * Takes those that a test knows out of a list, and gives their acts. What is denied, or void, says nothing of the act that
 * it stands beside: it is left.
 */
export const take = (related: Related[], test: (one: Related) => boolean): readonly XmlElement[] =>
  takeAll(
    related,
    (one) => test(one) && !isNegated(one.act) && !isNegated(one.element) && statusOf(one.act) !== 'nullified',
  );

/** Takes those that a test knows, the denied ones too, for a reader that reads what they deny. */
export function takeAll(related: Related[], test: (one: Related) => boolean): readonly XmlElement[] {
  const taken = related.filter(test);
  for (const one of taken) related.splice(related.indexOf(one), 1);
  return taken.map(({ act }) => act);
}

/** Whether an act has a template, or a code of LOINC. */
export const isKind = (act: XmlElement, template: string, loinc?: string): boolean =>
  hasTemplate(act, `${TEMPLATES}.${template}`) ||
  (loinc !== undefined && codeIn(childOf(act, 'code'), LOINC_OID) === loinc);

export function loseRest(reading: Reading, related: readonly Related[]): void {
  for (const { element } of related)
    lose(reading, 'unmapped', element, 'what stands beside the entry has no place in the resource');
}

/** What every resource of an entry has: its identifiers, and the narrative that the entry refers to. */
interface Common {
  readonly identifier: readonly Identifier[];
  readonly text: Narrative | undefined;
}

export function commonOf(reading: Reading, act: XmlElement): Common {
  return { identifier: readIdentifiers(reading, act), text: narrativeOf(reading, act) };
}

function narrativeOf(reading: Reading, act: XmlElement): Narrative | undefined {
  const target = attributeOf(at(act, 'text', 'reference'), 'value')?.replace(/^#/, '');
  const piece = target === undefined ? undefined : reading.document.narrativeOf(target);
  if (piece === undefined) return undefined;
  // A narrative without words is none in FHIR.
  const div = copied(reading, act, () =>
    narrativeText(piece) === '' ? undefined : fragmentOf(reading, piece),
  );
  return div === undefined ? undefined : { status: 'additional', div };
}

/** Who wrote an act last, and when it was written first. */
export function authorshipOf(
  reading: Reading,
  act: XmlElement,
): { readonly author: Reference | undefined; readonly recorded: string | undefined } {
  const times = childrenOf(act, 'author').flatMap(
    (author) => readTime(reading, childOf(author, 'time')) ?? [],
  );
  return { author: readAuthors(reading, act).at(-1), recorded: times.toSorted()[0] };
}

/** Comments beside an act. */
export const notesOf = (reading: Reading, related: Related[]): readonly Annotation[] =>
  take(related, ({ act }) => isKind(act, '4.64', '48767-8')).flatMap((act) => {
    const text = readText(reading, childOf(act, 'text'));
    return text === undefined ? [] : [{ text }];
  });

/** The code of an act's status, in lower case. */
export const statusOf = (act: XmlElement): string =>
  attributeOf(childOf(act, 'statusCode'), 'code')?.toLowerCase() ?? '';

/** The mood of an act: EVN happened or is so, the others are meant to. */
export const moodOf = (act: XmlElement): string => attributeOf(act, 'moodCode')?.toUpperCase() ?? 'EVN';

/** Whether an act tells of what is meant to be, not of what was. */
export const isMeant = (act: XmlElement): boolean => /^(?:INT|ARQ|PRMS|PRP|RQO|APT|GOL)$/.test(moodOf(act));
