/**
 * Whether the bytes of a note are a clinical document (CDA R2). Senders state them as `text^xml`, `application^xml`,
 * `application^hl7-cda+xml` or as plain text, so the root element decides.
 */
import { Buffer } from 'node:buffer';

/** The media type of CDA (RFC 3240 names the older `application/hl7-cda`; IHE and FHIR use this one). */
export const CDA_TYPE = 'application/hl7-cda+xml';

/** Base64 characters in which the root element must begin: comments and processing instructions may precede it. */
const HEAD = 16 * 1024;

/** @param data base64 */
export function isClinicalDocument(data: string): boolean {
  const root = /^<(?:[\w.-]+:)?([\w.-]+)/.exec(withoutProlog(headOf(data)));
  return root?.[1] === 'ClinicalDocument';
}

/** The first characters; of UTF-16, every second byte. */
const headOf = (data: string): string =>
  Buffer.from(data.slice(0, HEAD), 'base64')
    .toString('latin1')
    .replaceAll('\0', '')
    .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '');

const PROLOG = [
  ['<?', '?>'],
  ['<!--', '-->'],
] as const;

/** What follows the XML declaration, comments and processing instructions. */
function withoutProlog(text: string): string {
  const rest = text.trimStart();
  const [, end] = PROLOG.find(([start]) => rest.startsWith(start)) ?? [];
  const at = end === undefined ? -1 : rest.indexOf(end);
  return end === undefined || at === -1 ? rest : withoutProlog(rest.slice(at + end.length));
}
