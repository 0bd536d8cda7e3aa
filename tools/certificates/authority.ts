/**
 * Certificates to throw away, for demonstrations and tests: an authority of one's own that issues whatever it is asked
 * for, faulty ones too. X.509 v3 written as DER (RFC 5280); the keys are node:crypto's.
 */
import { createHash, generateKeyPair, randomBytes, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { bits, boolean, context, integer, nul, octets, oid, pem, sequence, set, text, time } from './der.ts';

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type KeyUsage = 'digitalSignature' | 'keyEncipherment' | 'keyAgreement' | 'keyCertSign' | 'cRLSign';
type Digest = 'sha1' | 'sha256' | 'sha384';

/** What a certificate shall say. */
export interface Wish {
  readonly commonName: string;
  readonly keys: Keys;
  /** Domains (dNSName) and addresses (rfc822Name) of the subjectAltName. */
  readonly domains?: readonly string[];
  readonly addresses?: readonly string[];
  /** Milliseconds since 1970; without them from 2020 to 2049. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** `digitalSignature` and `keyEncipherment` unless told otherwise; none leaves the extension out. */
  readonly usages?: readonly KeyUsage[];
  /** As dotted numbers; emailProtection unless told otherwise. */
  readonly extendedUsages?: readonly string[];
  readonly isAuthority?: boolean;
  readonly digest?: Digest;
  /** Where the list of revoked certificates is. */
  readonly crlUrl?: string;
}

export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  readonly keys: Keys;
  /** In hexadecimal. */
  readonly serial: string;
}

export interface Authority extends Certificate {
  readonly issue: (wish: Wish) => Certificate;
  /** An authority below this one. */
  readonly below: (wish: Pick<Wish, 'commonName' | 'keys'>) => Authority;
  /** The list of revoked certificates, as DER. */
  readonly revoke: (serials: readonly string[], thisUpdate: number, nextUpdate: number) => Buffer;
}

const generate = promisify(generateKeyPair);

export const rsaKeys = (modulusLength = 2048): Promise<Keys> => generate('rsa', { modulusLength });
export const ecKeys = (namedCurve = 'P-256'): Promise<Keys> => generate('ec', { namedCurve });

/** An authority that signs itself. */
export function createAuthority(wish: Pick<Wish, 'commonName' | 'keys'>): Authority {
  const { keys } = wish;
  const wanted: Wish = { ...AUTHORITY, ...wish };
  return authorityOf(certify(wanted, { commonName: wish.commonName, keys }), wish.commonName);
}

const AUTHORITY = {
  isAuthority: true,
  usages: ['keyCertSign', 'cRLSign'],
  extendedUsages: [],
} as const satisfies Partial<Wish>;

const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
const FROM = Date.UTC(2020, 0, 1);
const UNTIL = Date.UTC(2049, 11, 31);
const SERIAL_BYTES = 12;

interface Issuer {
  readonly commonName: string;
  readonly keys: Keys;
}

function authorityOf(own: Certificate, commonName: string): Authority {
  const issuer: Issuer = { commonName, keys: own.keys };
  return {
    ...own,
    issue: (wish) => certify(wish, issuer),
    below: (wish) => authorityOf(certify({ ...AUTHORITY, ...wish }, issuer), wish.commonName),
    revoke: (serials, thisUpdate, nextUpdate) => revocations(issuer, serials, thisUpdate, nextUpdate),
  };
}

function certify(wish: Wish, issuer: Issuer): Certificate {
  const serial = Buffer.concat([Buffer.of(1), randomBytes(SERIAL_BYTES)]);
  const digest = wish.digest ?? 'sha256';
  const signed = sequence(
    context(0, integer(Buffer.of(2))),
    integer(serial),
    algorithmOf(issuer.keys, digest),
    nameOf(issuer.commonName),
    sequence(time(wish.notBefore ?? FROM), time(wish.notAfter ?? UNTIL)),
    nameOf(wish.commonName),
    wish.keys.publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(...extensionsOf(wish, issuer))),
  );
  return {
    certificate: pem('CERTIFICATE', signedBy(issuer.keys, digest, signed)),
    privateKey: String(wish.keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    keys: wish.keys,
    serial: serial.toString('hex'),
  };
}

