/**
 * Reads BER and DER by hand: lists of revoked certificates have tens of thousands of rows, for which a tree of objects
 * takes seconds. Tags of one octet alone; lengths may be indefinite (X.690 8.1.3), as peers write bundles.
 */

/** Bytes that are no BER, or that are nested more deeply than any structure that is read here. */
class DerFault extends Error {}

/** An element where it stands. */
export interface DerElement {
  readonly bytes: Uint8Array;
  /** The identifier octet: class, whether it is constructed, number. */
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly contentEnd: number;
  readonly end: number;
}

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  octetStrings: 0x24,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[n]`, constructed or not. */
export const context = (number: number, constructed = true): number => (constructed ? 0xa0 : 0x80) + number;

const DEPTH_MAX = 32;

/** @throws DerFault */
export function readElement(bytes: Uint8Array, start = 0, limit = bytes.length, depth = 0): DerElement {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (
    tag === undefined ||
    first === undefined ||
    start + 2 > limit ||
    depth > DEPTH_MAX ||
    (tag & 0x1f) === 0x1f
  )
    throw new DerFault('no element');
  if (first === 0x80) {
    const contentEnd = endOfContents(bytes, start + 2, limit, depth);
    return { bytes, tag, start, contentStart: start + 2, contentEnd, end: contentEnd + 2 };
  }
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (octets > 4) throw new DerFault('too long');
  let length = octets === 0 ? first : 0;
  for (let i = 0; i < octets; i += 1) length = length * 256 + (bytes[start + 2 + i] ?? 0);
  const contentStart = start + 2 + octets;
  const end = contentStart + length;
  if (end > limit) throw new DerFault('cut off');
  return { bytes, tag, start, contentStart, contentEnd: end, end };
}

/** Where the two zero octets stand that end an indefinite length. */
function endOfContents(bytes: Uint8Array, start: number, limit: number, depth: number): number {
  for (let at = start; at + 2 <= limit;) {
    if (bytes[at] === 0 && bytes[at + 1] === 0) return at;
    at = readElement(bytes, at, limit, depth + 1).end;
  }
  throw new DerFault('cut off');
}

/** @throws DerFault */
export function elementsIn({ bytes, contentStart, contentEnd }: DerElement): readonly DerElement[] {
  const children: DerElement[] = [];
  for (let at = contentStart; at < contentEnd;) {
    const child = readElement(bytes, at, contentEnd);
    children.push(child);
    at = child.end;
  }
  return children;
}

/** The element, when it has this tag. @throws DerFault */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new DerFault('another element');
  return element;
}

/** Header and content. */
export const rawBytes = ({ bytes, start, end }: DerElement): Uint8Array => bytes.subarray(start, end);

export const contentBytes = ({ bytes, contentStart, contentEnd }: DerElement): Uint8Array =>
  bytes.subarray(contentStart, contentEnd);

/** A SET under another tag is signed and authenticated as the SET that it is (RFC 5652, 5.4). */
export function asSet(tagged: Uint8Array): Uint8Array {
  const set = Buffer.from(tagged);
  set[0] = DER.set;
  return set;
}

/** An octet string, whole or in pieces, which may be in pieces themselves. @throws DerFault */
export function octetsOf(element: DerElement, depth = 0): Uint8Array {
  if ((element.tag & 0x20) === 0) return contentBytes(element);
  if (depth > DEPTH_MAX) throw new DerFault('too deep');
  return Buffer.concat(elementsIn(element).map((piece) => octetsOf(piece, depth + 1)));
}

/** Octets of an OID; those that mean something here have a dozen. */
const OID_BYTES_MAX = 64;

/** The dotted form. @throws DerFault */
export function oidOf(element: DerElement | undefined): string {
  const content = contentBytes(expectTag(element, DER.oid));
  if (content.length > OID_BYTES_MAX) throw new DerFault('too long');
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [joined = 0, ...rest] = arcs;
  const top = Math.min(2, Math.floor(joined / 40));
  return [top, joined - top * 40, ...rest].join('.');
}

/** Milliseconds since 1970 of a UTCTime or a GeneralizedTime, as RFC 5280 has them: in UTC, with seconds. @throws DerFault */
export function timeOf(element: DerElement | undefined): number {
  const written = element === undefined ? '' : Buffer.from(contentBytes(element)).toString('latin1');
  const isShort = element?.tag === DER.utcTime;
  if (!isShort && element?.tag !== DER.generalizedTime) throw new DerFault('no time');
  const found = (
    isShort ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  ).exec(written);
  if (found === null) throw new DerFault('no time');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  const fullYear = isShort ? year + (year < 50 ? 2000 : 1900) : year;
  return Date.UTC(fullYear, month - 1, day, hour, minute, second);
}

/** What `read` makes of untrusted bytes; undefined where they are not what it reads. */
export function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerFault) return undefined;
    throw error;
  }
}
