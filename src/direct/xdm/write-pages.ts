/**
 * The pages of a package for people (ITI-32 4.1.2.3): INDEX.HTM in XHTML Basic and README.TXT. They name no patient, and no
 * document by its title, because a title may. The notice of 42 CFR 2.32 stands first, where it is owed (compliance P30).
 */
import { element, text, type Xml } from '../../xml/elements.ts';
import type { PackageAbout } from './write-package.ts';
import type { XdmKind } from './submission.ts';

/** A document as the pages list it. */
interface ListedFile {
  /** From the root of the archive. */
  readonly path: string;
  readonly kind: XdmKind;
}

const WORDS: Readonly<Record<XdmKind, string>> = {
  message: 'Message about the referral (HL7 version 2)',
  'clinical-document': 'Clinical document (C-CDA)',
  consent: 'Consent',
  other: 'Document',
};

const VENDOR = 'https://closeloop.dev';

const DOCTYPE =
  '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.1//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic11.dtd">';

/** INDEX.HTM: who sends it, a link to README.TXT, and one to each document. It is ASCII, whoever opens it. */
export function writeIndex(
  { institution, notice = [] }: PackageAbout,
  files: readonly ListedFile[],
): Uint8Array {
  const title = 'Referral package';
  const readme = element('a', { href: 'README.TXT' }, text('README.TXT'));
  const page = element(
    'html',
    { xmlns: 'http://www.w3.org/1999/xhtml', 'xml:lang': 'en' },
    element('head', {}, element('title', {}, text(title))),
    element(
      'body',
      {},
      notice.map((paragraph) => element('p', {}, text(paragraph))),
      element('h1', {}, text(title)),
      element('p', {}, text('Sent by '), text(institution), text('. See '), readme, text('.')),
      element('ul', {}, files.map(listItem)),
    ),
  );
  const source = `<?xml version="1.0" encoding="US-ASCII"?>\n${DOCTYPE}\n${page}\n`;
  return new TextEncoder().encode(
    source.replaceAll(/[^\x00-\x7f]/gu, (character) => `&#${character.codePointAt(0)};`), // oxlint-disable-line no-control-regex
  );
}

const listItem = ({ path, kind }: ListedFile): Xml =>
  element('li', {}, element('a', { href: path }, text(WORDS[kind])));

/** README.TXT: who sends it, how to reach them, what made it, and what is in it. Lines end as on every medium of ITI-32. */
export function writeReadme(about: PackageAbout, contact: string, files: readonly ListedFile[]): Uint8Array {
  const lines = [
    ...(about.notice ?? []).flatMap((paragraph) => [...paragraph.split('\n'), '']),
    'Referral package (IHE XDM)',
    '',
    `Sent by: ${oneLine(about.institution)}`,
    `Contact: ${oneLine(contact)}`,
    `Made by: ${oneLine(about.application)}`,
    `Vendor: ${oneLine(about.vendor ?? VENDOR)}`,
    '',
    'Files:',
    '  INDEX.HTM  a page that links the documents',
    '  IHE_XDM/SUBSET01/METADATA.XML  description of the documents (ebRIM)',
    ...files.map(({ path, kind }) => `  ${path}  ${WORDS[kind]}`),
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n`);
}

const oneLine = (value: string): string => value.replaceAll(/\s+/g, ' ').trim();
