/** The narrative of a section: what was written for people, and a table of the entries beside it. */
import type { XmlElement, XmlNode } from '../../xml/tree.ts';
import { parseXml } from '../../xml/tree.ts';
import { element, text, type Xml } from './xml.ts';

/** The element of the narrative block that an element of XHTML becomes. */
const TAGS: Readonly<Record<string, string>> = {
  p: 'paragraph',
  h1: 'paragraph',
  h2: 'paragraph',
  h3: 'paragraph',
  h4: 'paragraph',
  h5: 'paragraph',
  h6: 'paragraph',
  blockquote: 'paragraph',
  pre: 'paragraph',
  br: 'br',
  sub: 'sub',
  sup: 'sup',
  table: 'table',
  thead: 'thead',
  tbody: 'tbody',
  tfoot: 'tfoot',
  tr: 'tr',
  td: 'td',
  th: 'th',
  caption: 'caption',
  li: 'item',
};

const STYLES: Readonly<Record<string, string>> = {
  b: 'Bold',
  strong: 'Bold',
  i: 'Italics',
  em: 'Italics',
  u: 'Underline',
};
/** Elements that only hold others. */
const GROUPS: ReadonlySet<string> = new Set([
  'div',
  'section',
  'article',
  'header',
  'footer',
  'main',
  'address',
]);
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
  'blockquote',
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
    const inner = run.map(inline);
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
  if (node.name === 'dl')
    return blocks(
      node.children
        .filter((child) => typeof child !== 'string')
        .map((child): XmlElement => ({ ...child, name: 'p' })),
    );
  if (node.name === 'table') return [tableOf(node)];
  const inner = node.children.map(inline);
  return inner.join('').trim() === '' ? [] : [element('paragraph', {}, inner)];
}

function listOf(node: XmlElement): Xml {
  const items = node.children
    .filter((child) => typeof child !== 'string')
    .map((child) => element('item', {}, flow(child)));
  return element(
    'list',
    { listType: node.name === 'ol' ? 'ordered' : 'unordered' },
    items.length === 0 ? element('item') : items,
  );
}

/** What an item or a cell holds: words, and lists or tables among them. */
const flow = (node: XmlElement): readonly Xml[] =>
  node.children.flatMap((child) =>
    typeof child === 'string'
      ? text(child)
      : BLOCKS.has(child.name) && !GROUPS.has(child.name)
        ? block(child)
        : GROUPS.has(child.name)
          ? flow(child)
          : inline(child),
  );

/** A table whose rows are in a body, as CDA asks. */
function tableOf(node: XmlElement): Xml {
  const parts = node.children.filter((child): child is XmlElement => typeof child !== 'string');
  const rows = parts.filter(({ name }) => name === 'tr');
  const groups = parts.filter(({ name }) => name === 'thead' || name === 'tbody' || name === 'tfoot');
  const caption = parts.find(({ name }) => name === 'caption');
  const written = groups
    .filter(({ name }) => name !== 'tfoot')
    .map((group) => element(group.name, {}, rowsOf(group)));
  const feet = groups
    .filter(({ name }) => name === 'tfoot')
    .map((group) => element('tbody', {}, rowsOf(group)));
  const loose = rows.length === 0 ? [] : [element('tbody', {}, rows.map(rowOf))];
  return element(
    'table',
    {},
    caption === undefined ? undefined : element('caption', {}, caption.children.map(inline)),
    written,
    loose,
    feet,
  );
}

const rowsOf = (group: XmlElement): readonly Xml[] =>
  group.children
    .filter((child): child is XmlElement => typeof child !== 'string' && child.name === 'tr')
    .map(rowOf);

const rowOf = (row: XmlElement): Xml =>
  element(
    'tr',
    {},
    row.children
      .filter(
        (child): child is XmlElement =>
          typeof child !== 'string' && (child.name === 'td' || child.name === 'th'),
      )
      .map((cell) => element(cell.name, spans(cell), flow(cell))),
  );

const spans = ({ attributes }: XmlElement): Readonly<Record<string, string | undefined>> => ({
  colspan: /^[1-9]\d{0,2}$/.test(attributes['colspan'] ?? '') ? attributes['colspan'] : undefined,
  rowspan: /^[1-9]\d{0,2}$/.test(attributes['rowspan'] ?? '') ? attributes['rowspan'] : undefined,
});

/** Words within a line. */
function inline(node: XmlNode): Xml {
  if (typeof node === 'string') return text(node);
  const { name, children, attributes } = node;
  if (name === 'br') return element('br');
  if (name === 'img') return text(attributes['alt'] ?? '');
  const inner = ROWS.has(name)
    ? children.filter((child) => typeof child !== 'string').map(inline)
    : children.map(inline);
  if (name === 'a') return element('linkHtml', linkOf(attributes['href']), inner);
  if (name === 'sub' || name === 'sup') return element(name, {}, inner);
  if (TAGS[name] !== undefined || inner.length === 0) return element('content', {}, inner);
  return element('content', { styleCode: STYLES[name] }, inner);
}

const linkOf = (href: string | undefined): Readonly<Record<string, string | undefined>> => ({
  href: href !== undefined && /^(?:https?:\/\/|mailto:)/i.test(href) ? href : undefined,
});

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
            element('td', { ID: index === 0 ? name : `${row}c${index + 1}` }, text(cells[index] ?? '')),
          ),
        ),
      ),
    ),
  );
}
