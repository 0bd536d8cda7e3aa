/**
 * PDF files that do something when they are opened (baa-messaging MS9; ISO 32000-1, 7.5.7, 12.6): scripts, programs, files
 * within, and pages of others. Readers of PDF forgive much, so that this one does not follow the tables of a file: it looks
 * at all of its bytes, and at what its object streams hold, with names written in any of their ways.
 */
import { promisify } from 'node:util';
import { constants, inflate, inflateSync } from 'node:zlib';
import { opensAddress } from './pdf-actions.ts';
import { named, nameSource } from './pdf-syntax.ts';
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

/** Names that nothing harmless has. */
const ACTIVE = named(
  'JavaScript Launch EmbeddedFile EmbeddedFiles FileAttachment RichMedia OnInstantiate GoToE XFA'.split(' '),
);
/** A script, or a file within; two letters are found by chance in what is compressed, a value behind them is not. */
const SCRIPT = named(['JS', 'EF']);
const SCRIPT_VALUE = new RegExp(
  String.raw`/${nameSource('JS')}\s{0,1000}(?:\((?=[ -~\\])|<[\dA-Fa-f\s]{4}|\s\d{1,10}\s+\d{1,5}\s+R)|/${nameSource('EF')}\s{0,1000}(?:<<\s{0,1000}/|\s\d{1,10}\s+\d{1,5}\s+R)`,
);
const ENCRYPTED = named(['Encrypt']);
const OBJECT_STREAM = named(['ObjStm']);
const FIRST = named(['First']);

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
  const known = await expandObjects(bytes, streams.objects, limits);
  const hidden = await hiddenObjects(bytes, whole, limits);
  if (known === undefined || hidden === undefined) return refuseFile('active-content', UNKNOWN_SAYS);
  const objects = [...known, ...hidden];
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
    const filter = FILTER.exec(dictionary);
    const byFlate = FLATE.test((filter?.[1] ?? '').trim());
    if (filter !== null && (!byFlate || PREDICTOR.test(dictionary))) return undefined;
    const text =
      filter === null
        ? Buffer.from(bytes.subarray(from, to)).toString('latin1')
        : await expand(bytes.subarray(from), left);
    if (text === undefined || text.length > left) return undefined;
    left -= text.length;
    texts.push(text);
  }
  return texts;
}

async function expand(packed: Uint8Array, maxOutputLength: number): Promise<string | undefined> {
  try {
    // What is packed says itself where it ends, and "endstream" may stand in it. A cut one is shown as far as it goes.
    const options = { maxOutputLength: Math.max(1, maxOutputLength), finishFlush: constants.Z_SYNC_FLUSH };
    return (await inflateBytes(packed, options)).toString('latin1');
  } catch {
    return undefined;
  }
}

/** Every word that could begin a stream, whatever stands before it: strings and comments hold it, too. */
const ANY_STREAM = /(?<!end)stream[^\r\n]{0,100}(?:\r\n|\r|\n)/g;
/** How much of a stream is expanded to see whether it holds objects. */
const SAMPLE = 400;
/** Streams that are sampled; a document of more is nobody's. Others have their turn after so many. */
const SAMPLES_MAX = 20_000;
const AT_ONCE = 500;
/** Expanded beside the thread of the requests, which go on meanwhile. */
const NOTHING = Buffer.from([0x78, 0x9c]);
/**
 * As object streams begin (ISO 32000-1, 7.5.7): pairs of numbers, then the first object. The numbers, blanks or a comment
 * before them may be more than a sample.
 */
const NUMBERS_FIRST = /^[\s\0]*(?:%|$|\d{1,10}(?:$|[\s\0]*%|[\s\0]+(?:$|%|\d[\d\s\0]*(?:$|[<[(/%tfn.+-]))))/;
/** Filters that an object stream could be packed with beside Flate; where there are such streams, nothing is packed so. */
const OTHER_FILTERS = named(['LZWDecode', 'ASCIIHexDecode', 'ASCII85Decode', 'RunLengthDecode']);
const PACKS_OBJECTS = named(['ObjStm', 'XRef']);

/**
 * What streams hold that look like object streams when they are expanded, whatever their dictionaries say; undefined where
 * that cannot be seen.
 */
async function hiddenObjects(
  bytes: Uint8Array,
  whole: string,
  limits: PdfLimits,
): Promise<readonly string[] | undefined> {
  if (PACKS_OBJECTS.test(whole) && OTHER_FILTERS.test(whole)) return undefined;
  const texts: string[] = [];
  let left = limits.expandedBytes;
  let count = 0;
  for (const { index, 0: word } of whole.matchAll(ANY_STREAM)) {
    const from = index + word.length;
    if (!isFlate(bytes, from)) continue;
    if ((count += 1) > Math.min(limits.streams, SAMPLES_MAX)) return undefined;
    if (count % AT_ONCE === 0)
      await inflateBytes(NOTHING, { maxOutputLength: 1, finishFlush: constants.Z_SYNC_FLUSH });
    if (!NUMBERS_FIRST.test(beginOf(bytes.subarray(from, from + SAMPLE)))) continue;
    const text = await expand(bytes.subarray(from), left);
    if (text === undefined) return undefined;
    left -= text.length;
    texts.push(text);
  }
  return texts;
}

/** The first two bytes of what is packed by Flate (RFC 1950, 2.2). */
function isFlate(bytes: Uint8Array, at: number): boolean {
  const [method = 0, flags = 0] = bytes.subarray(at, at + 2);
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

/** How what is packed begins; empty where it says nothing yet. */
function beginOf(packed: Uint8Array): string {
  try {
    const options = { chunkSize: 1024, finishFlush: constants.Z_SYNC_FLUSH };
    return inflateSync(packed, options).toString('latin1', 0, SAMPLE);
  } catch {
    return BROKEN;
  }
}

/** Begins like nothing that is looked for. */
const BROKEN = '?';
