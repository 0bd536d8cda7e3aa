/** What a certificate says of itself that `node:crypto` does not tell: its extensions (RFC 5280 4.2), by OID. */
import type { X509Certificate } from 'node:crypto';
import {
  elementsIn,
  contentBytes,
  context,
  expectTag,
  octetsOf,
  oidOf,
  rawBytes,
  readElement,
  readOrNothing,
  DER,
  timeOf,
  type DerElement,
} from './der.ts';
import { schemeOf, type SignatureScheme } from './strength.ts';

export interface CertificateFacts {
  readonly isVersion3: boolean;
  /** How its issuer signed it; undefined: too weak, or not known. */
  readonly signature: SignatureScheme | undefined;
  /** The issuer's name, DER. */
  readonly issuer: Uint8Array;
  /** The subject's name, DER. */
  readonly subject: Uint8Array;
  /** In hex, without leading zeros. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** rfc822Name of subjectAltName, in lower case. */
  readonly addresses: readonly string[];
  /** dNSName of subjectAltName, in lower case. */
  readonly domains: readonly string[];
  readonly isCa: boolean;
  /** Authorities that may follow below (RFC 5280 4.2.1.9). */
  readonly pathLength: number | undefined;
  /** Undefined: it has no such extension. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** OIDs; undefined: it has no such extension. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Where it says that lists of revoked certificates are. */
  readonly listPlaces: readonly string[];
  /** Whether it has an extension that must be understood and is not, or one twice. */
  readonly isStrange: boolean;
}

/** The bits in their order (RFC 5280 4.2.1.3). */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

type KeyUsage = (typeof KEY_USAGES)[number];

/** Extensions that the server reads, and those that change nothing for the reader of a mail. */
const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
} as const;

const UNDERSTOOD: ReadonlySet<string> = new Set(Object.values(EXTENSION));

const known = new WeakMap<X509Certificate, CertificateFacts | { readonly unreadable: true }>();

/** Read once for each certificate; undefined when it cannot be read. */
export function readFacts(certificate: X509Certificate): CertificateFacts | undefined {
  let facts = known.get(certificate);
  if (facts === undefined) {
    facts = readOrNothing(() => factsIn(certificate.raw)) ?? { unreadable: true };
    known.set(certificate, facts);
  }
  return 'unreadable' in facts ? undefined : facts;
}

interface Extension {
  readonly isCritical: boolean;
  readonly value: DerElement;
}

function factsIn(der: Uint8Array): CertificateFacts {
  const [signed] = elementsIn(expectTag(readElement(der), DER.sequence));
  const fields = elementsIn(expectTag(signed, DER.sequence));
  const version = fields.find(({ tag }) => tag === context(0));
  const [serial, algorithm, issuer, validity, subject] = fields.slice(version === undefined ? 0 : 1);
  const [notBefore, notAfter] = elementsIn(expectTag(validity, DER.sequence));
  const list = fields.find(({ tag }) => tag === context(3));
  const { extensions, isTwice } = extensionsIn(list);
  const value = (oid: string): DerElement | undefined => extensions.get(oid)?.value;
  return {
    isVersion3: version !== undefined && contentBytes(version).at(-1) === 2,
    signature: schemeOf(algorithm),
    issuer: rawBytes(expectTag(issuer, DER.sequence)),
    subject: rawBytes(expectTag(subject, DER.sequence)),
    serial: serialOf(serial),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    ...namesIn(value(EXTENSION.subjectAltName)),
    ...constraintsIn(value(EXTENSION.basicConstraints)),
    keyUsage: usagesIn(value(EXTENSION.keyUsage)),
    extendedKeyUsage: usesIn(value(EXTENSION.extKeyUsage)),
    listPlaces: placesIn(value(EXTENSION.crlDistributionPoints)),
    isStrange: isTwice || [...extensions].some(([oid, { isCritical }]) => isCritical && !UNDERSTOOD.has(oid)),
  };
}

/** In hex, as node:crypto and lists of revoked certificates have it. @throws DerFault */
export const serialOf = (element: DerElement | undefined): string =>
  Buffer.from(contentBytes(expectTag(element, DER.integer)))
    .toString('hex')
    .replace(/^0+(?=.)/, '');

/** The extensions of a certificate, or of a list, by their OIDs. @throws DerFault */
export function extensionsIn(list: DerElement | undefined): {
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly isTwice: boolean;
} {
  const all = list === undefined ? [] : elementsIn(expectTag(elementsIn(list)[0], DER.sequence));
  const extensions = new Map<string, Extension>();
  for (const one of all) {
    const [oid, ...rest] = elementsIn(expectTag(one, DER.sequence));
    const [critical] = rest;
    const isCritical = critical?.tag === DER.boolean && contentBytes(critical)[0] !== 0;
    const value = expectTag(rest.at(-1), DER.octetString);
    extensions.set(oidOf(oid), { isCritical, value: readElement(octetsOf(value)) });
  }
  return { extensions, isTwice: extensions.size < all.length };
}

/** GeneralName: `[1]` rfc822Name, `[2]` dNSName, `[6]` URI (RFC 5280 4.2.1.6). */
const RFC822_NAME = context(1, false);
const DNS_NAME = context(2, false);
const URI_NAME = context(6, false);

/** The text of GeneralNames of one kind. */
const generalNames = (names: readonly DerElement[], tag: number): readonly string[] =>
  names.flatMap((name) => (name.tag === tag ? [Buffer.from(contentBytes(name)).toString('latin1')] : []));

function namesIn(value: DerElement | undefined): Pick<CertificateFacts, 'addresses' | 'domains'> {
  const names = value === undefined ? [] : elementsIn(expectTag(value, DER.sequence));
  const lower = (tag: number) => generalNames(names, tag).map((name) => name.toLowerCase());
  return { addresses: lower(RFC822_NAME), domains: lower(DNS_NAME) };
}

function constraintsIn(value: DerElement | undefined): Pick<CertificateFacts, 'isCa' | 'pathLength'> {
  const fields = value === undefined ? [] : elementsIn(expectTag(value, DER.sequence));
  const ca = fields.find(({ tag }) => tag === DER.boolean);
  const length = fields.find(({ tag }) => tag === DER.integer);
  return {
    isCa: ca !== undefined && contentBytes(ca)[0] !== 0,
    pathLength: length && Number.parseInt(serialOf(length), 16),
  };
}

function usagesIn(value: DerElement | undefined): ReadonlySet<KeyUsage> | undefined {
  if (value === undefined) return undefined;
  const [, ...octets] = contentBytes(expectTag(value, DER.bitString));
  return new Set(KEY_USAGES.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

const usesIn = (value: DerElement | undefined): readonly string[] | undefined =>
  value && elementsIn(expectTag(value, DER.sequence)).map(oidOf);

/**
 * Each distribution point that is about all reasons and about the issuer's own list; its places are alternatives (RFC
 * 5280 4.2.1.13).
 */
function placesIn(value: DerElement | undefined): readonly string[] {
  const points = value === undefined ? [] : elementsIn(expectTag(value, DER.sequence));
  return points.flatMap((point) => {
    const fields = elementsIn(point);
    if (fields.some(({ tag }) => tag !== context(0))) return [];
    return fields.flatMap(uriNamesOf);
  });
}

/** The URIs of a DistributionPointName: `[0]` around `[0]` fullName. */
export const uriNamesOf = (point: DerElement): readonly string[] =>
  elementsIn(point).flatMap((name) =>
    name.tag === context(0) ? generalNames(elementsIn(name), URI_NAME) : [],
  );
