/** Which public keys a client may be registered with, and may show at its address (smart SM-66). */
import { createPublicKey, type JsonWebKey } from 'node:crypto';

const CLIENT_KEYS_MAX = 20;
const RSA_BITS_MIN = 2048;
const CURVES: readonly string[] = ['P-384'];

/** Members of private and symmetric keys (RFC 7518, 6). */
const PRIVATE: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** What is wrong with a set of keys, a sentence each; none: it can be used. */
export function faultsOfKeys(keys: unknown): readonly string[] {
  if (!Array.isArray(keys) || keys.length === 0) return ['it holds no keys'];
  if (keys.length > CLIENT_KEYS_MAX) return [`it holds more than ${CLIENT_KEYS_MAX} keys`];
  const ids = keys.map((key) => (isKey(key) ? key['kid'] : undefined));
  const doubled = new Set(ids).size < ids.length;
  return [...keys.flatMap(faultOfKey), ...(doubled ? ['two keys have one kid'] : [])];
}

const isKey = (key: unknown): key is Readonly<Record<string, unknown>> =>
  typeof key === 'object' && key !== null && !Array.isArray(key);

function faultOfKey(key: unknown): readonly string[] {
  if (!isKey(key)) return ['a key is no object'];
  const { kid, kty, crv, use } = key;
  if (typeof kid !== 'string' || kid === '' || kid.length > 255) return ['a key has no kid'];
  if (PRIVATE.some((member) => key[member] !== undefined)) return [`the key ${kid} shows its private part`];
  if (use !== undefined && use !== 'sig') return [`the key ${kid} is not for signing`];
  if (kty === 'EC' && !(typeof crv === 'string' && CURVES.includes(crv)))
    return [`the key ${kid} is on none of the curves ${CURVES.join(', ')}`];
  if (kty !== 'EC' && kty !== 'RSA') return [`the key ${kid} is neither RSA nor EC`];
  return bitsOf(key) >= (kty === 'RSA' ? RSA_BITS_MIN : 0) ? [] : [`the key ${kid} is too short, or none`];
}

/** The length of an RSA key; 0 of an EC key that is one; −1 of what is no key. */
function bitsOf(key: Readonly<Record<string, unknown>>): number {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: 'jwk' }); // read as one, or refused
    return asymmetricKeyDetails?.modulusLength ?? 0;
  } catch {
    return -1;
  }
}
