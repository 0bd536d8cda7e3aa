/** The chain from a certificate to an anchor (RFC 5280 6.1), of what is at hand: nothing is fetched for it. */
import type { X509Certificate } from 'node:crypto';
import { readFacts, type CertificateFacts } from './certificate-facts.ts';
import { hasFitKey } from './strength.ts';

/** A certificate, and the authorities that came with it or are stored: hints, in any order. */
export interface ChainMaterial {
  readonly leaf: X509Certificate;
  readonly intermediates: readonly X509Certificate[];
}

/** Certificates from the leaf to the anchor, both included. */
export type Chain = readonly [leaf: X509Certificate, ...rest: X509Certificate[]];

const LENGTH_MAX = 8;
const INTERMEDIATES_MAX = 64;
/** Signatures that are verified for one leaf: more would let a mail keep the server busy. */
const VERIFIED_MAX = 64;

/** The shortest chain to one of the anchors, each link of it valid at `at`; undefined when there is none. */
export function chainTo(
  { leaf, intermediates }: ChainMaterial,
  anchors: readonly X509Certificate[],
  at: number,
): Chain | undefined {
  const isIssuer = (one: X509Certificate, below: number): boolean => mayIssue(readFacts(one), one, below, at);
  const hints = intermediates.slice(0, INTERMEDIATES_MAX);
  let verified = 0;
  const hasIssued = (issuer: X509Certificate, one: X509Certificate): boolean => {
    if (!one.checkIssued(issuer) || verified >= VERIFIED_MAX) return false;
    verified += 1;
    return readFacts(one)?.signature !== undefined && verifies(one, issuer);
  };
  let chains: readonly Chain[] = [[leaf]];
  for (let length = 1; length < LENGTH_MAX && chains.length > 0; length += 1) {
    const below = length - 1; // authorities between the next one and the leaf
    for (const chain of chains) {
      const last = chain.at(-1) ?? leaf;
      const anchor = anchors.find((one) => isIssuer(one, below) && hasIssued(one, last));
      if (anchor !== undefined) return [...chain, anchor] as unknown as Chain; // begins with the leaf
    }
    chains = chains.flatMap((chain) => {
      const last = chain.at(-1) ?? leaf;
      return hints
        .filter((one) => !chain.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256))
        .filter((one) => isIssuer(one, below) && hasIssued(one, last))
        .map((one) => [...chain, one] as unknown as Chain); // begins with the leaf
    });
  }
  return undefined;
}

/** Whether a certificate may be an anchor: an authority's, and valid. */
export function isAnchorAt(certificate: X509Certificate, at: number): boolean {
  const facts = readFacts(certificate);
  return facts !== undefined && facts.isCa && facts.notBefore <= at && at <= facts.notAfter;
}

function verifies(one: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return one.verify(issuer.publicKey);
  } catch {
    return false; // a key of another kind than the signature
  }
}

/** Whether a certificate is an authority's that may have issued one with so many authorities below it. */
function mayIssue(
  facts: CertificateFacts | undefined,
  certificate: X509Certificate,
  below: number,
  at: number,
): boolean {
  return (
    facts !== undefined &&
    facts.isCa &&
    !facts.isStrange &&
    (facts.pathLength ?? Infinity) >= below &&
    (facts.keyUsage?.has('keyCertSign') ?? true) &&
    facts.notBefore <= at &&
    at <= facts.notAfter &&
    hasFitKey(certificate)
  );
}
