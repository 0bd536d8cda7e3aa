/** The parts of a multipart, cut at its boundary, byte for byte (RFC 2046, 5.1.1): a signature covers exactly one. */

/** Where a part stands. The line end before a boundary belongs to the boundary. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

interface Cut {
  readonly parts: readonly ByteSpan[];
  /** Whether the last boundary came. */
  readonly isClosed: boolean;
  /** Whether there were more parts than asked for. */
  readonly hasMore: boolean;
}

const CR = 0x0d;
const LF = 0x0a;
const HYPHEN = 0x2d;
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09]);

/** RFC 2046 allows 70 characters; some programs write longer ones. */
const BOUNDARY_MAX = 200;

/** Cuts the body between two positions; undefined when the boundary is none. */
export function cutParts(
  bytes: Uint8Array,
  boundary: string | undefined,
  { start, end }: ByteSpan,
  partsMax: number,
): Cut | undefined {
  if (boundary === undefined || boundary === '' || boundary.length > BOUNDARY_MAX) return undefined;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  const parts: ByteSpan[] = [];
  let open: number | undefined;
  for (let at = body.indexOf(mark, start); at !== -1; at = body.indexOf(mark, at + mark.length)) {
    if (at > start && body[at - 1] !== LF) continue;
    const line = delimiterEnd(body, at + mark.length);
    if (line === undefined) continue;
    if (open !== undefined) parts.push({ start: open, end: beforeLineEnd(body, at, open) });
    if (line.isLast) return { parts, isClosed: true, hasMore: false };
    if (parts.length === partsMax) return { parts, isClosed: false, hasMore: true };
    open = line.next;
  }
  if (open !== undefined) parts.push({ start: Math.min(open, end), end });
  return { parts, isClosed: false, hasMore: false };
}

/** After a boundary come two hyphens at the end of all parts, then blanks and a line end; undefined for other text. */
function delimiterEnd(
  body: Uint8Array,
  after: number,
): { readonly next: number; readonly isLast: boolean } | undefined {
  const isLast = body[after] === HYPHEN && body[after + 1] === HYPHEN;
  let at = isLast ? after + 2 : after;
  while (BLANKS.has(body[at])) at += 1;
  if (body[at] === CR && body[at + 1] === LF) return { next: at + 2, isLast };
  if (body[at] === LF) return { next: at + 1, isLast };
  return at >= body.length ? { next: body.length, isLast } : undefined;
}

function beforeLineEnd(body: Uint8Array, at: number, start: number): number {
  const lf = at - 1;
  if (lf < start) return start;
  return body[lf - 1] === CR && lf - 1 >= start ? lf - 1 : lf;
}
