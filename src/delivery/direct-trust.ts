/**
 * Our keys, whom we trust, and what was revoked: state of the server in records (direct-xdm 4), read here for the rail and
 * the desk.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { chainTo, type ChainMaterial } from '../direct/certificates/chain.ts';
import { checkLeaf } from '../direct/certificates/check-certificate.ts';
import { ownersOf, type TrustOwner } from '../direct/certificates/owner.ts';
import { readCertificates } from '../direct/certificates/pem.ts';
import { listPlacesOf, type Revocation } from '../direct/certificates/revocation.ts';
import type { SigningKey } from '../direct/certificates/signing-key.ts';
import type { DirectAddress } from '../ports/direct.ts';
import type { Snapshot, Store } from '../ports/store.ts';
import type { RevocationLists } from './direct-lists.ts';
import {
  ANCHOR_KIND,
  BUNDLE_KIND,
  KEY_KIND,
  type AnchorRow,
  type BundleRow,
  type KeyRow,
} from './direct-records.ts';

/** Whose mail it is: of those who write to us, or of those to whom we write. */
type TrustDirection = 'in' | 'out';

export interface DirectTrust {
  /**
   * All keys for an address, those of the address before those of its domain, the newest first; expired ones too, which
   * decrypt late mail.
   */
  keysFor(address: DirectAddress): Promise<readonly SigningKey[]>;
  /** The key that signs what an address sends at this time; undefined: it has none that is valid and fit. */
  signerFor(address: DirectAddress, at: number): Promise<SigningKey | undefined>;
  /** The anchors of an address: its own where it has any for this direction, else those of its domain. */
  anchorsFor(address: DirectAddress, direction: TrustDirection): Promise<readonly X509Certificate[]>;
  /** Authorities below the anchors that an administrator has stored: hints for chains. */
  intermediatesFor(address: DirectAddress): Promise<readonly X509Certificate[]>;
  /**
   * The lists of revoked certificates for a chain that leads to one of the anchors; of others nothing is fetched. Lists
   * that are missing are fetched now, within a few seconds.
   */
  revocationFor(
    material: ChainMaterial,
    anchors: readonly X509Certificate[],
    at: number,
    signal: AbortSignal,
  ): Promise<Revocation>;
}

interface TrustParts {
  readonly store: Pick<Store, 'snapshot'>;
  /** The private key in a file of the folder of keys; undefined where it cannot be read. */
  readonly readKey: (file: string) => KeyObject | undefined;
  readonly lists: Pick<RevocationLists, 'at'>;
  readonly graceMs: number;
}

export function createDirectTrust({ store, readKey, lists, graceMs }: TrustParts): DirectTrust {
  const certificates = createCertificateCache();
  const privateKeys = new Map<string, KeyObject>();

  /** A key whose file is gone, or is another's, is none. */
  function keyOf({ certificate: pem, intermediates, file, fingerprint }: KeyRow): SigningKey | undefined {
    const [certificate] = certificates(pem);
    const privateKey = privateKeys.get(fingerprint) ?? readKey(file);
    if (certificate === undefined || privateKey === undefined || !certificate.checkPrivateKey(privateKey))
      return undefined;
    privateKeys.set(fingerprint, privateKey);
    return { certificate, privateKey, intermediates: intermediates.flatMap(certificates) };
  }

  async function keysFor(address: DirectAddress): Promise<readonly SigningKey[]> {
    const snapshot = store.snapshot();
    const found: SigningKey[] = [];
    for (const owner of ownersOf(address)) {
      const keys = (await rowsOf<KeyRow>(snapshot, KEY_KIND, owner)).flatMap((row) => keyOf(row) ?? []);
      found.push(...keys.toSorted((one, other) => bornAt(other) - bornAt(one)));
    }
    return found;
  }

  return {
    keysFor,
    async signerFor(address, at) {
      const keys = await keysFor(address);
      return keys.find(({ certificate }) => checkLeaf(certificate, address, 'sign', at) === undefined);
    },
    async anchorsFor(address, direction) {
      for (const owner of ownersOf(address)) {
        const anchors = await anchorsOf(store.snapshot(), owner, direction, certificates);
        if (anchors !== undefined) return anchors;
      }
      return [];
    },
    async intermediatesFor(address) {
      const snapshot = store.snapshot();
      const rows = await Promise.all(
        ownersOf(address).map((owner) => rowsOf<AnchorRow>(snapshot, ANCHOR_KIND, owner)),
      );
      return rows.flat().flatMap((row) => (row.role === 'intermediate' ? certificates(row.certificate) : []));
    },
    async revocationFor(material, anchors, at, signal) {
      const chain = chainTo(material, anchors, at);
      if (chain === undefined || listPlacesOf(chain).length === 0) return { lists: new Map(), graceMs };
      return { lists: await lists.at(chain, at, signal), graceMs };
    },
  };
}

/** Undefined where nothing says whom the owner trusts; none while a bundle of its own has not been fetched. */
async function anchorsOf(
  snapshot: Snapshot,
  owner: TrustOwner,
  direction: TrustDirection,
  certificates: (pem: string) => readonly X509Certificate[],
): Promise<readonly X509Certificate[] | undefined> {
  const rows = await rowsOf<AnchorRow>(snapshot, ANCHOR_KIND, owner);
  const single = rows.filter((row) => row.role === 'anchor' && row[direction]);
  const bundles = (await rowsOf<BundleRow>(snapshot, BUNDLE_KIND, owner)).filter((row) => row[direction]);
  if (single.length + bundles.length === 0) return undefined;
  return [
    ...single.flatMap((row) => certificates(row.certificate)),
    ...bundles.flatMap((row) => row.anchors.flatMap(certificates)),
  ];
}

const bornAt = ({ certificate }: SigningKey): number => certificate.validFromDate.getTime();

/** The rows of an owner. Whoever writes the kind writes nothing else. */
const rowsOf = async <T>(snapshot: Snapshot, kind: string, owner: TrustOwner): Promise<readonly T[]> =>
  (await snapshot.records(kind, 'owner', owner)).map(({ body }) => body as T);

/** Certificates that are kept as they were read: reading one takes longer than judging it. */
const KEPT_MAX = 5000;

/** Reads a certificate once, while its text is in use. */
function createCertificateCache(): (pem: string) => readonly X509Certificate[] {
  const known = new Map<string, readonly X509Certificate[]>();
  return (pem) => {
    const found = known.get(pem) ?? readCertificates(Buffer.from(pem)) ?? [];
    if (known.size >= KEPT_MAX) known.clear();
    known.set(pem, found);
    return found;
  };
}
