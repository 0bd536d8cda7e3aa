/**
 * Character sets of MSH-18 (HL7 v2.5.1, 2.15.9.18, table 0211). The server reads those that have ASCII in its place,
 * because ER7 needs it.
 */
import { Buffer } from 'node:buffer';
import { Hl7Fault } from './fault.ts';

/**
 * A code of table 0211 that the server reads and writes; and Windows-1252, which the table lacks although many engines
 * send it.
 */
export type Charset = 'ASCII' | 'UNICODE UTF-8' | Latin | Windows;
type Windows = 'WINDOWS-1252';
type Latin = `8859/${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 15}`;

const LATIN: readonly Latin[] = [
  '8859/1',
  '8859/2',
  '8859/3',
  '8859/4',
  '8859/5',
  '8859/6',
  '8859/7',
  '8859/8',
  '8859/9',
  '8859/15',
];

/** The code of the table for what senders write, folded to letters and digits. */
const NAMES: ReadonlyMap<string, Charset> = new Map<string, Charset>([
  ['ASCII', 'ASCII'],
  ['USASCII', 'ASCII'],
  ['ISOIR6', 'ASCII'],
  ['UNICODEUTF8', 'UNICODE UTF-8'],
  ['UTF8', 'UNICODE UTF-8'],
  ['UNICODE', 'UNICODE UTF-8'],
  ['WINDOWS1252', 'WINDOWS-1252'],
  ['CP1252', 'WINDOWS-1252'],
  ['1252', 'WINDOWS-1252'],
  ...LATIN.flatMap((code): [string, Charset][] => [
    [fold(code), code],
    [fold(`ISO${code}`), code],
  ]),
]);

function fold(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}

/** The code of a name: `UNICODE UTF-8` also for `utf-8`; undefined when the server does not read it. */
export const charsetNamed = (name: string): Charset | undefined => NAMES.get(fold(name));

/** Like {@link charsetNamed}. Throws {@link Hl7Fault} when the server does not read the character set. */
export function readCharset(name: string): Charset {
  const charset = charsetNamed(name);
  if (charset === undefined) throw new Hl7Fault('103', 'we do not read this character set', AT_CHARSET);
  return charset;
}

/** Bytes as text; undefined when they are not in the character set. Keeps a byte order mark. */
export function decode(bytes: Uint8Array, charset: Charset): string | undefined {
  if (charset === 'UNICODE UTF-8') return decodeUtf8(bytes);
  const text = asLatin1(bytes);
  if (charset === '8859/1') return text;
  if (charset === 'ASCII') return NOT_ASCII.test(text) ? undefined : text;
  const { characters } = tableOf(charset);
  let sound = true;
  const decoded = text.replaceAll(UPPER, (byte) => {
    const character = characters[byte.charCodeAt(0) - UPPER_FIRST];
    sound &&= character !== undefined;
    return character ?? '';
  });
  return sound ? decoded : undefined;
}

/**
 * Text as bytes. Throws {@link Hl7Fault} for a character that the character set lacks, and never writes another in its
 * place.
 */
export function encodeBytes(text: string, charset: Charset): Uint8Array {
  const bytes = encode(text, charset);
  if (bytes === undefined)
    throw new Hl7Fault('102', `there is a character that ${charset} cannot express`, AT_CHARSET);
  return bytes;
}

export const AT_CHARSET = { segment: 'MSH', segmentIndex: 1, field: 18 } as const;

/** Every byte as the character of the same number. The conversion is reversible and keeps ASCII. */
export const asLatin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** The reverse of {@link asLatin1}. */
export const fromLatin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

// oxlint-disable-next-line no-control-regex -- the question is exactly whether there is anything beyond it
export const NOT_ASCII = /[^\x00-\x7f]/;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function encode(text: string, charset: Charset): Uint8Array | undefined {
  if (charset === 'UNICODE UTF-8') return text.isWellFormed() ? Buffer.from(text, 'utf8') : undefined;
  if (charset === 'ASCII') return NOT_ASCII.test(text) ? undefined : fromLatin1(text);
  if (charset === '8859/1') return NOT_LATIN1.test(text) ? undefined : fromLatin1(text);
  const { bytes } = tableOf(charset);
  let sound = true;
  const encoded = text.replaceAll(BEYOND_ASCII, (character) => {
    const byte = bytes.get(character);
    sound &&= byte !== undefined;
    return byte ?? '';
  });
  return sound ? fromLatin1(encoded) : undefined;
}

const NOT_LATIN1 = /[^\0-\xff]/;
const UPPER = /[\x80-\xff]/g;
const BEYOND_ASCII = /[^\0-\x7f]/g;
/** The first byte at which the character sets differ. */
const UPPER_FIRST = 0x80;
/** Five bytes of Windows-1252 have no character; the Encoding Standard maps them to control characters. */
const NOTHING: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** The upper half of one character set, in both directions; undefined for a byte without a character. */
interface Table {
  readonly characters: readonly (string | undefined)[];
  readonly bytes: ReadonlyMap<string, string>;
}

const tables = new Map<Latin | Windows, Table>();

function tableOf(charset: Latin | Windows): Table {
  const known = tables.get(charset);
  if (known !== undefined) return known;
  const isWindows = charset === 'WINDOWS-1252';
  const decoder = new TextDecoder(isWindows ? 'windows-1252' : `iso-${charset.replace('/', '-')}`);
  const characters = Array.from({ length: 0x100 - UPPER_FIRST }, (_, index) => {
    const byte = UPPER_FIRST + index;
    if (isWindows && NOTHING.has(byte)) return undefined;
    // The Encoding Standard reads 8859-1 and 8859-9 like Windows does; in HL7 these bytes are control characters.
    if (!isWindows && byte < 0xa0) return String.fromCharCode(byte);
    const character = decoder.decode(Uint8Array.of(byte));
    return character === '\ufffd' ? undefined : character;
  });
  const bytes = new Map<string, string>();
  for (const [index, character] of characters.entries())
    if (character !== undefined) bytes.set(character, String.fromCharCode(UPPER_FIRST + index));
  const table = { characters, bytes };
  tables.set(charset, table);
  return table;
}
