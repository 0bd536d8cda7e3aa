/** The checks of a certificate that signs Direct mail, or for which it is encrypted: a row each (direct-xdm 4). */
import type { X509Certificate } from 'node:crypto';
import type { DirectAddress, Distrust } from '../../ports/direct.ts';
import { domainOfAddress } from '../address.ts';
import { readFacts, type CertificateFacts } from './certificate-facts.ts';
import { chainTo, type ChainMaterial } from './chain.ts';
import { findRevoked, type Revocation } from './revocation.ts';
import { hasFitKey } from './strength.ts';

/** What a certificate is used for: to verify a signature, or to encrypt for its holder. */
export type CertificateUse = 'sign' | 'encrypt';

/** Why a certificate is not used, in words for an operator, and what that is of a mail that it signed. */
export const CERTIFICATE_FAULTS = {
  unreadable: fault('certificate-unfit', 'is no X.509 certificate of version 3'),
  strange: fault('certificate-unfit', 'has a critical extension that is not understood, or one twice'),
  'not-bound': fault('signer-not-sender', 'names neither the address nor its domain in subjectAltName'),
  'not-yet-valid': fault('certificate-expired', 'is not valid yet'),
  expired: fault('certificate-expired', 'has expired'),
  authority: fault('certificate-unfit', 'is the certificate of an authority'),
  'key-usage': fault('certificate-unfit', 'has a key that is not meant for this use (keyUsage)'),
  'extended-key-usage': fault('certificate-unfit', 'is not meant for mail (extKeyUsage)'),
  'weak-signature': fault('certificate-unfit', 'was signed with a digest that is too weak, or not known'),
  'weak-key': fault('certificate-unfit', 'has a key that is too weak, or of another kind'),
  untrusted: fault('untrusted', 'leads to no anchor, by authorities that are valid and strong enough'),
  revoked: fault('revoked', 'was revoked'),
  'revocation-unknown': fault('revocation-unknown', 'may have been revoked: its list cannot be had'),
} as const satisfies Readonly<Record<string, FaultRow>>;

export type CertificateFault = keyof typeof CERTIFICATE_FAULTS;

interface FaultRow {
  readonly distrust: Distrust;
  /** Goes on from "The certificate". */
  readonly says: string;
}

function fault(distrust: Distrust, says: string): FaultRow {
  return { distrust, says };
}

/** The use of mail (RFC 8551 4.4.4), and any use. */
const MAIL_USES: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.4', '2.5.29.37.0']);

interface Leaf {
  readonly certificate: X509Certificate;
  readonly facts: CertificateFacts;
  readonly address: DirectAddress;
  readonly use: CertificateUse;
  readonly at: number;
}

type Check = readonly [fault: CertificateFault, isAtFault: (leaf: Leaf) => boolean];

/** What the certificate itself must be (direct-xdm 4), in the order in which a fault is named. */
const CHECKS: readonly Check[] = [
  ['unreadable', ({ facts }) => !facts.isVersion3],
  ['strange', ({ facts }) => facts.isStrange],
  ['not-bound', ({ facts, address }) => !isBoundTo(facts, address)],
  ['not-yet-valid', ({ facts, at }) => at < facts.notBefore],
  ['expired', ({ facts, at }) => at > facts.notAfter],
  ['authority', ({ facts }) => facts.isCa],
  ['weak-key', ({ certificate }) => !hasFitKey(certificate)],
  ['weak-signature', ({ facts }) => facts.signature === undefined],
  ['key-usage', ({ facts, certificate, use }) => facts.keyUsage?.has(usageFor(certificate, use)) !== true],
  [
    'extended-key-usage',
    ({ facts: { extendedKeyUsage } }) =>
      extendedKeyUsage !== undefined && !extendedKeyUsage.some((oid) => MAIL_USES.has(oid)),
  ],
];

/** A key agrees on a secret on a curve, and unwraps one with RSA. */
const usageFor = ({ publicKey }: X509Certificate, use: CertificateUse) =>
  use === 'sign'
    ? 'digitalSignature'
    : publicKey.asymmetricKeyType === 'ec'
      ? 'keyAgreement'
      : 'keyEncipherment';

/** Exactly that address, or exactly its domain: no subdomain, no wildcard, and never a name of the subject. */
const isBoundTo = ({ addresses, domains }: CertificateFacts, address: DirectAddress): boolean =>
  addresses.includes(address) || domains.includes(domainOfAddress(address));

/** Whether a certificate names an address or its domain, whatever else is wrong with it. */
export function coversAddress(certificate: X509Certificate, address: DirectAddress): boolean {
  const facts = readFacts(certificate);
  return facts !== undefined && isBoundTo(facts, address);
}

/**
 * Whether the certificate is fit for this use and this address on its own, whoever issued it.
 *
 * @param at milliseconds since 1970
 * @returns the first fault; undefined when there is none
 */
export function checkLeaf(
  certificate: X509Certificate,
  address: DirectAddress,
  use: CertificateUse,
  at: number,
): CertificateFault | undefined {
  const facts = readFacts(certificate);
  if (facts === undefined) return 'unreadable';
  const leaf = { certificate, facts, address, use, at };
  return CHECKS.find(([, isAtFault]) => isAtFault(leaf))?.[0];
}

/**
 * Whether the certificate is fit, leads to an anchor and was not revoked: all rows of section 4.
 *
 * @param at when the mail was received, or is sent: milliseconds since 1970
 * @returns the first fault; undefined when there is none
 */
export function checkCertificate(
  material: ChainMaterial,
  address: DirectAddress,
  use: CertificateUse,
  anchors: readonly X509Certificate[],
  at: number,
  revocation: Revocation,
): CertificateFault | undefined {
  const unfit = checkLeaf(material.leaf, address, use, at);
  if (unfit !== undefined) return unfit;
  const chain = chainTo(material, anchors, at);
  return chain === undefined ? 'untrusted' : findRevoked(chain, revocation, at);
}
