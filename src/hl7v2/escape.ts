/** Escape sequences in values (HL7 v2.5.1, 2.7; `\P\` of v2.7): converts an escaped value to plain text, and back. */
import { Buffer } from 'node:buffer';
import { decode, type Charset } from './charset.ts';
import { encodingCharacters, type Delimiters } from './delimiters.ts';
import { Hl7Fault } from './fault.ts';

/** The syntax of one message's texts: its delimiters, and the character set of `\X..\`. */
export interface Syntax extends Delimiters {
  readonly charset: Charset;
}

/**
 * The plain text of a value. It drops highlighting and layout, which plain text lacks; line breaks become `\n`. Three
 * things stay as written: text that is no escape sequence, local sequences (`\Z..\`), and changes of the character set
 * (`\C..\`, `\M..\`).
 */
export function unescapeText(value: string, syntax: Syntax): string {
  const { escape: mark } = syntax;
  let open = mark === '' ? -1 : value.indexOf(mark);
  if (open === -1) return value;
  let plain = value.slice(0, open);
  while (open !== -1) {
    const close = value.indexOf(mark, open + 1);
    if (close === -1) return plain + value.slice(open);
    const sequence = readSequence(value, open, close, syntax);
    plain += sequence.plain;
    open = value.indexOf(mark, sequence.end);
    plain += value.slice(sequence.end, open === -1 ? value.length : open);
  }
  return plain;
}

interface Sequence {
  readonly plain: string;
  /** The offset where the text goes on. */
  readonly end: number;
}

function readSequence(value: string, open: number, close: number, syntax: Syntax): Sequence {
  const body = value.slice(open + 1, close);
  if (HEX.test(body)) return readHex(value, open, close, syntax);
  const plain = STAYS.test(body)
    ? value.slice(open, close + 1)
    : (delimiterNamed(body, syntax) ?? layout(body));
  // The character that closes an unknown sequence may open a known one: a sender forgot to escape the escape character.
  return plain === undefined ? { plain: value.slice(open, close), end: close } : { plain, end: close + 1 };
}

const HEX = /^X(?:[0-9A-Fa-f]{2})+$/;
const STAYS = /^(?:Z|[CM](?:[0-9A-Fa-f]{2}){2,3}$)/;

/** Several sequences in a row are one run of bytes: some senders write each byte of a character by itself. */
function readHex(value: string, open: number, close: number, { escape: mark, charset }: Syntax): Sequence {
  let hex = value.slice(open + 2, close);
  let end = close + 1;
  while (value.startsWith(`${mark}X`, end)) {
    const next = value.indexOf(mark, end + 1);
    const body = value.slice(end + 1, next);
    if (next === -1 || !HEX.test(body)) break;
    hex += body.slice(1);
    end = next + 1;
  }
  const text = decode(Buffer.from(hex, 'hex'), charset);
  return { plain: text ?? value.slice(open, end), end };
}

function delimiterNamed(body: string, syntax: Syntax): string | undefined {
  switch (body) {
    case 'F':
      return syntax.field;
    case 'S':
      return syntax.component;
    case 'T':
      return syntax.subcomponent;
    case 'R':
      return syntax.repetition;
    case 'E':
      return syntax.escape;
    case 'P':
      return syntax.truncation || '#';
    case 'H':
    case 'N':
      return '';
    default:
      return undefined;
  }
}

/** Formatting commands (2.7.6). Their distance is bounded, so that ten characters cannot become a billion. */
const LAYOUT = /^\.(br|sp|fi|nf|in|ti|sk|ce) ?([+-]?\d{1,2})?$/;

function layout(body: string): string | undefined {
  const [, command, count = '1'] = LAYOUT.exec(body) ?? [];
  if (command === undefined) return undefined;
  if (command === 'sp') return '\n'.repeat(Math.max(1, Number(count)));
  if (command === 'sk') return ' '.repeat(Math.max(0, Number(count)));
  return command === 'br' || command === 'ce' ? '\n' : '';
}

/**
 * A plain text as a value that cannot end the value, the segment or the frame. Control characters except the tab become
 * hexadecimal. A line break becomes `\.br\` in formatted text only (unless the full stop is a delimiter). `""` becomes
 * the two quotation marks, not the null.
 */
export function escapeText(plain: string, syntax: Delimiters, kind: 'plain' | 'formatted' = 'plain'): string {
  if (plain === '""') return syntax.escape === '' ? refuse() : hex('""', syntax);
  if (!suspects(syntax).test(plain)) return plain;
  if (syntax.escape === '') return refuse();
  return plain.replaceAll(EVERY_SUSPECT, (found) => escaped(found, syntax, kind));
}

function escaped(found: string, syntax: Delimiters, kind: 'plain' | 'formatted'): string {
  const code = codeOf(found, syntax);
  if (code !== undefined) return syntax.escape + code + syntax.escape;
  const isBreak = found === '\n' || found === '\r\n';
  if (isBreak && kind === 'formatted' && codeOf('.', syntax) === undefined)
    return `${syntax.escape}.br${syntax.escape}`;
  return CONTROL.test(found) ? hex(isBreak ? '\n' : found, syntax) : found;
}

function codeOf(found: string, syntax: Delimiters): string | undefined {
  switch (found) {
    case syntax.field:
      return 'F';
    case syntax.component:
      return 'S';
    case syntax.subcomponent:
      return 'T';
    case syntax.repetition:
      return 'R';
    case syntax.escape:
      return 'E';
    case syntax.truncation:
      return 'P';
    default:
      return undefined;
  }
}

/** Every character that some syntax may have to escape. */
// oxlint-disable-next-line no-control-regex -- control characters are what must not get through
const EVERY_SUSPECT = /\r\n|[\0-\x08\n-\x1f\x7f]|[!#-/:-@[-`{-~]/g;
// oxlint-disable-next-line no-control-regex -- as above
const CONTROL = /[\0-\x08\n-\x1f\x7f]/;

const hex = (text: string, { escape: mark }: Delimiters): string =>
  `${mark}X${Buffer.from(text, 'latin1').toString('hex').toUpperCase()}${mark}`;

function refuse(): never {
  throw new Hl7Fault('102', 'a value needs an escape character, and the message has none', {
    segment: 'MSH',
    segmentIndex: 1,
    field: 2,
  });
}

/** Patterns by the delimiters of a message, and by kind: almost every message has the same delimiters. */
const patterns = new WeakMap<Delimiters, RegExp>();
const compiled = new Map<string, RegExp>();
/** The number of patterns that are kept, because senders choose their delimiters. */
const COMPILED_MAX = 100;

/** Matches the characters that these delimiters make it necessary to escape; most values have none. */
function suspects(syntax: Delimiters): RegExp {
  const known = patterns.get(syntax);
  if (known !== undefined) return known;
  const marks = syntax.field + encodingCharacters(syntax);
  const pattern = compiled.get(marks) ?? compile(marks);
  patterns.set(syntax, pattern);
  return pattern;
}

function compile(marks: string): RegExp {
  const pattern = new RegExp(`[\\0-\\x08\\n-\\x1f\\x7f${marks.replaceAll(/./g, String.raw`\$&`)}]`);
  if (compiled.size >= COMPILED_MAX) compiled.clear();
  compiled.set(marks, pattern);
  return pattern;
}
