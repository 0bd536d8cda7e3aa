/** ASN.1 for tests, without the packages that the server reads and writes it with: what was written, and things that nobody writes. */
import type { X509Certificate } from 'node:crypto';
import { oidOf, readElement, readOrNothing } from '../../../src/direct/certificates/der.ts';
import { MAIL_LIMITS, type MailLimits } from '../../../src/direct/mime/limits.ts';

/** One node. Tags are the identifier octet without the bit for "constructed": {@link TAG}, and `0x80 + n` for `[n]`. */
interface Asn1 {
  readonly tag: number;
  readonly isConstructed: boolean;
  readonly children: readonly Asn1[];
  /** What a primitive node holds; empty for a constructed one. */
  readonly content: Uint8Array;
  /** Tag, length and content, as they came. */
  readonly whole: Uint8Array;
  /** Of an object identifier, with dots; else empty. */
  readonly oid: string;
}

export const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  nothing: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x10,
  set: 0x11,
} as const;

/** The tag of `[n]`. */
export const contextTag = (number: number): number => 0x80 + number;

const CONSTRUCTED = 0x20;

/** What is read, and how many nodes it has so far. */
interface Reader {
  readonly bytes: Uint8Array;
  readonly nodesMax: number;
  readonly depthMax: number;
  nodes: number;
}

/**
 * One value and nothing after it; undefined for what is none, or is more than the limits allow. Never throws. Reads each
 * byte once, because a sender has proven nothing yet when its envelope is read.
 */
export function readBer(
  bytes: Uint8Array,
  limits: Pick<MailLimits, 'bytesMax' | 'nodesMax' | 'nodeDepthMax'>,
): Asn1 | undefined {
  if (bytes.length > limits.bytesMax) return undefined;
  const reader = { bytes, nodesMax: limits.nodesMax, depthMax: limits.nodeDepthMax, nodes: 0 };
  const node = readNode(reader, 0, bytes.length, 0);
  return node?.whole.length === bytes.length ? node : undefined;
}

/** Tags of one octet alone; CMS has no others. */
const LONG_TAG = 0x1f;
const INDEFINITE = 0x80;
const LENGTH_OCTETS_MAX = 4;

function readNode(reader: Reader, start: number, end: number, depth: number): Asn1 | undefined {
  const { bytes } = reader;
  const [first = 0, length = 0] = bytes.subarray(start, start + 2);
  reader.nodes += 1;
  if (start + 2 > end || reader.nodes > reader.nodesMax || depth > reader.depthMax) return undefined;
  if ((first & LONG_TAG) === LONG_TAG) return undefined;
  const isConstructed = (first & CONSTRUCTED) !== 0;
  if (length === INDEFINITE)
    return isConstructed ? readOpenEnded(reader, first, start, end, depth) : undefined;
  const octetCount = length < INDEFINITE ? 0 : length - INDEFINITE;
  if (octetCount > LENGTH_OCTETS_MAX) return undefined;
  const contentStart = start + 2 + octetCount;
  const size = octetCount === 0 ? length : numberOf(bytes.subarray(start + 2, contentStart));
  const contentEnd = contentStart + size;
  if (contentEnd > end) return undefined;
  if (!isConstructed) return primitiveNode(first, bytes.subarray(start, contentEnd), contentStart - start);
  const children: Asn1[] = [];
  for (let at = contentStart; at < contentEnd; at += children.at(-1)?.whole.length ?? 0) {
    const child = readNode(reader, at, contentEnd, depth + 1);
    if (child === undefined) return undefined;
    children.push(child);
  }
  return constructedNode(first, children, bytes.subarray(start, contentEnd));
}

/** A value of indefinite length, which two zero octets end (X.690, 8.1.5). */
function readOpenEnded(
  reader: Reader,
  first: number,
  start: number,
  end: number,
  depth: number,
): Asn1 | undefined {
  const { bytes } = reader;
  const children: Asn1[] = [];
  let at = start + 2;
  while (at + 2 <= end && (bytes[at] !== 0 || bytes[at + 1] !== 0)) {
    const child = readNode(reader, at, end, depth + 1);
    if (child === undefined) return undefined;
    children.push(child);
    at += child.whole.length;
  }
  return at + 2 <= end ? constructedNode(first, children, bytes.subarray(start, at + 2)) : undefined;
}

const numberOf = (octet: Uint8Array): number => octet.reduce((sum, one) => sum * 0x100 + one, 0);

const NOTHING = new Uint8Array();

const constructedNode = (first: number, children: readonly Asn1[], whole: Uint8Array): Asn1 => ({
  tag: first & ~CONSTRUCTED,
  isConstructed: true,
  children,
  content: NOTHING,
  whole,
  oid: '',
});

/** No identifier that anybody knows is longer. */
const OID_OCTETS_MAX = 40;

function primitiveNode(tag: number, whole: Uint8Array, contentStart: number): Asn1 {
  const isOid = tag === TAG.oid && whole.length <= OID_OCTETS_MAX;
  return {
    tag,
    isConstructed: false,
    children: [],
    content: whole.subarray(contentStart),
    whole,
    oid: (isOid ? readOrNothing(() => oidOf(readElement(whole))) : undefined) ?? '',
  };
}

/** An octet string, also one in pieces, and also under an implicit tag. */
export function octetsIn(node: Asn1 | undefined): Uint8Array {
  if (node === undefined) return new Uint8Array();
  if (!node.isConstructed) return node.content;
  return Buffer.concat(node.children.map(octetsIn));
}

/** A primitive value in DER. */
export function primitive(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag), lengthOf(content.length), content]);
}

/** A constructed value in DER, of values in DER. */
export function constructed(tag: number, ...values: readonly Uint8Array[]): Uint8Array {
  const length = values.reduce((sum, value) => sum + value.length, 0);
  return Buffer.concat([Uint8Array.of(tag | CONSTRUCTED), lengthOf(length), ...values]);
}

export const sequence = (...values: readonly Uint8Array[]): Uint8Array =>
  constructed(TAG.sequence, ...values);

/** SET OF, sorted as DER wants it. */
export const setOf = (...values: readonly Uint8Array[]): Uint8Array =>
  constructed(TAG.set, ...values.toSorted((a, b) => Buffer.compare(a, b)));

export const writeInteger = (value: number): Uint8Array => primitive(TAG.integer, Uint8Array.of(value));

export const octets = (content: Uint8Array): Uint8Array => primitive(TAG.octets, content);

export const DER_NULL: Uint8Array = Uint8Array.of(TAG.nothing, 0);

/** An object identifier from its text with dots. */
export function objectIdentifier(oid: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  return primitive(TAG.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): readonly number[] {
  const groups = [arc % 0x80];
  for (let left = Math.floor(arc / 0x80); left > 0; left = Math.floor(left / 0x80))
    groups.unshift((left % 0x80) + 0x80);
  return groups;
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const octet: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 0x100)) octet.unshift(left % 0x100);
  return Uint8Array.of(0x80 + octet.length, ...octet);
}

/** IssuerAndSerialNumber of a certificate. */
export function issuerAndSerial({ raw }: X509Certificate): Uint8Array {
  const [, serial, , issuer] = readBer(raw, MAIL_LIMITS)?.children[0]?.children ?? [];
  return sequence(issuer?.whole ?? DER_NULL, serial?.whole ?? DER_NULL);
}

/** ContentInfo: what a structure is, and the structure. */
export const contentInfo = (type: string, content: Uint8Array): Uint8Array =>
  sequence(objectIdentifier(type), constructed(contextTag(0), content));
