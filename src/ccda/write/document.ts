/**
 * A clinical document from what is to be told: C-CDA R2.1, which certified systems and IHE 360X name. Sections stand in
 * the order of the table; one that a document requires and that holds nothing says that there is no information.
 */
import { uuidOf } from '../../fhir/identifier.ts';
import type { Reference, Resource } from '../../fhir/types.ts';
import { createLosses, type Loss } from '../losses.ts';
import { writeHeader, type HeaderContent } from './header.ts';
import { privacySection } from './privacy.ts';
import { writeSection, type SectionContent } from './section.ts';
import { DOCUMENTS, SECTIONS, type SectionName } from './templates.ts';
import { element, text, type Xml } from '../../xml/elements.ts';
import { lose, type Writing } from './writing.ts';

export interface DocumentContent extends HeaderContent {
  readonly sections: readonly SectionContent[];
  /** What of the source is no part of the content. */
  readonly leftOut?: readonly { readonly at: string; readonly what: string }[];
}

export interface WriteOptions {
  /** Absolute base of the server, which makes ids of addresses. */
  readonly base: string;
  /** The resources that may be told, by reference. */
  readonly lookUp: (reference: Reference | undefined) => Resource | undefined;
  /** Resources of which each is to be told, or to be a loss. */
  readonly all?: readonly Resource[];
}

interface WrittenDocument {
  /** The document, in UTF-8. */
  readonly xml: string;
  readonly losses: readonly Loss[];
}

const ORDER = Object.keys(SECTIONS) as readonly SectionName[];

/** Writes a document. The same content gives the same bytes. */
export function writeDocument(
  content: DocumentContent,
  { base, lookUp, all = [] }: WriteOptions,
): WrittenDocument {
  const losses = createLosses('out');
  const pieces = new Map<string, number>();
  const reached = new Set<Resource | undefined>(resourcesOf(content));
  const writing: Writing = {
    losses,
    base,
    lookUp(reference) {
      const found = lookUp(reference);
      if (found !== undefined) reached.add(found);
      return found;
    },
    time: content.time,
    pieceId(kind) {
      const next = (pieces.get(kind) ?? 0) + 1;
      pieces.set(kind, next);
      return `${kind}${next}`;
    },
    actId: (what) => uuidOf(`${content.id} ${what}`).toUpperCase(),
  };
  const root = element(
    'ClinicalDocument',
    {
      xmlns: 'urn:hl7-org:v3',
      'xmlns:sdtc': 'urn:hl7-org:sdtc',
      'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    },
    writeHeader(writing, content),
    element(
      'component',
      {},
      content.file === undefined
        ? element(
            'structuredBody',
            {},
            content.notice && element('component', {}, privacySection(content.notice)),
            sectionsOf(content).map((section) => element('component', {}, writeSection(writing, section))),
          )
        : fileBody(content.file),
    ),
  );
  for (const one of all)
    if (!reached.has(one)) lose(writing, 'unmapped', one, '', 'no section of the document tells of it');
  for (const { at, what } of content.leftOut ?? []) losses.add('unmapped', at, what);
  return { xml: `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`, losses: losses.list() };
}

/** The body of an Unstructured Document. */
const fileBody = ({ mediaType, data }: NonNullable<DocumentContent['file']>): Xml =>
  element('nonXMLBody', {}, element('text', { mediaType, representation: 'B64' }, text(data)));

const resourcesOf = (content: DocumentContent): readonly (Resource | undefined)[] => [
  content.patient,
  content.custodian,
  content.order,
  content.visit,
  ...[content.author, ...content.recipients].flatMap((party) => Object.values(party)),
  ...content.sections.flatMap(({ resources }) => resources),
];

/** The sections that hold something, and those that the document requires. Never both forms of assessment and plan. */
function sectionsOf({ kind, sections }: DocumentContent): readonly SectionContent[] {
  const given = new Map<SectionName, SectionContent>();
  for (const section of sections) given.set(section.name, together(given.get(section.name), section));
  const isJoined = given.has('assessment-and-plan');
  const required = DOCUMENTS[kind].required.filter(
    (name) => !(isJoined && (name === 'assessment' || name === 'plan')),
  );
  for (const name of required) if (!given.has(name)) given.set(name, { name, resources: [] });
  if (isJoined) for (const name of ['assessment', 'plan'] as const) given.delete(name);
  return ORDER.flatMap((name) => given.get(name) ?? []);
}

/** Two sections of one name are one. */
const together = (first: SectionContent | undefined, second: SectionContent): SectionContent =>
  first === undefined
    ? second
    : {
        ...first,
        resources: [...new Set([...first.resources, ...second.resources])],
        div: `<div xmlns="http://www.w3.org/1999/xhtml">${first.div ?? ''}${second.div ?? ''}</div>`,
        words: [first.words, second.words].filter((words) => words !== undefined).join('\n'),
        labels: [...(first.labels ?? []), ...(second.labels ?? [])],
      };
