/**
 * ASN.1 of untrusted bytes (X.690), for asn1js and pkijs, which read and write its structures. The guard comes first: those
 * work out every value that they meet, and take seconds for one identifier of 200 kB, before anybody has proven anything.
 */
import { fromBER, type AsnType } from 'asn1js';
import type { MailLimits } from '../mime/limits.ts';

type Asn1Limits = Pick<MailLimits, 'bytesMax' | 'nodesMax' | 'nodeDepthMax'>;

/** One value and nothing after it; undefined for what is none, or is more than the limits allow. Never throws. */
export function readAsn1(bytes: Uint8Array, limits: Asn1Limits): AsnType | undefined {
  if (!isBounded(bytes, limits)) return undefined;
  try {
    const { offset, result } = fromBER(bytes, {
      maxDepth: limits.nodeDepthMax + 2,
      maxNodes: limits.nodesMax * 2,
      maxContentLength: limits.bytesMax,
      parseEmbedded: false,
      copyInput: false,
    });
    return offset === bytes.length ? result : undefined;
  } catch {
    return undefined;
  }
}

/** What `read` makes of a structure; undefined where it is another one, which pkijs says by an error. */
export function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** A structure that is walked, and what it has used up so far. */
interface Walk {
  readonly bytes: Uint8Array;
  readonly depthMax: number;
  nodesLeft: number;
  /** Nodes that are no pieces of a content. */
  structureLeft: number;
  /** Octets of values that a reader works out: identifiers, numbers, texts and times. */
  workedOutLeft: number;
}

/** Dozens of recipients, or all certificates of a chain, have fewer nodes; pkijs takes up to 80 µs for each. */
const STRUCTURE_NODES_MAX = 4096;
/** Names, keys and signatures of all certificates together are shorter. */
const WORKED_OUT_MAX = 262_144;
/** No identifier that anybody knows is longer. */
const OID_OCTETS_MAX = 64;

/** Whether the bytes are one value within the limits. Looks at each node once, and at no content. */
function isBounded(bytes: Uint8Array, limits: Asn1Limits): boolean {
  if (bytes.length > limits.bytesMax) return false;
  const walk = {
    bytes,
    depthMax: limits.nodeDepthMax,
    nodesLeft: limits.nodesMax,
    structureLeft: STRUCTURE_NODES_MAX,
    workedOutLeft: WORKED_OUT_MAX,
  };
  return endOf(walk, { start: 0, end: bytes.length, depth: 0, within: 0 }) === bytes.length;
}

const CONSTRUCTED = 0x20;
/** Tags of one octet alone; CMS has no others. */
const LONG_TAG = 0x1f;
const OCTETS = 0x04;
const OID = 0x06;
/** A content in pieces: an octet string, or `[0]` in its place. */
const IN_PIECES: ReadonlySet<number> = new Set([OCTETS | CONSTRUCTED, 0xa0]);
const UNIVERSAL_MAX = 0x40;
const INDEFINITE = 0x80;
const LENGTH_OCTETS_MAX = 4;

/** Where a value begins, how far it may reach, and the tag of what it stands in. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly within: number;
}

/** Where the value ends; undefined when it goes beyond a limit, or is none. */
function endOf(walk: Walk, { start, end, depth, within }: Place): number | undefined {
  const { bytes } = walk;
  const [tag = 0, length = 0] = bytes.subarray(start, start + 2);
  walk.nodesLeft -= 1;
  if (tag !== OCTETS || !IN_PIECES.has(within)) walk.structureLeft -= 1;
  if (start + 2 > end || walk.nodesLeft < 0 || walk.structureLeft < 0) return undefined;
  if (depth > walk.depthMax || (tag & LONG_TAG) === LONG_TAG) return undefined;
  const isConstructed = (tag & CONSTRUCTED) !== 0;
  const inside = { end, depth: depth + 1, within: tag };
  if (length === INDEFINITE)
    return isConstructed ? openEnd(walk, { ...inside, start: start + 2 }) : undefined;
  const octetCount = length < INDEFINITE ? 0 : length - INDEFINITE;
  if (octetCount > LENGTH_OCTETS_MAX) return undefined;
  const contentStart = start + 2 + octetCount;
  const size = octetCount === 0 ? length : numberOf(bytes.subarray(start + 2, contentStart));
  const contentEnd = contentStart + size;
  if (contentEnd > end || (!isConstructed && !isCheap(walk, tag, size))) return undefined;
  let at: number | undefined = isConstructed ? contentStart : contentEnd;
  while (at !== undefined && at < contentEnd) at = endOf(walk, { ...inside, start: at, end: contentEnd });
  return at;
}

/** After the two zero octets that end an indefinite length (X.690, 8.1.5). */
function openEnd(walk: Walk, first: Place): number | undefined {
  let at: number | undefined = first.start;
  while (at !== undefined && at + 2 <= first.end) {
    if (walk.bytes[at] === 0 && walk.bytes[at + 1] === 0) return at + 2;
    at = endOf(walk, { ...first, start: at });
  }
  return undefined;
}

/** Octet strings, also under a tag of their own, are taken as they are. */
function isCheap(walk: Walk, tag: number, size: number): boolean {
  if (tag === OCTETS || tag >= UNIVERSAL_MAX) return true;
  walk.workedOutLeft -= size;
  return walk.workedOutLeft >= 0 && (tag !== OID || size <= OID_OCTETS_MAX);
}

const numberOf = (octets: Uint8Array): number => octets.reduce((sum, one) => sum * 0x100 + one, 0);

/** What stands in a constructed value, without the mark that ends it; nothing in a primitive one. */
export function nodesIn(node: AsnType | undefined): readonly AsnType[] {
  // What a value holds depends on its kind; the types of the package say it for each kind alone.
  const held: unknown = (node?.valueBlock as { readonly value?: unknown } | undefined)?.value;
  if (node?.idBlock.isConstructed !== true || !Array.isArray(held)) return [];
  return (held as readonly AsnType[]).filter(
    ({ idBlock }) => idBlock.tagClass !== UNIVERSAL || idBlock.tagNumber !== 0,
  );
}

const UNIVERSAL = 1;
const CONTEXT = 3;

/** Whether this is `[number]`. */
export const isContext = (node: AsnType | undefined, number: number): boolean =>
  node?.idBlock.tagClass === CONTEXT && node.idBlock.tagNumber === number;

/** Whether this is a value of this universal tag. */
export const isUniversal = (node: AsnType | undefined, number: number): boolean =>
  node?.idBlock.tagClass === UNIVERSAL && node.idBlock.tagNumber === number;

/** Universal tags that are looked for. */
export const TAG = { integer: 2, octets: 4, sequence: 16, set: 17 } as const;

/** The content of a string of octets or of a number, also one in pieces, and also under a tag of its own. */
export function octetsIn(node: AsnType | undefined): Uint8Array {
  if (node === undefined) return new Uint8Array();
  if (node.idBlock.isConstructed) return Buffer.concat(nodesIn(node).map(octetsIn));
  return (
    (node.valueBlock as { readonly valueHexView?: Uint8Array } | undefined)?.valueHexView ?? new Uint8Array()
  );
}

/** The whole number of a small integer; undefined for one of more than four octets. */
export function smallInteger(node: AsnType | undefined): number | undefined {
  const content = isUniversal(node, TAG.integer) ? octetsIn(node) : new Uint8Array();
  if (content.length === 0 || content.length > 4) return undefined;
  return Buffer.from(content).readIntBE(0, content.length);
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
