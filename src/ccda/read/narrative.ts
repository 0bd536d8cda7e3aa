/** The narrative of CDA as XHTML that FHIR allows, and nothing else: what it does not know becomes its text. */
import { table } from '../table.ts';
import { escapeXmlText } from '../../xml/characters.ts';
import { attributeOf, base64Of, childOf, childrenOf, elementsOf } from '../element.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { lose, type Reading } from './reading.ts';

/** The element of XHTML that an element of the narrative block becomes. */
const TAGS: Readonly<Record<string, string>> = table({
  content: 'span',
  paragraph: 'p',
  item: 'li',
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
  col: 'col',
  colgroup: 'colgroup',
  caption: 'caption',
  footnote: 'span',
  footnoteRef: 'span',
});

/** Elements of XHTML that have no content. */
const EMPTY: ReadonlySet<string> = new Set(['br', 'col']);

/** Styles that have an element of their own; any other is a class. */
const STYLES: Readonly<Record<string, string>> = table({ Bold: 'b', Italics: 'i' });

/** Layout that is kept, with the values it may have. */
const LAYOUT: Readonly<Record<string, RegExp>> = table({
  colspan: /^[1-9]\d{0,2}$/,
  rowspan: /^[1-9]\d{0,2}$/,
  align: /^(?:left|center|right|justify|char)$/,
  valign: /^(?:top|middle|bottom|baseline)$/,
});

