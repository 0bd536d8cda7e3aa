/**
 * PDF files that do something when they are opened (baa-messaging MS9; ISO 32000-1, 7.5.7, 12.6): scripts, programs, files
 * within, and pages of others. Readers of PDF forgive much, so that this one does not follow the tables of a file: it looks
 * at all of its bytes, and at what its object streams hold, with names written in any of their ways.
 */
import { promisify } from 'node:util';
import { constants, inflate } from 'node:zlib';
import { refuseFile, type RefusedFile } from './types.ts';

const inflateBytes = promisify(inflate) as (
  bytes: Uint8Array,
  options: { maxOutputLength: number; finishFlush: number },
) => Promise<Buffer>;

interface PdfLimits {
  /** Bytes that object streams may hold together. */
  readonly expandedBytes: number;
  /** Streams that a file may have. */
  readonly streams: number;
}

/** What one file may cost to look into. */
const PDF_LIMITS: PdfLimits = { expandedBytes: 64 * 1024 * 1024, streams: 100_000 };

/** A name, each letter as itself or as `#` and two digits (ISO 32000-1, 7.3.5). */
const nameSource = (name: string): string =>
  [...name]
    .map((letter) => {
      const code = letter.charCodeAt(0).toString(16);
      const digits = [...code].map((digit) => `[${digit}${digit.toUpperCase()}]`).join('');
      return `(?:${letter}|#${digits})`;
    })
    .join('');

/** What may follow a name: nothing, blanks, or a delimiter. */
const END = String.raw`(?=[\u0000\t\n\f\r ()<>[\]{}/%]|$)`;

const named = (names: readonly string[], flags = ''): RegExp =>
  new RegExp(`/(?:${names.map(nameSource).join('|')})${END}`, flags);

/** Names that nothing harmless has. */
const ACTIVE = named(['JavaScript', 'Launch', 'EmbeddedFile', 'EmbeddedFiles', 'RichMedia', 'GoToE', 'XFA']);
/** A script; two letters are found by chance in what is compressed, a value behind them is not. */
const SCRIPT = named(['JS']);
const SCRIPT_VALUE = new RegExp(
  String.raw`/${nameSource('JS')}\s{0,1000}(?:\((?=[ -~\\])|<[\dA-Fa-f\s]{4}|\s\d{1,10}\s+\d{1,5}\s+R)`,
);
const ENCRYPTED = named(['Encrypt']);
const OBJECT_STREAM = named(['ObjStm']);
const FIRST = named(['First']);
const OPENS = named(['OpenAction', 'AA'], 'g');
const ADDRESS = named(['URI', 'SubmitForm', 'ImportData']);

const ACTIVE_SAYS = 'A PDF holds scripts, programs, forms that run, or files within.';
const OPENS_SAYS = 'A PDF opens an address when it is shown.';
const UNKNOWN_SAYS = 'A PDF is packed in a way that cannot be looked into.';

/** What is wrong with a PDF; undefined where nothing is. */
export async function judgePdf(
  bytes: Uint8Array,
  limits: PdfLimits = PDF_LIMITS,
): Promise<RefusedFile | undefined> {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (ENCRYPTED.test(whole)) return refuseFile('type', 'A PDF is encrypted.');
  if (ACTIVE.test(whole) || SCRIPT_VALUE.test(whole)) return refuseFile('active-content', ACTIVE_SAYS);
  const streams = readStreams(whole, limits);
  if (streams === undefined) return refuseFile('active-content', UNKNOWN_SAYS);
  if (SCRIPT.test(streams.outside)) return refuseFile('active-content', ACTIVE_SAYS);
  const objects = await expandObjects(bytes, streams.objects, limits);
  if (objects === undefined) return refuseFile('active-content', UNKNOWN_SAYS);
  if (objects.some((text) => ACTIVE.test(text) || SCRIPT.test(text)))
    return refuseFile('active-content', ACTIVE_SAYS);
  return opensAddress(whole, objects) ? refuseFile('active-content', OPENS_SAYS) : undefined;
}

interface ObjectStream {
  /** Where its bytes begin, and end. */
  readonly from: number;
  readonly to: number;
  /** What stands before it. */
  readonly dictionary: string;
}

interface Streams {
  /** The file without what its streams hold. */
  readonly outside: string;
  readonly objects: readonly ObjectStream[];
}

const STREAM = /stream\r?\n|stream\r/g;
const DICTIONARY_MAX = 4096;

function readStreams(whole: string, limits: PdfLimits): Streams | undefined {
  const outside: string[] = [];
  const objects: ObjectStream[] = [];
  let at = 0;
  let count = 0;
  STREAM.lastIndex = 0;
  for (let found = STREAM.exec(whole); found !== null; found = STREAM.exec(whole)) {
    if ((count += 1) > limits.streams) return undefined;
    const from = found.index + found[0].length;
    const end = whole.indexOf('endstream', from);
    const to = end === -1 ? whole.length : end;
    const dictionary = dictionaryBefore(whole.slice(Math.max(at, found.index - DICTIONARY_MAX), found.index));
    // Both keys of an object stream are required; whichever it hides, the other is there.
    if (OBJECT_STREAM.test(dictionary) || FIRST.test(dictionary)) objects.push({ from, to, dictionary });
    outside.push(whole.slice(at, from));
    at = to;
    STREAM.lastIndex = to + 'endstream'.length;
  }
  outside.push(whole.slice(at));
  return { outside: outside.join(''), objects };
}

