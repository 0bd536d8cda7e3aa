/** Text within header fields: encoded words (RFC 2047), parameters in pieces (RFC 2231), and character sets. */
import type { Parametrized } from './header.ts';
import { hexOf } from './transfer.ts';

const ENCODED_WORD = /=\?([A-Za-z0-9_.:+-]{1,60})(?:\*[A-Za-z-]{1,20})?\?([BbQq])\?([^?\s]*)\?=/g;
const BETWEEN = /(=\?[^?\s]{1,80}\?[BbQq]\?[^?\s]*\?=)[ \t]+(?==\?)/g;

/** The text of an unstructured field. What is no encoded word stays; octets beyond ASCII are taken for UTF-8. */
export function decodeWords(value: string): string {
  const joined = value.replaceAll(BETWEEN, '$1');
  const pieces: string[] = [];
  let at = 0;
  for (const found of joined.matchAll(ENCODED_WORD)) {
    const [all, charset = '', encoding = '', content = ''] = found;
    pieces.push(plain(joined.slice(at, found.index)), decodeText(wordBytes(encoding, content), charset).text);
    at = found.index + all.length;
  }
  pieces.push(plain(joined.slice(at)));
  return withoutControls(pieces.join(''));
}

const plain = (octets: string): string => decodeText(Buffer.from(octets, 'latin1'), 'utf-8').text;

// oxlint-disable-next-line no-control-regex -- what no text of a header may hold
const CONTROLS = /[\0-\x1f\x7f]+/g;

const withoutControls = (text: string): string => text.replaceAll(CONTROLS, ' ').trim();

function wordBytes(encoding: string, content: string): Uint8Array {
  if (encoding.toLowerCase() === 'b') return Buffer.from(content, 'base64');
  return percentBytes(content.replaceAll('_', ' '), '=');
}

/** Octets where a sign before two digits of base 16 stands for one. */
function percentBytes(text: string, sign: '=' | '%'): Uint8Array {
  const octets = Buffer.from(text, 'latin1');
  const out: number[] = [];
  for (let at = 0; at < octets.length; at += 1) {
    const byte = octets[at] ?? 0;
    const value = text[at] === sign ? hexOf(octets[at + 1], octets[at + 2]) : undefined;
    out.push(value ?? byte);
    if (value !== undefined) at += 2;
  }
  return Uint8Array.from(out);
}

interface DecodedText {
  readonly text: string;
  readonly oddity?: 'charset-unknown' | 'text-broken';
}

/** Bytes as text. Windows-1252 has a character for every byte, so that nothing is lost of what cannot be read otherwise. */
export function decodeText(bytes: Uint8Array, charset: string): DecodedText {
  const name = charset.trim().toLowerCase();
  // Programs that say ASCII, or nothing, and send more, mostly mean UTF-8.
  const label = name === '' || name === 'us-ascii' || name === 'ascii' ? 'utf-8' : name;
  try {
    return { text: new TextDecoder(label, { fatal: true }).decode(bytes) };
  } catch (error) {
    // A RangeError is about the name, a TypeError about the bytes.
    const oddity = error instanceof RangeError ? 'charset-unknown' : 'text-broken';
    return { text: new TextDecoder('windows-1252').decode(bytes), oddity };
  }
}

/** How many pieces of one parameter are read. */
const PIECES_MAX = 50;

/** The text of a parameter: plain, with encoded words (which many programs write), extended, or in pieces (RFC 2231). */
export function parameterText({ parameters }: Parametrized, name: string): string | undefined {
  const plainValue = parameters.get(name);
  const extended = parameters.get(`${name}*`) ?? piecesOf(parameters, name);
  if (extended === undefined) return plainValue === undefined ? undefined : decodeWords(plainValue);
  const [, charset = '', content = ''] = /^([^']*)'[^']*'(.*)$/s.exec(extended) ?? [];
  return withoutControls(
    charset === '' ? plain(extended) : decodeText(percentBytes(content, '%'), charset).text,
  );
}

/** `name*0*=utf-8''a%20; name*1=b`: pieces with an asterisk at their end are encoded, the others are plain. */
function piecesOf(parameters: ReadonlyMap<string, string>, name: string): string | undefined {
  const pieces: string[] = [];
  for (let number = 0; number < PIECES_MAX; number += 1) {
    const encoded = parameters.get(`${name}*${number}*`);
    const piece = encoded ?? parameters.get(`${name}*${number}`)?.replaceAll('%', '%25');
    if (piece === undefined) break;
    pieces.push(piece);
  }
  return pieces.length === 0 ? undefined : pieces.join('');
}
