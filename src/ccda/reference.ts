/** The reference page of clinical documents, made from the tables that read and write them. */
import * as concepts from './concepts.ts';
import { LOSS_KINDS } from './losses.ts';
import { ENTRIES } from './read/entries/index.ts';
import { SYSTEMS } from './systems.ts';
import { DOCUMENTS, SECTIONS } from './write/templates.ts';

/** The whole page. */
export function ccdaMarkdown(): string {
  return `${[
    '# Clinical documents (C-CDA)',
    'Generated from `src/ccda` by `npm run docs`.',
    'The server reads C-CDA R1.1 to 5.0, and writes R2.1. It keeps every document as it came; what a conversion cannot carry over is a loss with its place. [Use clinical documents](../how-to/use-clinical-documents.md) shows how.',
    '## Entries that are read',
    'The server tries the rows from the top. The element, the mood and the code of an act decide; it believes a template id only beside them. What no row knows is a loss `unmapped`.',
    table(
      ['Element', 'Entry', 'Becomes'],
      ENTRIES.map(({ element, what, becomes }) => [`\`${element}\``, what, becomes]),
    ),
    '## Documents that are written',
    table(
      ['Document', 'LOINC', 'Template', 'Sections it always has', 'Sections it may have'],
      Object.entries(DOCUMENTS).map(([name, { code, template, required, optional }]) => [
        `\`${name}\``,
        code,
        `${template.root} : ${template.version ?? '–'}`,
        required.join(', '),
        optional.join(', '),
      ]),
    ),
    '## Sections that are written',
    table(
      ['Section', 'LOINC', 'Title'],
      Object.entries(SECTIONS).map(([name, { code, title }]) => [`\`${name}\``, code, title]),
    ),
    '## Codes that are other codes on the other side',
    table(['Table', 'C-CDA', 'FHIR'], codeRows()),
    '## Code systems',
    'An OID without a row is `urn:oid:` and itself, both ways. The first row of an OID or of a URI is the one that is written.',
    table(
      ['OID', 'URI'],
      SYSTEMS.map(([oid, uri]) => [oid, `\`${uri}\``]),
    ),
    '## Losses',
    table(
      ['Kind', 'Meaning'],
      Object.entries(LOSS_KINDS).map(([kind, meaning]) => [`\`${kind}\``, meaning]),
    ),
  ].join('\n\n')}\n`;
}

/** Each table of concepts by its name; those whose rows hold further tables are read backwards, and left out. */
const codeRows = (): readonly (readonly string[])[] =>
  Object.entries(concepts).flatMap(([name, codes]) =>
    Object.entries(codes as Readonly<Record<string, unknown>>).flatMap(([from, to]) =>
      typeof to === 'string' ? [[name.toLowerCase().replaceAll('_', ' '), `\`${from}\``, `\`${to}\``]] : [],
    ),
  );

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
