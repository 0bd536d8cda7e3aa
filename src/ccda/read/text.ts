/** Narrative that entries refer to, as plain text. */
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, childOf, elementsOf, lineOf } from '../element.ts';
import { copied, lose, type Reading } from './reading.ts';

/** Elements of the narrative behind which a line, or a cell, ends. */
const LINES: ReadonlySet<string> = new Set(['br', 'paragraph', 'item', 'tr', 'list', 'table', 'caption']);
const CELLS: ReadonlySet<string> = new Set(['td', 'th']);

/** The text of a piece of narrative: its cells and lines apart, blanks joined. */
export function narrativeText(element: XmlElement): string {
  let text = '';
  const walk = (part: XmlElement): void => {
    for (const node of part.children) {
      if (typeof node === 'string') text += node.replaceAll(/\s+/g, ' ');
      else if (node.name !== 'footnote') walk(node);
    }
    if (LINES.has(part.name)) text += '\n';
    else if (CELLS.has(part.name)) text += ' ';
  };
  walk(element);
  return text
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
}

/** The text of a table's row, each cell behind the heading of its column. */
function rowText(reading: Reading, row: XmlElement): string | undefined {
  let table = reading.document.parentOf(row);
  while (table !== undefined && table.name !== 'table') table = reading.document.parentOf(table);
  const heads = table === undefined ? [] : headingsOf(table);
  const cells = elementsOf(row).map((cell, index) => {
    const head = heads[index];
    const text = narrativeText(cell).replaceAll('\n', ' ');
    return head === undefined || head === '' ? text : `${head}: ${text}`;
  });
  const text = cells.filter((cell) => !/^(?:[^:]*: )?$/.test(cell)).join('; ');
  return text === '' ? undefined : text;
}

const HEADINGS = new WeakMap<XmlElement, readonly string[]>();

/** The headings of a table's columns, which all its rows share. */
function headingsOf(table: XmlElement): readonly string[] {
  const known = HEADINGS.get(table);
  if (known !== undefined) return known;
  const row = childOf(childOf(table, 'thead'), 'tr');
  const headings =
    row === undefined ? [] : elementsOf(row).map((cell) => narrativeText(cell).replaceAll('\n', ' '));
  HEADINGS.set(table, headings);
  return headings;
}

/**
 * The text that an element holds or refers to: of `originalText`, `text`, or a value of type ED. A reference to a piece
 * of narrative that is not there is a loss, never an error.
 */
export function readText(reading: Reading, element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  const reference = childOf(element, 'reference');
  const target = attributeOf(reference, 'value');
  const own = lineOf(element);
  if (reference === undefined || target === undefined) return own;
  const piece = reading.document.narrativeOf(target.replace(/^#/, ''));
  if (piece === undefined) {
    lose(reading, 'unresolved', reference, 'refers to a piece of narrative that is not in the document');
    return own;
  }
  const text = copied(reading, element, () =>
    piece.name === 'tr' ? rowText(reading, piece) : narrativeText(piece),
  );
  return text === undefined || text === '' ? own : text;
}
