/** The narrative of a section: what was written for people, and a table of the entries beside it. */
import { table } from '../table.ts';
import type { XmlElement, XmlNode } from '../../xml/tree.ts';
import { parseXml } from '../../xml/tree.ts';
import { element, text, type Xml } from '../../xml/elements.ts';

const STYLES: Readonly<Record<string, string>> = table({
  b: 'Bold',
  strong: 'Bold',
  i: 'Italics',
  em: 'Italics',
  u: 'Underline',
});
/** Elements that only hold others. */
const GROUPS: ReadonlySet<string> = new Set([
  'div',
  'section',
  'article',
  'header',
  'footer',
  'main',
  'address',
  'blockquote',
]);
/** Elements behind which words begin anew. */
const PARTS: ReadonlySet<string> = new Set(['li', 'tr', 'dt', 'dd', 'caption']);
/** Elements whose children are elements alone: text between them is layout. */
const ROWS: ReadonlySet<string> = new Set(['table', 'thead', 'tbody', 'tfoot', 'tr', 'ul', 'ol', 'dl']);
/** Elements that may stand only in a flow, not in a paragraph. */
const BLOCKS: ReadonlySet<string> = new Set([
  'p',
  'table',
  'ul',
  'ol',
  'dl',
  'div',
  'pre',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
]);

const NARRATIVE_LIMITS = { bytes: Number.POSITIVE_INFINITY, elements: 100_000, depth: 128 };

/** The narrative of a FHIR text (`div`); undefined where it cannot be read, or says nothing. */
export function narrativeOf(div: string | undefined): readonly Xml[] {
  if (div === undefined) return [];
  const root = parseXml(div, NARRATIVE_LIMITS);
  return blocks(root.children);
}

/** Text among blocks stands in paragraphs of its own. */
function blocks(nodes: readonly XmlNode[]): readonly Xml[] {
  const out: Xml[] = [];
  let run: XmlNode[] = [];
  const flush = (): void => {
    const inner = run.flatMap(inline);
    if (inner.join('').trim() !== '') out.push(element('paragraph', {}, inner));
    run = [];
  };
  for (const node of nodes) {
    if (typeof node !== 'string' && (BLOCKS.has(node.name) || GROUPS.has(node.name))) {
      flush();
      out.push(...block(node));
    } else run.push(node);
  }
  flush();
  return out;
}

function block(node: XmlElement): readonly Xml[] {
  if (GROUPS.has(node.name)) return blocks(node.children);
  if (node.name === 'ul' || node.name === 'ol') return [listOf(node)];
  if (node.name === 'dl') return node.children.filter(isElement).flatMap(({ children }) => blocks(children));
  if (node.name === 'table') return [tableOf(node) ?? []].flat();
  const inner = node.name === 'pre' ? linesOf(plainOfLines(node)) : node.children.flatMap(inline);
  return inner.join('').trim() === '' ? [] : [element('paragraph', {}, inner)];
}

function listOf(node: XmlElement): Xml {
  const items = node.children.filter(isElement).map((child) => element('item', {}, flow(child)));
  return element(
    'list',
    { listType: node.name === 'ol' ? 'ordered' : 'unordered' },
    items.length === 0 ? element('item') : items,
  );
}

/** What an item or a cell holds: words, and lists or tables among them. */
const flow = (node: XmlElement): readonly Xml[] =>
  node.children.flatMap((child) => {
    if (typeof child === 'string') return text(child);
    if (GROUPS.has(child.name)) return flow(child);
    return BLOCKS.has(child.name) ? block(child) : inline(child);
  });

/** What a cell holds. CDA has no tables in cells: the rows of one are a list. */
const cellFlow = (node: XmlElement): readonly Xml[] =>
  node.children.flatMap((child) => {
    if (typeof child === 'string') return text(child);
    if (GROUPS.has(child.name)) return cellFlow(child);
    if (child.name !== 'table') return BLOCKS.has(child.name) ? block(child) : inline(child);
    const items = elementsNamed(child, /^tr$/).map((row) => element('item', {}, text(plainOf(row))));
    return items.length === 0 ? [] : [element('list', { listType: 'unordered' }, items)];
  });

/** The descendants of some names, the outermost of each branch. */
const elementsNamed = (node: XmlElement, names: RegExp): readonly XmlElement[] =>
  node.children.flatMap((child) =>
    typeof child === 'string' ? [] : names.test(child.name) ? [child] : elementsNamed(child, names),
  );

/** The words of an element, those of its parts apart. */
const plainOf = (node: XmlElement): string =>
  node.children
    .map((child) => (typeof child === 'string' ? child : ` ${plainOf(child)} `))
    .join('')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Preformatted words, whose lines are lines. */
const plainOfLines = (node: XmlElement): string =>
  node.children.map((child) => (typeof child === 'string' ? child : plainOfLines(child))).join('');

