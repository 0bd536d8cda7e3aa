/**
 * Changes trust in Direct mail for an administrator: keys, anchors, bundles and certificates of peers, each in an audited
 * commit.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { parseDirectAddress } from '../direct/address.ts';
import { isAnchorAt } from '../direct/certificates/chain.ts';
import {
  CERTIFICATE_FAULTS,
  checkLeaf,
  type CertificateFault,
} from '../direct/certificates/check-certificate.ts';
import { readFacts } from '../direct/certificates/certificate-facts.ts';
import type { TrustOwner } from '../direct/certificates/owner.ts';
import type { DirectAddress } from '../ports/direct.ts';
import { adminEntry, type AuditEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import {
  ANCHOR_KIND,
  BUNDLE_KIND,
  FOUND_KIND,
  KEY_KIND,
  keyOfAnchor,
  keyOfBundle,
  keyOfFound,
  keyOfKey,
  writeAnchor,
  writeBundleRow,
  writeFound,
  writeKey,
  type Directions,
} from './direct-records.ts';

/** What an administrator asks for and does not get; the message says why. */
export class TrustRefused extends Error {}

export interface AdministerParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
  /** Who asks: the agent of the audit row. */
  readonly agent: AuditEntry['agent'];
}

interface KeyImport {
  readonly owner: TrustOwner;
  /** The certificate, and the authorities between it and its anchor. */
  readonly certificates: readonly X509Certificate[];
  readonly privateKey: KeyObject;
  /** Puts the private key into the folder of keys, once it was judged, and names its file. */
  readonly file: () => string;
}

/**
 * A certificate of ours. Those before it stay, and decrypt late mail.
 *
 * @throws TrustRefused where the key is another's, or no mail could be signed or received by it
 */
export async function importKey(parts: AdministerParts, asked: KeyImport): Promise<void> {
  const { owner, certificates, privateKey, file } = asked;
  const [certificate, ...intermediates] = certificates;
  if (certificate === undefined) throw new TrustRefused('The file holds no certificate.');
  if (!certificate.checkPrivateKey(privateKey))
    throw new TrustRefused('The private key is not that of the certificate.');
  needFitFor(certificate, owner, ['sign', 'encrypt'], parts.clock.now());
  const { fingerprint256: fingerprint } = certificate;
  const row = {
    owner,
    fingerprint,
    certificate: certificate.toString(),
    intermediates: intermediates.map((one) => one.toString()),
    file: file(),
    ...written(parts),
  };
  await change(parts, `direct import-key ${owner} ${fingerprint}`, [writeKey(row)]);
}

/** @throws TrustRefused unless the certificate is fit for one of the uses: one key may sign, and another one decrypt */
function needFitFor(
  certificate: X509Certificate,
  owner: TrustOwner,
  uses: readonly ('sign' | 'encrypt')[],
  at: number,
): void {
  // A domain's certificate names the domain, so any address of the domain stands for all.
  const address = parseDirectAddress(owner) ?? (`postmaster@${owner}` satisfies DirectAddress);
  const faults = uses.map((use) => checkLeaf(certificate, address, use, at));
  const [fault] = faults;
  if (faults.every((one) => one !== undefined)) throw new TrustRefused(describeFault(fault ?? 'unreadable'));
}

const describeFault = (fault: CertificateFault): string =>
  `The certificate ${CERTIFICATE_FAULTS[fault].says}.`;

interface AnchorImport extends Directions {
  readonly owner: TrustOwner;
  readonly certificates: readonly X509Certificate[];
}

/** @throws TrustRefused for what is no authority's certificate, or not valid */
export const importAnchors = (parts: AdministerParts, asked: AnchorImport): Promise<void> =>
  importAuthorities(parts, asked, 'anchor');

/** Authorities that are trusted below an anchor alone. @throws TrustRefused as for anchors */
export const importIntermediates = (
  parts: AdministerParts,
  asked: Omit<AnchorImport, keyof Directions>,
): Promise<void> => importAuthorities(parts, { ...asked, in: false, out: false }, 'intermediate');

