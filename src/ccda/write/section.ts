/** Sections: the narrative, and the entries that repeat what they can of it in codes. */
import { table } from '../table.ts';
import type { Coding, Resource } from '../../fhir/types.ts';
import { writerOf } from './entries/index.ts';
import { isInError, referenceAt, type Pieces, type WriteEntry } from './entries/entry.ts';
import { NO_MEDICINES } from './entries/medication.ts';
import { narrativeOf, paragraphs, tableOfEntries, toldBeside, type SaidInTable } from './narrative.ts';
import { SECTIONS, templateIds, type SectionName, type SectionRow } from './templates.ts';
import { SNOMED } from '../systems.ts';
import { code } from './values.ts';
import { element, text, type Xml } from '../../xml/elements.ts';
import { isModified, lose, within, type Writing } from './writing.ts';

const LOINC = '2.16.840.1.113883.6.1';
/** The element that has the code of a type, where it is not `code`. */
const CODES: Readonly<Record<string, string>> = table({ MedicationRequest: 'medicationCodeableConcept' });

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
  /** It is known that there is nothing to list: no allergies, no medicines. */
  readonly isNilKnown?: boolean;
  readonly labels?: readonly Coding[];
}

/** What says that there is none: a resource, where FHIR has one. */
const NIL_KNOWN: Readonly<Partial<Record<SectionName, Resource>>> = {
  problems: nilKnown('Condition', '160245001', 'No current problems or disability'),
  allergies: nilKnown('AllergyIntolerance', '716186003', 'No known allergy'),
  medications: nilKnown('MedicationRequest', NO_MEDICINES, 'No known medications'),
};

function nilKnown(resourceType: string, code: string, display: string): Resource {
  return {
    resourceType,
    id: 'none',
    [CODES[resourceType] ?? 'code']: { coding: [{ system: SNOMED, code, display }] },
  };
}

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** Words of a section that holds nothing, by the null flavor that says why. */
const EMPTY: Readonly<Record<string, string>> = table({ MSK: 'Some information is withheld.' });

const emptyWords = ({ isNilKnown = false }: SectionContent, nullFlavor: string | undefined): string =>
  EMPTY[nullFlavor ?? ''] ?? (isNilKnown ? 'None known' : 'No information');

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

/** Whether a resource, or the medicine that it refers to, is modified; a dose that does not count is no dose. */
const isChanged = (writing: Writing, resource: Resource): boolean =>
  isModified(resource) ||
  isModified(writing.lookUp(referenceAt(resource, 'medicationReference'))) ||
  resource['isSubpotent'] === true;

/** One entry. What is modified is told in words alone, and they say so: an entry has no place for the modifier. */
function writeOne(
  write: WriteEntry,
  writing: Writing,
  resource: Resource,
  pieces: Pieces,
): ReturnType<WriteEntry> {
  const told = write(within(writing, resource), resource, pieces);
  if (!isChanged(writing, resource)) return told;
  const [name = '', ...cells] = told.cells;
  lose(writing, 'unmapped', resource, 'modifierExtension', 'what changes its meaning has no place in C-CDA');
  return { entry: undefined, cells: [`${name} (changed in meaning by what is not told here)`, ...cells] };
}

/** A section with its narrative and its entries; one without content says so. */
export function writeSection(writing: Writing, content: SectionContent): Xml {
  const { name, resources, div, words, title, labels = [] } = content;
  const row = SECTIONS[name];
  const writer = writerOf(name);
  const kind = name.replaceAll('-', '');
  const nil = content.isNilKnown === true && resources.length === 0 ? NIL_KNOWN[name] : undefined;
  const written = [...resources, ...(nil === undefined ? [] : [nil])]
    .filter(isMeant(writing))
    .map((resource) => {
      const row = writing.pieceId(kind);
      const beside: SaidInTable[] = [];
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
      const told = writeOne(writer.write, writing, resource, pieces);
      if (told.entry === undefined) lose(writing, 'unmapped', resource, '', 'it is told in words alone');
      return { ...pieces, beside, ...told };
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
        ? element('paragraph', {}, text(emptyWords(content, nullFlavor)))
        : [...said, table, written.flatMap(({ beside, cells }) => toldBeside(beside, cells[0]))].flat(),
    ),
    confidentiality === undefined || confidentiality === 'N'
      ? undefined
      : code('confidentialityCode', confidentiality, '2.16.840.1.113883.5.25'),
    written.map(({ entry }) => entry),
  );
}