/** Certificate and CertificateList: what is signed, how, and the signature. */
const signedBy = (keys: Keys, digest: Digest, signed: Buffer): Buffer =>
  sequence(signed, algorithmOf(keys, digest), bits(sign(digest, signed, keys.privateKey)));

const ALGORITHMS: Readonly<Record<'rsa' | 'ec', Readonly<Record<Digest, string>>>> = {
  rsa: {
    sha1: '1.2.840.113549.1.1.5',
    sha256: '1.2.840.113549.1.1.11',
    sha384: '1.2.840.113549.1.1.12',
  },
  ec: { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' },
};

function algorithmOf({ privateKey }: Keys, digest: Digest): Buffer {
  const isRsa = privateKey.asymmetricKeyType === 'rsa';
  return sequence(oid(ALGORITHMS[isRsa ? 'rsa' : 'ec'][digest]), ...(isRsa ? [nul()] : []));
}

const nameOf = (commonName: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), text(commonName))));

/** The bit of each usage in KeyUsage (RFC 5280 4.2.1.3). */
const USAGE_BITS: Readonly<Record<KeyUsage, number>> = {
  digitalSignature: 0,
  keyEncipherment: 2,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
};
const TOP_BIT = 0x80;

function extensionsOf(wish: Wish, issuer: Issuer): readonly Buffer[] {
  const { usages = ['digitalSignature', 'keyEncipherment'], extendedUsages = [EMAIL_PROTECTION] } = wish;
  const names = [
    ...(wish.addresses ?? []).map((one) => context(1, Buffer.from(one), 'plain')),
    ...(wish.domains ?? []).map((one) => context(2, Buffer.from(one), 'plain')),
  ];
  const usage = usages.reduce((sum, one) => sum | (TOP_BIT >> USAGE_BITS[one]), 0);
  return [
    extension('2.5.29.19', sequence(...(wish.isAuthority === true ? [boolean(true)] : [])), true),
    extension('2.5.29.14', octets(keyIdOf(wish.keys))),
    extension('2.5.29.35', sequence(context(0, keyIdOf(issuer.keys), 'plain'))),
    ...(usages.length === 0 ? [] : [extension('2.5.29.15', bits(Buffer.of(usage)), true)]),
    ...(extendedUsages.length === 0 ? [] : [extension('2.5.29.37', sequence(...extendedUsages.map(oid)))]),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]),
    ...(wish.crlUrl === undefined ? [] : [extension('2.5.29.31', crlPointTo(wish.crlUrl))]),
  ];
}

const URI_NAME = 6;

const crlPointTo = (url: string): Buffer =>
  sequence(sequence(context(0, context(0, context(URI_NAME, Buffer.from(url), 'plain')))));

const extension = (id: string, value: Buffer, isCritical = false): Buffer =>
  sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octets(value));

const keyIdOf = ({ publicKey }: Keys): Buffer =>
  createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();

function revocations(
  issuer: Issuer,
  serials: readonly string[],
  thisUpdate: number,
  nextUpdate: number,
): Buffer {
  const revoked = serials.map((serial) => sequence(integer(Buffer.from(serial, 'hex')), time(thisUpdate)));
  const listed = sequence(
    integer(Buffer.of(1)),
    algorithmOf(issuer.keys, 'sha256'),
    nameOf(issuer.commonName),
    time(thisUpdate),
    time(nextUpdate),
    ...(revoked.length === 0 ? [] : [sequence(...revoked)]),
    context(
      0,
      sequence(
        extension('2.5.29.35', sequence(context(0, keyIdOf(issuer.keys), 'plain'))),
        extension('2.5.29.20', integer(Buffer.of(1))),
      ),
    ),
  );
  return signedBy(issuer.keys, 'sha256', listed);
}