const ID = /^[A-Za-z][\w.-]{0,63}$/;
/** Addresses that a reader may follow. */
const LINK = /^(?:https?:\/\/|mailto:)[^\s<>"']+$/i;
const IMAGES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif']);

/** A piece of narrative (the `text` of a section, or what an entry refers to) as the `div` of a FHIR narrative. */
export const divOf = (reading: Reading, element: XmlElement): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml">${contentOf(reading, element) || '<p></p>'}</div>`;

/** One element with what it holds, for a piece of narrative that an entry refers to. Its images stay in the section. */
export function fragmentOf(reading: Reading, element: XmlElement): string {
  const wordsOnly: Reading = { ...reading, images: undefined };
  return element.name === 'tr' || element.name === 'td' || element.name === 'th'
    ? `<div xmlns="http://www.w3.org/1999/xhtml"><table><tbody>${
        element.name === 'tr' ? htmlOf(wordsOnly, element) : `<tr>${htmlOf(wordsOnly, element)}</tr>`
      }</tbody></table></div>`
    : element.name === 'item'
      ? divOf(wordsOnly, element)
      : `<div xmlns="http://www.w3.org/1999/xhtml">${htmlOf(wordsOnly, element)}</div>`;
}

const contentOf = (reading: Reading, element: XmlElement): string =>
  element.children
    .map((node) => (typeof node === 'string' ? escapeXmlText(node) : htmlOf(reading, node)))
    .join('');

function htmlOf(reading: Reading, element: XmlElement): string {
  switch (element.name) {
    case 'list':
      return listOf(reading, element);
    case 'linkHtml':
      return linkOf(reading, element);
    case 'renderMultiMedia':
      return imagesOf(reading, element);
    default: {
      const tag = TAGS[element.name];
      if (tag === undefined) {
        lose(reading, 'unmapped', element, 'an element that narrative does not have became its text');
        return contentOf(reading, element);
      }
      return wrapped(reading, element, tag === 'p' && holdsBlocks(element) ? 'div' : tag);
    }
  }
}

/** Elements that become blocks, which no paragraph of XHTML may hold. */
const BLOCKS: ReadonlySet<string> = new Set(['paragraph', 'list', 'table', 'renderMultiMedia']);

const holdsBlocks = (element: XmlElement): boolean =>
  elementsOf(element).some((child) => BLOCKS.has(child.name) || holdsBlocks(child));

function wrapped(reading: Reading, element: XmlElement, tag: string): string {
  const open = `<${tag}${attributesOf(reading, element)}`;
  if (EMPTY.has(tag)) return `${open}/>`;
  const styles = (attributeOf(element, 'styleCode') ?? '')
    .split(/\s+/)
    .flatMap((style) => STYLES[style] ?? []);
  const inner = contentOf(reading, element);
  // A caption among a table's rows is told first; elsewhere it is a line of its own.
  return `${open}>${styles.map((style) => `<${style}>`).join('')}${inner}${styles
    .toReversed()
    .map((style) => `</${style}>`)
    .join('')}</${tag}>`;
}

function attributesOf(reading: Reading, element: XmlElement): string {
  const id = attributeOf(element, 'ID');
  const classes = (attributeOf(element, 'styleCode') ?? '')
    .split(/\s+/)
    .filter((style) => /^[\w-]{1,40}$/.test(style) && STYLES[style] === undefined)
    .map((style) => `cda-${style}`);
  const layout = Object.entries(LAYOUT).flatMap(([name, allowed]) => {
    const value = attributeOf(element, name);
    return value !== undefined && allowed.test(value) ? [` ${name}="${value}"`] : [];
  });
  return [
    // Of two elements with one id the first has it.
    id !== undefined && ID.test(id) && reading.document.narrativeOf(id) === element ? ` id="${id}"` : '',
    classes.length > 0 ? ` class="${classes.join(' ')}"` : '',
    ...layout,
  ].join('');
}

function listOf(reading: Reading, element: XmlElement): string {
  const tag = attributeOf(element, 'listType') === 'ordered' ? 'ol' : 'ul';
  const caption = childOf(element, 'caption');
  const items = childrenOf(element, 'item').map((item) => htmlOf(reading, item));
  const said = caption === undefined ? '' : `<p>${contentOf(reading, caption)}</p>`;
  return items.length === 0
    ? said
    : `${said}<${tag}${attributesOf(reading, element)}>${items.join('')}</${tag}>`;
}

function isWithin({ document }: Reading, element: XmlElement, name: string): boolean {
  for (let one = document.parentOf(element); one !== undefined; one = document.parentOf(one))
    if (one.name === name) return true;
  return false;
}

function linkOf(reading: Reading, element: XmlElement): string {
  const href = attributeOf(element, 'href') ?? '';
  const text = contentOf(reading, element);
  // No link of XHTML stands within another.
  if (isWithin(reading, element, 'linkHtml')) return text;
  if (/^#[\w.-]+$/.test(href) || LINK.test(href))
    return `<a href="${href.replaceAll('&', '&amp;')}">${text === '' ? escapeXmlText(href) : text}</a>`;
  lose(reading, 'unmapped', element, 'a link of this kind is not kept: its text is');
  return text;
}

/** Images that one element may show. */
const IMAGES_MAX = 100;

/** Images that the document itself holds. */
function imagesOf(reading: Reading, element: XmlElement): string {
  const names = (attributeOf(element, 'referencedObject') ?? '').split(/\s+/, IMAGES_MAX);
  const caption = childOf(element, 'caption');
  const images = names.flatMap((name) => {
    const media = reading.document.narrativeOf(name);
    if (media !== undefined && reading.images?.has(media) !== false) return [];
    const value = childOf(media, 'value');
    const type = attributeOf(value, 'mediaType') ?? '';
    const data = value === undefined ? '' : base64Of(value);
    if (media !== undefined && IMAGES.has(type) && /^[A-Za-z0-9+/]+=*$/.test(data)) {
      reading.images?.add(media);
      return [`<img alt="${name.replaceAll(/[^\w.-]/g, '')}" src="data:${type};base64,${data}"/>`];
    }
    lose(reading, 'unresolved', element, 'an image that the document does not hold is not shown');
    return [];
  });
  const said = caption === undefined ? '' : `<p>${contentOf(reading, caption)}</p>`;
  return `${images.join('')}${said}`;
}
