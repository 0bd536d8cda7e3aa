/** Sections: the narrative, and the entries that repeat what they can of it in codes. */
import type { Coding, Resource } from '../../fhir/types.ts';
import { writerOf } from './entries/index.ts';
import { isInError, type Pieces } from './entries/entry.ts';
import { narrativeOf, paragraphs, tableOfEntries, toldBeside, type Told } from './narrative.ts';
import { SECTIONS, templateIds, type SectionName, type SectionRow } from './templates.ts';
import { code } from './values.ts';
import { element, text, type Xml } from './xml.ts';
import { lose, type Writing } from './writing.ts';

/** What a section holds. */
export interface SectionContent {
  readonly name: SectionName;
  readonly resources: readonly Resource[];
  /** Words that a person wrote: XHTML (a `div`), or plain text. */
  readonly div?: string | undefined;
  readonly words?: string | undefined;
  readonly title?: string | undefined;
  /** Why it holds nothing, where it does: a null flavor. */
  readonly nullFlavor?: string | undefined;
  readonly labels?: readonly Coding[];
}

const LOINC = '2.16.840.1.113883.6.1';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** Words of a section that holds nothing, by the null flavor that says why. */
const EMPTY: Readonly<Record<string, string>> = { MSK: 'Some information is withheld.' };

/** Sections of two templates: the first of them requires entries. */
const requiresEntries = ({ templates }: SectionRow): boolean => templates.length > 1;

/** What was entered in error is no part of the story. */
const isMeant =
  (writing: Writing) =>
  (resource: Resource): boolean => {
    if (!isInError(resource)) return true;
    lose(writing, 'unmapped', resource, '', 'it was entered in error');
    return false;
  };

/** A section with its narrative and its entries; one without content says so. */
export function writeSection(writing: Writing, content: SectionContent): Xml {
  const { name, resources, div, words, title, labels = [] } = content;
  const row = SECTIONS[name];
  const writer = writerOf(name);
  const kind = name.replaceAll('-', '');
  const written = resources.filter(isMeant(writing)).map((resource) => {
    const row = writing.pieceId(kind);
    const beside: Told[] = [];
    const pieces: Pieces = {
      row,
      name: `${row}n`,
      tell(words) {
        const id = `${row}m${beside.length + 1}`;
        beside.push({ id, words });
        return id;
      },
    };
    if (writer === undefined) {
      lose(writing, 'unmapped', resource, '', 'a section of narrative alone has no entries');
      return { ...pieces, beside, entry: undefined, cells: [] };
    }
    return { ...pieces, beside, ...writer.write(writing, resource, pieces) };
  });
  const table = writer === undefined ? undefined : tableOfEntries(writer.columns, written);
  const said = div === undefined ? paragraphs(words ?? '') : narrativeOf(div);
  const isEmpty = said.length === 0 && table === undefined;
  const hasEntries = written.some(({ entry }) => entry !== undefined);
  // A template that requires entries says so where there are none, even beside words.
  const nullFlavor =
    isEmpty || (!hasEntries && requiresEntries(row)) ? (content.nullFlavor ?? 'NI') : undefined;
  const confidentiality = labels.find(({ system }) => system === CONFIDENTIALITY)?.code;
  return element(
    'section',
    { nullFlavor },
    templateIds(...row.templates),
    code('code', row.code, LOINC, row.display),
    element('title', {}, text(title ?? row.title)),
    element(
      'text',
      {},
      isEmpty
        ? element('paragraph', {}, text(EMPTY[nullFlavor ?? ''] ?? 'No information'))
        : [...said, table, written.flatMap(({ beside, cells }) => toldBeside(beside, cells[0]))].flat(),
    ),
    confidentiality === undefined || confidentiality === 'N'
      ? undefined
      : code('confidentialityCode', confidentiality, '2.16.840.1.113883.5.25'),
    written.map(({ entry }) => entry),
  );
}