/** A table: a head and bodies with rows, as CDA asks; undefined without a row. */
function tableOf(node: XmlElement): Xml | undefined {
  const parts = node.children.filter(isElement);
  const caption = parts.find(({ name }) => name === 'caption');
  const groups = parts.filter(({ name }) => /^(?:thead|tbody|tfoot)$/.test(name));
  const [head, ...heads] = groups.filter(({ name }) => name === 'thead').map(rowsOf);
  const bodies = [
    ...heads,
    ...groups.filter(({ name }) => name === 'tbody').map(rowsOf),
    rowsOf(node),
    ...groups.filter(({ name }) => name === 'tfoot').map(rowsOf),
  ].filter((rows) => rows.length > 0);
  // A head alone is a body.
  const [thead, tbodies] = bodies.length === 0 ? [undefined, [head ?? []]] : [head, bodies];
  if (tbodies.every((rows) => rows.length === 0)) return undefined;
  return element(
    'table',
    {},
    caption === undefined ? undefined : element('caption', {}, text(plainOf(caption))),
    thead === undefined || thead.length === 0 ? undefined : element('thead', {}, thead),
    tbodies.map((rows) => element('tbody', {}, rows)),
  );
}

const isElement = (node: XmlNode): node is XmlElement => typeof node !== 'string';

const rowsOf = (group: XmlElement): readonly Xml[] =>
  group.children.filter(isElement).flatMap((row) => {
    const cells = row.children.filter(isElement).filter(({ name }) => name === 'td' || name === 'th');
    if (row.name !== 'tr' || cells.length === 0) return [];
    return [
      element(
        'tr',
        {},
        cells.map((cell) => element(cell.name, spans(cell), cellFlow(cell))),
      ),
    ];
  });

const spans = ({ attributes }: XmlElement): Readonly<Record<string, string | undefined>> => ({
  colspan: /^[1-9]\d{0,2}$/.test(attributes['colspan'] ?? '') ? attributes['colspan'] : undefined,
  rowspan: /^[1-9]\d{0,2}$/.test(attributes['rowspan'] ?? '') ? attributes['rowspan'] : undefined,
});

/** Words within a line. */
function inline(node: XmlNode): readonly Xml[] {
  if (typeof node === 'string') return [text(node)];
  const { name, children, attributes } = node;
  if (name === 'br') return [element('br')];
  if (name === 'img') return [text(attributes['alt'] ?? '')];
  if (name === 'a') return [element('linkHtml', linkOf(attributes['href']), text(plainOf(node)))];
  if (name === 'sub' || name === 'sup') return [element(name, {}, text(plainOf(node)))];
  const inner = (ROWS.has(name) ? children.filter(isElement) : children).flatMap(inline);
  const content = element('content', { styleCode: STYLES[name] }, inner);
  return PARTS.has(name) || BLOCKS.has(name) || GROUPS.has(name) ? [content, element('br')] : [content];
}

const linkOf = (href: string | undefined): Readonly<Record<string, string | undefined>> => ({
  href: href !== undefined && /^(?:https?:\/\/|mailto:)/i.test(href) ? href : undefined,
});

/** Words that an entry refers to, beside its row. */
export interface SaidInTable {
  readonly id: string;
  readonly words: string;
}

/** Words that belong to a row, each piece behind the name of what it is about. */
export const toldBeside = (pieces: readonly SaidInTable[], name: string | undefined): readonly Xml[] =>
  pieces.map(({ id, words }) =>
    element(
      'paragraph',
      {},
      name === undefined || name === ''
        ? undefined
        : element('content', { styleCode: 'Italics' }, text(`${name}: `)),
      element('content', { ID: id }, linesOf(words)),
    ),
  );

const linesOf = (words: string): readonly Xml[] =>
  words.split(/\r?\n/).flatMap((line, index) => (index === 0 ? [text(line)] : [element('br'), text(line)]));

/** Plain words, each line a paragraph. */
export const paragraphs = (words: string): readonly Xml[] =>
  words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => element('paragraph', {}, text(line)));

/** The table of a section's entries: a row each, with the ids that entries refer to. */
export function tableOfEntries(
  columns: readonly string[],
  rows: readonly { readonly row: string; readonly name: string; readonly cells: readonly string[] }[],
): Xml | undefined {
  if (rows.length === 0) return undefined;
  return element(
    'table',
    {},
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        columns.map((column) => element('th', {}, text(column))),
      ),
    ),
    element(
      'tbody',
      {},
      rows.map(({ row, name, cells }) =>
        element(
          'tr',
          { ID: row },
          columns.map((_column, index) =>
            element('td', { ID: index === 0 ? name : `${row}c${index + 1}` }, linesOf(cells[index] ?? '')),
          ),
        ),
      ),
    ),
  );
}
