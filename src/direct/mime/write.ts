/** Writes header fields and multiparts. Whatever a value holds, it stays in its own field (no header injection). */
import { createHash } from 'node:crypto';
import { writeBase64 } from './transfer.ts';

/** Name and value of a field. */
export type WrittenField = readonly [name: string, value: string];

// oxlint-disable-next-line no-control-regex -- a control character could end the field
const CONTROLS = /[\0-\x1f\x7f]+/g;
// oxlint-disable-next-line no-control-regex -- the question is exactly whether there is anything beyond it
const NOT_ASCII = /[^\x00-\x7f]/;

const LINE_MAX = 998;
/** Bytes of UTF-8 in one encoded word: 75 characters with what stands around them (RFC 2047, 2). */
const WORD_BYTES = 45;

/** The fields as lines, each with its CR LF, and no line longer than 998 characters. */
export const writeFields = (fields: readonly WrittenField[]): string =>
  fields
    .map(([name, value]) => `${fold(`${name}: ${asAscii(value.replaceAll(CONTROLS, ' ').trim())}`)}\r\n`)
    .join('');

const asAscii = (value: string): string => (NOT_ASCII.test(value) ? encodedWords(value) : value);

/** Encoded words of whole characters (RFC 2047, 5). */
function encodedWords(value: string): string {
  const words: string[] = [''];
  for (const character of value.toWellFormed()) {
    const longer = (words.at(-1) ?? '') + character;
    if (Buffer.byteLength(longer) > WORD_BYTES) words.push(character);
    else words[words.length - 1] = longer;
  }
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ');
}

const FOLD_AT = 78;

/** Folds before blanks; a piece without blanks that fits in no line is cut off. */
function fold(line: string): string {
  if (line.length <= FOLD_AT) return line;
  const lines: string[] = [''];
  for (const word of line.split(/(?= )/)) {
    const longer = (lines.at(-1) ?? '') + word;
    // A line that is blank but for its name is misread by some programs.
    const isName = lines.length === 1 && !(lines[0] ?? '').includes(' ');
    if (longer.length > FOLD_AT && !isName && word.trim() !== '') lines.push(word.slice(0, LINE_MAX));
    else lines[lines.length - 1] = longer.slice(0, LINE_MAX);
  }
  return lines.join('\r\n');
}

/** One part: its fields, and its body as it stands in the mail, which ends with a line end. */
export interface Entity {
  readonly fields: readonly WrittenField[];
  readonly body: string;
}

/** The parts with their boundaries: what stands after the fields of a multipart. */
export function writeMultipart(boundary: string, parts: readonly Entity[]): string {
  const written = parts.map(({ fields, body }) => `--${boundary}\r\n${writeFields(fields)}\r\n${body}\r\n`);
  return `${written.join('')}--${boundary}--\r\n`;
}

/** A boundary that nobody can foresee without the seed; the same for the same message. */
export const boundaryOf = (seed: string): string =>
  `=_${createHash('sha256').update(seed).digest('hex').slice(0, 40)}`;

/** A text as a part, as it is where it is ASCII in lines that a mail may have, else in base64. */
export function textEntity(text: string): Entity {
  const lines = text.toWellFormed().split(/\r\n|\r|\n/);
  const isPlain =
    !NOT_ASCII.test(text) && !text.includes('\0') && lines.every(({ length }) => length <= LINE_MAX);
  const body = `${lines.join('\r\n')}\r\n`;
  return {
    fields: [
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['Content-Transfer-Encoding', isPlain ? '7bit' : 'base64'],
    ],
    body: isPlain ? body : writeBase64(Buffer.from(body, 'utf8')),
  };
}
