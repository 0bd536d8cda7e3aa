/** Lists of revoked certificates (RFC 5280 5): read once, asked often. */
import { constants, verify, type X509Certificate } from 'node:crypto';
import { extensionsIn, readFacts, serialOf, uriNamesOf } from './certificate-facts.ts';
import {
  elementsIn,
  contentBytes,
  context,
  expectTag,
  oidOf,
  rawBytes,
  readElement,
  readOrNothing,
  DER,
  timeOf,
  type DerElement,
} from './der.ts';
import { schemeOf, type SignatureScheme } from './strength.ts';

export interface RevocationList {
  /** The name of its signer, DER. */
  readonly issuer: Uint8Array;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Serial numbers of revoked certificates, with the reason's code (RFC 5280 5.3.1). */
  readonly revoked: ReadonlyMap<string, number>;
  /** What it is about, where it is not about all certificates of its issuer. */
  readonly scope: ListScope;
  readonly signed: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly signature: Uint8Array;
}

interface ListScope {
  /** Where it says that it is found; a certificate must name one of these. Undefined: it does not say. */
  readonly places: readonly string[] | undefined;
  readonly only: 'users' | 'authorities' | undefined;
}

const EXTENSION = { reason: '2.5.29.21', issuingDistributionPoint: '2.5.29.28' } as const;
const UNSPECIFIED = 0;

/**
 * Undefined for what is no list, for one without nextUpdate, and for one that is only part of a list: of changes, of some
 * reasons, of several issuers.
 */
export const readRevocationList = (der: Uint8Array): RevocationList | undefined =>
  readOrNothing(() => listIn(der));

function listIn(der: Uint8Array): RevocationList | undefined {
  const [signed, algorithm, signature] = elementsIn(expectTag(readElement(der), DER.sequence));
  const fields = elementsIn(expectTag(signed, DER.sequence));
  const rest = fields.slice(fields[0]?.tag === DER.integer ? 1 : 0);
  const [inner, issuer, thisUpdate, nextUpdate, rows, last] = rest;
  const scope = scopeIn(last ?? (rows?.tag === context(0) ? rows : undefined));
  const scheme = schemeOf(algorithm);
  const hasNext = nextUpdate?.tag === DER.utcTime || nextUpdate?.tag === DER.generalizedTime;
  const isSame =
    Buffer.compare(rawBytes(expectTag(inner, DER.sequence)), rawBytes(expectTag(algorithm, DER.sequence))) ===
    0;
  if (scope === undefined || scheme === undefined || !hasNext || !isSame) return undefined;
  return {
    issuer: rawBytes(expectTag(issuer, DER.sequence)),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate: timeOf(nextUpdate),
    revoked: rows?.tag === DER.sequence ? revokedIn(rows) : new Map(),
    scope,
    signed: rawBytes(expectTag(signed, DER.sequence)),
    scheme,
    signature: contentBytes(expectTag(signature, DER.bitString)).subarray(1),
  };
}

/** Undefined: a critical extension narrows the list in a way that is not followed (RFC 5280 5.2.4, 5.2.5). */
function scopeIn(list: DerElement | undefined): ListScope | undefined {
  const { extensions, isTwice } = extensionsIn(list);
  const strange = [...extensions].some(
    ([oid, { isCritical }]) => isCritical && oid !== EXTENSION.issuingDistributionPoint,
  );
  if (isTwice || strange) return undefined;
  const point = extensions.get(EXTENSION.issuingDistributionPoint)?.value;
  const fields = point === undefined ? [] : elementsIn(point);
  const isSet = (number: number): boolean =>
    fields.some((field) => field.tag === context(number, false) && contentBytes(field)[0] !== 0);
  const someReasons = fields.some(({ tag }) => tag === context(3, false));
  if (someReasons || isSet(4) || isSet(5)) return undefined; // reasons, indirect, attribute certificates
  const name = fields.find(({ tag }) => tag === context(0));
  return {
    places: name && uriNamesOf(name),
    only: isSet(1) ? 'users' : isSet(2) ? 'authorities' : undefined,
  };
}

function revokedIn(rows: DerElement): ReadonlyMap<string, number> {
  const revoked = new Map<string, number>();
  for (const row of elementsIn(rows)) {
    const [serial, , extensions] = elementsIn(row);
    revoked.set(serialOf(serial), extensions === undefined ? UNSPECIFIED : reasonIn(extensions));
  }
  return revoked;
}

function reasonIn(extensions: DerElement): number {
  for (const one of elementsIn(extensions)) {
    const [oid, ...rest] = elementsIn(one);
    const value = rest.at(-1);
    if (value !== undefined && oidOf(oid) === EXTENSION.reason)
      return contentBytes(readElement(contentBytes(value)))[0] ?? UNSPECIFIED;
  }
  return UNSPECIFIED;
}

/** Which lists an authority has signed, so that a large one is verified once. */
const verified = new WeakMap<RevocationList, Map<string, boolean>>();

/** Whether the list is by this authority, signed by its key, which may sign lists. */
export function isListBy(list: RevocationList, issuer: X509Certificate): boolean {
  const byIssuer = verified.get(list) ?? new Map<string, boolean>();
  verified.set(list, byIssuer);
  const known = byIssuer.get(issuer.fingerprint256);
  if (known !== undefined) return known;
  const is = isSignedBy(list, issuer);
  byIssuer.set(issuer.fingerprint256, is);
  return is;
}

function isSignedBy(
  { issuer: name, scheme, signed, signature }: RevocationList,
  issuer: X509Certificate,
): boolean {
  const facts = readFacts(issuer);
  if (facts === undefined || Buffer.compare(facts.subject, name) !== 0) return false;
  if (facts.keyUsage !== undefined && !facts.keyUsage.has('cRLSign')) return false;
  try {
    return verify(
      scheme.digest,
      signed,
      { key: issuer.publicKey, ...(scheme.isPss && { padding: constants.RSA_PKCS1_PSS_PADDING }) },
      signature,
    );
  } catch {
    return false; // a key of another kind than the signature
  }
}
