/**
 * Finds the ends of the segments of a text. The standard says "the segment terminator is always a carriage return" (HL7
 * v2.5.1, 2.5.1); senders also write LF or CR LF, blank lines, a byte order mark, and the ends of an MLLP block around
 * the text.
 */

export interface Line {
  readonly text: string;
  /** The line end, with the blank lines after it; empty at the end of the text. */
  readonly end: string;
}

/** The text before the first segment. */
export const prefixOf = (source: string): string => /^\ufeff?[ \t\r\n\v]*/.exec(source)?.[0] ?? '';

// oxlint-disable-next-line no-control-regex -- FS ends an MLLP block
const ENDS_CR = /\r\n?(?:[ \t\x1c]*(?:\r\n?|$))*|\x1c[\r\n]*$/g;
// oxlint-disable-next-line no-control-regex -- as above
const ENDS_LF = /(?:\r\n?|\n)(?:[ \t\x1c]*(?:\r\n?|\n|$))*|\x1c[\r\n]*$/g;

/** The text of the first segment. */
export function firstLine(source: string, from: number): string {
  for (const { text } of eachLine(source, from)) return text;
  return '';
}

/**
 * The lines from `from` on, one at a time, so that a caller that finds a fault need not split the rest. CR and CR LF
 * end a line. A lone LF ends a line only in a text whose first line ends with LF: elsewhere it is part of a value, and
 * a value must not begin a segment.
 */
export function* eachLine(source: string, from: number): Generator<Line> {
  const firstEnd = /\r\n|[\r\n]/g;
  firstEnd.lastIndex = from;
  const ends = new RegExp(firstEnd.exec(source)?.[0].endsWith('\n') ? ENDS_LF : ENDS_CR);
  let start = from;
  ends.lastIndex = from;
  for (let found = ends.exec(source); found !== null; found = ends.exec(source)) {
    yield { text: source.slice(start, found.index), end: found[0] };
    start = ends.lastIndex;
  }
  if (start < source.length) yield { text: source.slice(start), end: '' };
}
