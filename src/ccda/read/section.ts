/** Sections: the narrative that a person reads, and the resources of the entries beside it. */
import { table } from '../table.ts';
import type { CodeableConcept, Reference } from '../../fhir/types.ts';
import { escapeXmlText } from '../../xml/characters.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, lineOf, nullFlavorOf } from '../element.ts';
import { codeIn, readConcept } from './concept.ts';
import { actIn, LOINC_OID, type EntryContext } from './entry.ts';
import { readEntry } from './entries/index.ts';
import { labelsOfSection, type Labels } from './label.ts';
import { divOf } from './narrative.ts';
import { readAuthors } from './parties.ts';
import { lose, trimmed, urnOf, type Converted, type Reading } from './reading.ts';

/** A section of the Composition. */
export type Section = Readonly<Record<string, unknown>>;

interface SectionContext {
  readonly reading: Reading;
  readonly patient: Reference;
  readonly encounter: Reference | undefined;
  readonly labels: Labels;
}

/** The sections of the body, in their order. */
export const readSections = (context: SectionContext): readonly Section[] =>
  childrenOf(at(context.reading.document.root, 'component', 'structuredBody'), 'component').flatMap(
    (component) => {
      const section = childOf(component, 'section');
      return section === undefined ? [] : [readSection(context, section)];
    },
  );

/** Types that a section refers to: the entries themselves, not who or what they refer to. */
const ENTRY_TYPES: ReadonlySet<string> = new Set([
  'AllergyIntolerance',
  'CareTeam',
  'Condition',
  'Coverage',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'FamilyMemberHistory',
  'Goal',
  'Immunization',
  'MedicationRequest',
  'MedicationStatement',
  'Observation',
  'Procedure',
  'ServiceRequest',
]);

function readSection(context: SectionContext, section: XmlElement): Section {
  const { reading } = context;
  const { resources } = reading;
  const labels = labelsOfSection(section, context.labels);
  const before = resources.length;
  const saysNothing = readEntries({ ...context, reading }, section);
  const nested = childrenOf(section, 'component').flatMap((component) => {
    const inner = childOf(component, 'section');
    return inner === undefined ? [] : [readSection({ ...context, labels }, inner)];
  });
  const made = resources.slice(before);
  label(reading, before, labels);
  const text = childOf(section, 'text');
  const entry = made
    .filter(({ resourceType }) => ENTRY_TYPES.has(resourceType))
    .map((one) => ({ reference: urnOf(one) }));
  const title = lineOf(childOf(section, 'title'));
  const told = text === undefined ? '' : divOf(reading, text);
  const isEmpty = entry.length === 0 && nested.length === 0;
  // A section has words, entries or sections (cmp-1): of one that has none, its title is told.
  const div = hasContent(told) ? told : isEmpty ? divOfWords(title ?? 'No text.') : undefined;
  return trimmed({
    title,
    code: codeOf(reading, section),
    author: readAuthors(reading, section),
    text: div === undefined ? undefined : { status: 'generated', div },
    entry,
    emptyReason: entry.length > 0 || nested.length > 0 ? undefined : emptyReasonOf(section, saysNothing),
    section: nested,
  });
}

const divOfWords = (words: string): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml"><p>${escapeXmlText(words)}</p></div>`;

/** Whether a narrative shows anything: words, or an image. */
const hasContent = (div: string): boolean =>
  /<img /.test(div) || div.replaceAll(/<[^>]*>/g, '').trim() !== '';

/** Reads the entries; whether one of them said that there is nothing to list. */
function readEntries(context: SectionContext, section: XmlElement): boolean {
  const { reading } = context;
  const within: EntryContext = {
    reading,
    section:
      codeIn(childOf(section, 'code'), LOINC_OID) ?? attributeOf(childOf(section, 'code'), 'code') ?? '',
    patient: context.patient,
    encounter: context.encounter,
  };
  let nothing = false;
  for (const entry of childrenOf(section, 'entry')) {
    const act = actIn(entry);
    if (act === undefined) lose(reading, 'unmapped', entry, 'the entry holds no act');
    else if (readEntry(within, act) === 'nothing-taken') nothing = true;
  }
  return nothing;
}

function codeOf(reading: Reading, section: XmlElement): CodeableConcept | undefined {
  return readConcept(reading, childOf(section, 'code'));
}

const EMPTY_REASON = 'http://terminology.hl7.org/CodeSystem/list-empty-reason';

/** Why a section has no entries, by its null flavor or by what its entry says. */
const REASONS: Readonly<Record<string, string>> = table({
  NI: 'unavailable',
  UNK: 'unavailable',
  NA: 'unavailable',
  NAV: 'unavailable',
  NASK: 'notasked',
  ASKU: 'unavailable',
  MSK: 'withheld',
});

function emptyReasonOf(section: XmlElement, saysNothing: boolean): CodeableConcept | undefined {
  const nullFlavor = nullFlavorOf(section);
  const code = saysNothing ? 'nilknown' : nullFlavor === undefined ? undefined : REASONS[nullFlavor];
  return code === undefined ? undefined : { coding: [{ system: EMPTY_REASON, code }] };
}

/** Labels what a section made, where there is something to label it with. */
function label({ resources }: Reading, from: number, labels: Labels): void {
  if (labels.length === 0) return;
  for (let index = from; index < resources.length; index += 1) {
    const one = resources[index];
    if (one !== undefined && one.meta?.security === undefined)
      resources[index] = { ...one, meta: { ...one.meta, security: [...labels] } } satisfies Converted;
  }
}
