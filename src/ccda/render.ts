/**
 * A clinical document as a page for people: its narrative, which is its legal content, under a stylesheet of ours. The
 * page has no script, loads nothing, and holds nothing that the document's own stylesheet or links would bring.
 */
import { table } from './table.ts';
import type { XmlElement } from '../xml/tree.ts';
import { escapeAttribute, escapeXmlText } from '../xml/characters.ts';
import { openDocument } from './document.ts';
import { at, attributeOf, childOf, childrenOf, lineOf, textOf } from './element.ts';
import { createLosses } from './losses.ts';
import { divOf } from './read/narrative.ts';
import { readingOf, type Reading } from './read/reading.ts';

/** What a browser may do with the page: show it. */
export const RENDER_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid #999}
dl{display:grid;grid-template-columns:max-content auto;gap:.2rem 1rem;margin:0}dt{font-weight:600}dd{margin:0}
table{border-collapse:collapse;margin:.5rem 0}th,td{border:1px solid #999;padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:#eee}.confidential{font-weight:700;border:2px solid #b00;padding:.3rem .6rem;display:inline-block}
img{max-width:100%}@media print{body{margin:0}}
`;

/**
 * Renders a document.
 *
 * @returns the page, in HTML 5
 * @throws OperationOutcomeError as `openDocument` does
 */
export async function renderDocument(bytes: Uint8Array): Promise<string> {
  const document = await openDocument(bytes);
  const { root } = document;
  const reading = readingOf(document, createLosses('in'), { zone: undefined, newId: () => '' });
  const title = lineOf(childOf(root, 'title')) ?? 'Clinical document';
  const sections = childrenOf(at(root, 'component', 'structuredBody'), 'component').flatMap((component) => {
    const section = childOf(component, 'section');
    return section === undefined ? [] : [sectionOf(reading, section, 2)];
  });
  const language =
    /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.exec(
      attributeOf(childOf(root, 'languageCode'), 'code') ?? '',
    )?.[0] ?? 'en';
  return [
    `<!DOCTYPE html><html lang="${language}"><head><meta charset="utf-8"><title>${escapeXmlText(title)}</title>`,
    `<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(RENDER_POLICY.replace(/; (?:frame-ancestors 'self'|sandbox)/g, ''))}">`,
    `<style>${STYLE}</style></head><body><h1>${escapeXmlText(title)}</h1>`,
    confidentialityOf(root),
    headerOf(root),
    ...(sections.length > 0 ? sections : [bodyOf(root)]),
    '</body></html>',
  ].join('\n');
}

function sectionOf(reading: Reading, section: XmlElement, level: number): string {
  const text = childOf(section, 'text');
  const heading = Math.min(level, 6);
  const nested = childrenOf(section, 'component').flatMap((component) => {
    const inner = childOf(component, 'section');
    return inner === undefined ? [] : [sectionOf(reading, inner, level + 1)];
  });
  return [
    `<section><h${heading}>${escapeXmlText(lineOf(childOf(section, 'title')) ?? '')}</h${heading}>`,
    text === undefined ? '' : divOf(reading, text),
    ...nested,
    '</section>',
  ].join('\n');
}

const CONFIDENTIAL: Readonly<Record<string, string>> = table({ R: 'Restricted', V: 'Very restricted' });

function confidentialityOf(root: XmlElement): string {
  const says = CONFIDENTIAL[attributeOf(childOf(root, 'confidentialityCode'), 'code') ?? ''];
  return says === undefined ? '' : `<p class="confidential">${says}</p>`;
}

/** Who, when, by whom: what a reader must know before the first section. */
function headerOf(root: XmlElement): string {
  const role = at(root, 'recordTarget', 'patientRole');
  const patient = childOf(role, 'patient');
  const author = at(root, 'author', 'assignedAuthor');
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Patient', nameIn(patient)],
    ['Born', dateIn(childOf(patient, 'birthTime'))],
    [
      'Numbers',
      childrenOf(role, 'id')
        .flatMap((id) => attributeOf(id, 'extension') ?? [])
        .join(', '),
    ],
    ['Date', dateIn(childOf(root, 'effectiveTime'))],
    [
      'Author',
      nameIn(childOf(author, 'assignedPerson')) ?? nameIn(childOf(author, 'representedOrganization')),
    ],
    ['Kept by', nameIn(at(root, 'custodian', 'assignedCustodian', 'representedCustodianOrganization'))],
    [
      'For',
      childrenOf(root, 'informationRecipient')
        .map((one) => childOf(one, 'intendedRecipient'))
        .flatMap(
          (one) =>
            nameIn(childOf(one, 'informationRecipient')) ??
            nameIn(childOf(one, 'receivedOrganization')) ??
            [],
        )
        .join('; '),
    ],
  ];
  return `<dl>${rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `<dt>${name}</dt><dd>${escapeXmlText(value ?? '')}</dd>`)
    .join('')}</dl>`;
}

const nameIn = (element: XmlElement | undefined): string | undefined => {
  const name = childOf(element, 'name');
  if (name === undefined) return undefined;
  const parts = name.children.map((node) => (typeof node === 'string' ? node : ` ${textOf(node)} `)).join('');
  const line = parts.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? undefined : line;
};

/** `20250314090300-0500` as `2025-03-14 09:03 -0500`. */
function dateIn(element: XmlElement | undefined): string | undefined {
  const [, year, month, day, hour, minute, zone] =
    /^(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?[\d.]*)?([+-]\d{4})?$/.exec(attributeOf(element, 'value') ?? '') ??
    [];
  if (year === undefined) return undefined;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  return hour === undefined
    ? date
    : [date, `${hour}:${minute ?? '00'}`, zone].filter((part) => part !== undefined).join(' ');
}

/** A body that is a file: plain text is shown, anything else is told. */
function bodyOf(root: XmlElement): string {
  const text = at(root, 'component', 'nonXMLBody', 'text');
  if (text === undefined) return '<p>The document has no sections.</p>';
  const type = attributeOf(text, 'mediaType') ?? 'text/plain';
  const isText = /^text\/plain\b/.test(type) && childOf(text, 'reference') === undefined;
  if (!isText) return `<p>The document is a file of type ${escapeXmlText(type)}.</p>`;
  const content = textOf(text);
  const words =
    attributeOf(text, 'representation') === 'B64' ? Buffer.from(content, 'base64').toString('utf8') : content;
  return `<pre>${escapeXmlText(words)}</pre>`;
}
