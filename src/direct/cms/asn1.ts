/**
 * ASN.1 as CMS needs it (X.690): BER is read, also in pieces and with indefinite lengths, as the reference agent writes
 * it; DER is written. Nodes keep their exact bytes, because signatures and names are compared by them.
 */
import { fromBER, ObjectIdentifier, type AsnType } from 'asn1js';
import type { MailLimits } from '../mime/limits.ts';

/** One node. Tags are the identifier octet without the bit for "constructed": {@link TAG}, and `0x80 + n` for `[n]`. */
export interface Asn1 {
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

/** One value and nothing after it; undefined for what is none, or is more than the limits allow. Never throws. */
export function readAsn1(
  bytes: Uint8Array,
  limits: Pick<MailLimits, 'bytesMax' | 'nodesMax' | 'nodeDepthMax'>,
): Asn1 | undefined {
  if (bytes.length === 0 || bytes.length > limits.bytesMax) return undefined;
  try {
    const { offset, result } = fromBER(bytes, {
      maxDepth: limits.nodeDepthMax,
      maxNodes: limits.nodesMax,
      maxContentLength: limits.bytesMax,
      parseEmbedded: false,
      copyInput: false,
    });
    return offset === bytes.length ? viewOf(result) : undefined;
  } catch {
    return undefined;
  }
}

const CLASS_BITS = 6;
const NUMBER_MAX = 0x1e;

function viewOf(node: AsnType): Asn1 {
  const { tagClass, tagNumber, isConstructed } = node.idBlock;
  // What a node holds depends on its kind; the package types say it for each kind alone.
  const held = node.valueBlock as
    | { readonly value?: unknown; readonly valueHexView?: Uint8Array }
    | undefined;
  const children = isConstructed && Array.isArray(held?.value) ? (held.value as readonly AsnType[]) : [];
  return {
    tag: tagNumber > NUMBER_MAX ? -1 : ((tagClass - 1) << CLASS_BITS) | tagNumber,
    isConstructed,
    children: children.filter(({ idBlock }) => !isEnd(idBlock)).map(viewOf),
    content: isConstructed ? new Uint8Array() : contentOf(node.valueBeforeDecodeView),
    whole: node.valueBeforeDecodeView,
    oid: node instanceof ObjectIdentifier ? node.getValue() : '',
  };
}

/** The mark that ends an indefinite length. */
const isEnd = ({ tagClass, tagNumber }: AsnType['idBlock']): boolean => tagClass === 1 && tagNumber === 0;

/** The content of a primitive node with a tag of one octet: its length is definite. */
function contentOf(whole: Uint8Array): Uint8Array {
  const first = whole[1] ?? 0;
  return whole.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
}

/** An octet string, also one in pieces, and also under an implicit tag. */
export function octetsIn(node: Asn1 | undefined): Uint8Array {
  if (node === undefined) return new Uint8Array();
  if (!node.isConstructed) return node.content;
  return Buffer.concat(node.children.map(octetsIn));
}

/** The whole number of a small integer; undefined for one of more than four octets. */
export function smallInteger(node: Asn1 | undefined): number | undefined {
  if (node?.tag !== TAG.integer || node.content.length === 0 || node.content.length > 4) return undefined;
  return Buffer.from(node.content).readIntBE(0, node.content.length);
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const CONSTRUCTED = 0x20;

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