const dictionaryBefore = (text: string): string => text.slice(Math.max(0, text.lastIndexOf(' obj')));

const FILTER = new RegExp(String.raw`/${nameSource('Filter')}\s*(\[[^\]]*\]|/[^\s/<>[\]()]+|\d+\s+\d+\s+R)?`);
const FLATE = new RegExp(String.raw`^\[?\s*/(?:${nameSource('FlateDecode')}|${nameSource('Fl')})\s*\]?$`);
const PREDICTOR = new RegExp(String.raw`/${nameSource('Predictor')}\s*(?!1\b)\d`);

/** What object streams hold; undefined where one is packed otherwise than by Flate alone, broken, or too large. */
async function expandObjects(
  bytes: Uint8Array,
  objects: readonly ObjectStream[],
  limits: PdfLimits,
): Promise<readonly string[] | undefined> {
  const texts: string[] = [];
  let left = limits.expandedBytes;
  for (const { from, to, dictionary } of objects) {
    const packed = bytes.subarray(from, to);
    const filter = FILTER.exec(dictionary);
    const isFlate = FLATE.test((filter?.[1] ?? '').trim());
    if (filter !== null && (!isFlate || PREDICTOR.test(dictionary))) return undefined;
    const text = filter === null ? Buffer.from(packed).toString('latin1') : await expand(packed, left);
    if (text === undefined || text.length > left) return undefined;
    left -= text.length;
    texts.push(text);
  }
  return texts;
}

async function expand(packed: Uint8Array, maxOutputLength: number): Promise<string | undefined> {
  try {
    // A line end may stand before `endstream`, and a cut stream is shown by readers as far as it goes.
    const options = { maxOutputLength: Math.max(1, maxOutputLength), finishFlush: constants.Z_SYNC_FLUSH };
    return (await inflateBytes(packed, options)).toString('latin1');
  } catch {
    return undefined;
  }
}

/** How much of an action is looked at. */
const ACTION_MAX = 4096;
/** A document has one action on opening, and some on its pages; objects of one number are few, too. */
const OPENED_MAX = 1000;
const NAMED_MAX = 20;
const OF_ONE_NUMBER_MAX = 20;

/** Whether what happens on opening leads to an address, said in place or in an object of its own. */
function opensAddress(whole: string, objects: readonly string[]): boolean {
  const numbers = new Set<string>();
  let count = 0;
  for (const text of [whole, ...objects]) {
    for (const { index, 0: name } of text.matchAll(OPENS)) {
      if ((count += 1) > OPENED_MAX) return true;
      const value = text.slice(index + name.length, index + name.length + ACTION_MAX).trimStart();
      const [, number] = /^(\d{1,10})\s{1,100}\d{1,5}\s{1,100}R/.exec(value) ?? [];
      if (number === undefined && leadsOut(value)) return true;
      if (number !== undefined) numbers.add(number);
    }
  }
  if (numbers.size > NAMED_MAX) return true;
  return [...numbers].some((number) => {
    const actions = objectsNumbered(number, whole, objects);
    return actions.length >= OF_ONE_NUMBER_MAX || actions.some((action) => leadsOut(action));
  });
}

/** An array is a place in the document. */
const leadsOut = (action: string): boolean => !action.startsWith('[') && ADDRESS.test(dictionaryOf(action));

/** A dictionary with those within it; what follows it is of something else. */
function dictionaryOf(text: string): string {
  let depth = 0;
  for (const { index, 0: mark } of text.matchAll(/<<|>>/g)) {
    depth += mark === '<<' ? 1 : -1;
    if (depth <= 0) return text.slice(0, index);
  }
  return text;
}

/** Objects of this number, so many at most: of several, a reader may take any. */
function objectsNumbered(number: string, whole: string, objects: readonly string[]): readonly string[] {
  const found: string[] = [];
  const heads = new RegExp(`(?<!\\d)${number}\\s{1,100}\\d{1,10}\\s{1,100}obj`, 'g');
  for (const { index, 0: head } of whole.matchAll(heads)) {
    found.push(whole.slice(index + head.length, index + head.length + ACTION_MAX).trimStart());
    if (found.length >= OF_ONE_NUMBER_MAX) return found;
  }
  for (const text of objects) {
    const end = text.search(/[^\d\s]/);
    const pairs = end === -1 ? text : text.slice(0, end);
    const numbers = pairs.trim().split(/\s+/);
    const place = numbers.findIndex((value, index) => index % 2 === 0 && value === number);
    if (place === -1) continue;
    const from = pairs.length + Number(numbers[place + 1]);
    found.push(text.slice(from, from + ACTION_MAX).trimStart());
  }
  return found;
}