async function importAuthorities(
  parts: AdministerParts,
  { owner, certificates, ...directions }: AnchorImport,
  role: 'anchor' | 'intermediate',
): Promise<void> {
  if (certificates.length === 0) throw new TrustRefused('The file holds no certificate.');
  const now = parts.clock.now();
  const unfit = certificates.find((one) => !isAnchorAt(one, now));
  if (unfit !== undefined)
    throw new TrustRefused(
      `${unfit.fingerprint256} is not the certificate of an authority, or is not valid now.`,
    );
  const rows = certificates.map((one) => ({
    owner,
    fingerprint: one.fingerprint256,
    certificate: one.toString(),
    role,
    in: directions.in,
    out: directions.out,
    ...written(parts),
  }));
  const named = rows.map(({ fingerprint }) => fingerprint).join(' ');
  await change(
    parts,
    `direct import-${role} ${owner} ${named}`,
    rows.map((row) => writeAnchor(row)),
  );
}

interface BundleImport extends Directions {
  readonly owner: TrustOwner;
  readonly url: string;
  readonly signer: X509Certificate | undefined;
}

/** A bundle that is refreshed from now on. @throws TrustRefused for an address that is not https */
export async function addBundle(parts: AdministerParts, asked: BundleImport): Promise<void> {
  const { owner, url, signer } = asked;
  if (URL.parse(url)?.protocol !== 'https:') throw new TrustRefused('A bundle is fetched by https.');
  const row = {
    owner,
    url,
    signer: signer?.toString(),
    in: asked.in,
    out: asked.out,
    anchors: [],
    refreshedAt: undefined,
    failure: undefined,
    ...written(parts),
  };
  await change(parts, `direct add-bundle ${owner} ${url}`, [writeBundleRow(row)]);
}

/** The certificate of a peer into the address book, where it is found first; whether it is trusted is asked at each use. */
export async function importFound(
  parts: AdministerParts,
  { address, certificate }: { readonly address: string; readonly certificate: X509Certificate },
): Promise<void> {
  const now = parts.clock.now();
  needFitFor(certificate, address, ['encrypt'], now);
  const row = {
    address,
    certificate: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    source: 'administrator',
    result: 'trusted',
    expires: new Date(readFacts(certificate)?.notAfter ?? now).toISOString(),
    at: new Date(now).toISOString(),
  } as const;
  await change(parts, `direct import-certificate ${address} ${row.fingerprint}`, [writeFound(row)]);
}

/** What can be taken away, and the kind and key of its record. */
const REMOVABLE = {
  key: (owner: string, fingerprint: string) => [KEY_KIND, keyOfKey({ owner, fingerprint })],
  anchor: (owner: string, fingerprint: string) => [ANCHOR_KIND, keyOfAnchor({ owner, fingerprint })],
  intermediate: (owner: string, fingerprint: string) => [ANCHOR_KIND, keyOfAnchor({ owner, fingerprint })],
  bundle: (owner: string, url: string) => [BUNDLE_KIND, keyOfBundle({ owner, url })],
  certificate: (address: string) => [FOUND_KIND, keyOfFound(address, true)],
} as const satisfies Readonly<Record<string, (owner: string, name: string) => readonly [string, string]>>;

type Removable = keyof typeof REMOVABLE;

export const isRemovable = (word: string): word is Removable => Object.hasOwn(REMOVABLE, word);

/**
 * @param name fingerprint, or a bundle's address
 * @returns the body of the record that was taken away
 * @throws TrustRefused where there is none
 */
export async function removeTrust(
  parts: AdministerParts,
  what: Removable,
  owner: TrustOwner,
  name: string,
): Promise<object> {
  const [kind, key] = REMOVABLE[what](owner, name);
  const record = await parts.store.snapshot().record(kind, key);
  if (record === undefined) throw new TrustRefused(`${owner} has no ${what}${name && ` ${name}`}.`);
  await change(parts, `direct remove ${what} ${owner} ${name}`, [
    { kind, key, expect: record.version, body: undefined },
  ]);
  return record.body;
}

const written = ({ agent, clock }: AdministerParts) => ({
  by: `${agent.client} ${agent.subject}`,
  at: new Date(clock.now()).toISOString(),
});

async function change(
  { store, agent }: AdministerParts,
  does: string,
  records: readonly RecordWrite[],
): Promise<void> {
  const by = { agent, requestId: 'admin-direct' };
  const audit = adminEntry(by, { entities: [], query: does, viewers: [] });
  await store.commit(auditedCommit([audit], { records }));
}
