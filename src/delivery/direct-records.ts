/**
 * The records of trust in Direct mail (direct-xdm 4, 5): our certificates, anchors, bundles, lists of revoked certificates,
 * and the certificates that were found. Certificates are in PEM.
 */
import type { X509Certificate } from 'node:crypto';
import type { CertificateFault } from '../direct/certificates/check-certificate.ts';
import type { BundleFault } from '../direct/cms/bundle.ts';
import type { TrustOwner } from '../direct/certificates/owner.ts';
import type { ConnectionFailure } from '../ports/outgoing.ts';
import type { RecordWrite } from '../ports/record.ts';

/** Who wrote it, and when: an instant. */
interface Written {
  readonly by: string;
  readonly at: string;
}

/** A certificate of ours. Its private key is a file, and no record. */
export interface KeyRow extends Written {
  readonly owner: TrustOwner;
  /** SHA-256, as node:crypto writes it. */
  readonly fingerprint: string;
  readonly certificate: string;
  readonly intermediates: readonly string[];
  /** Name of the file in the folder of keys. */
  readonly file: string;
}

/** Whose mail is trusted: of those who write to the owner, of those to whom it writes, or both. */
export interface Directions {
  readonly in: boolean;
  readonly out: boolean;
}

export interface AnchorRow extends Written, Directions {
  readonly owner: TrustOwner;
  readonly fingerprint: string;
  readonly certificate: string;
  /** `intermediate`: trusted only below an anchor. */
  readonly role: 'anchor' | 'intermediate';
}

export interface BundleRow extends Written, Directions {
  readonly owner: TrustOwner;
  readonly url: string;
  /** Whose key signs it; undefined: it is not signed. */
  readonly signer: string | undefined;
  readonly anchors: readonly string[];
  /** Instant of the last refresh that was taken; undefined: none yet. */
  readonly refreshedAt: string | undefined;
  /** Why the last refresh was not taken; undefined: it was. */
  readonly failure: BundleFault | ConnectionFailure | undefined;
}

/** A list of revoked certificates, by its place and by whose it is. */
export interface ListRow {
  readonly url: string;
  /** Whose list it must be. */
  readonly issuer: string;
  /** DER in base64; undefined: none was got yet. */
  readonly list: string | undefined;
  /** Instants; undefined where there is no list. */
  readonly nextUpdate: string | undefined;
  readonly fetchedAt: string | undefined;
  /** Milliseconds since 1970 of the first failure since the last success. */
  readonly failingSince: number | undefined;
}

/** A certificate that was found for an address, and what was made of it: the address book. */
export interface FoundRow {
  /** The address, or the domain, for which it was found. */
  readonly address: string;
  readonly certificate: string;
  readonly fingerprint: string;
  readonly source: string;
  readonly result: 'trusted' | CertificateFault;
  /** Instants. */
  readonly expires: string;
  readonly at: string;
}

export const KEY_KIND = 'direct-key';
export const ANCHOR_KIND = 'direct-anchor';
export const BUNDLE_KIND = 'direct-bundle';
export const LIST_KIND = 'direct-list';
export const FOUND_KIND = 'direct-found';
/** That somebody was warned of an expiry: fingerprint and days. */
export const WARNED_KIND = 'direct-warned';

/** All records of a kind are found under this index, those of an owner under the other. */
export const ALL = ['all', ''] as const;
const ofOwner = (owner: TrustOwner) => ['owner', owner] as const;

type Expected = RecordWrite['expect'];

export const writeKey = (row: KeyRow, expect: Expected = 'any'): RecordWrite => ({
  kind: KEY_KIND,
  key: keyOfKey(row),
  expect,
  body: row,
  index: [ALL, ofOwner(row.owner)],
});

export const writeAnchor = (row: AnchorRow, expect: Expected = 'any'): RecordWrite => ({
  kind: ANCHOR_KIND,
  key: keyOfAnchor(row),
  expect,
  body: row,
  index: [ALL, ofOwner(row.owner)],
});

export const writeBundleRow = (row: BundleRow, expect: Expected = 'any'): RecordWrite => ({
  kind: BUNDLE_KIND,
  key: keyOfBundle(row),
  expect,
  body: row,
  index: [ALL, ofOwner(row.owner)],
});

export const keyOfKey = ({ owner, fingerprint }: Pick<KeyRow, 'owner' | 'fingerprint'>): string =>
  `${owner}\n${fingerprint}`;
export const keyOfAnchor = ({ owner, fingerprint }: Pick<AnchorRow, 'owner' | 'fingerprint'>): string =>
  `${owner}\n${fingerprint}`;
export const keyOfBundle = ({ owner, url }: Pick<BundleRow, 'owner' | 'url'>): string => `${owner}\n${url}`;

/** An authority that has another key may put its list into the old place. */
export const keyOfList = (url: string, issuer: X509Certificate): string => `${url}\n${issuer.fingerprint256}`;

/** A list that nobody asked for since it lapsed is forgotten. */
const LIST_KEPT_MS = 30 * 86_400_000;

export const writeList = (key: string, row: ListRow, expect: Expected, now: number): RecordWrite => ({
  kind: LIST_KIND,
  key,
  expect,
  body: row,
  index: [ALL],
  expiresAt: Math.max(now, row.nextUpdate === undefined ? 0 : Date.parse(row.nextUpdate)) + LIST_KEPT_MS,
});

/** One trusted certificate for each address, and the last that was not; gone when the certificate has expired. */
export const writeFound = (row: FoundRow): RecordWrite => ({
  kind: FOUND_KIND,
  key: keyOfFound(row.address, row.result === 'trusted'),
  expect: 'any',
  body: row,
  index: [ALL],
  expiresAt: Date.parse(row.expires),
});

export const keyOfFound = (address: string, isTrusted: boolean): string =>
  isTrusted ? address : `${address}\nuntrusted`;
