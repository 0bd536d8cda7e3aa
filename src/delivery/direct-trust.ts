/**
 * Our keys, whom we trust, and what was revoked: state of the server in records (direct-xdm 4), read here for the rail and
 * the desk.
 */
import type { X509Certificate } from 'node:crypto';
import type { ChainMaterial } from '../direct/certificates/chain.ts';
import type { Revocation } from '../direct/certificates/revocation.ts';
import type { SigningKey } from '../direct/certificates/signing-key.ts';
import type { DirectAddress } from '../ports/direct.ts';

/** Whom mail comes from, or goes to. */
type TrustDirection = 'in' | 'out';

export interface DirectTrust {
  /** Whether mail to this address is ours: it, or its domain, has a key here. */
  isLocal(address: DirectAddress): Promise<boolean>;
  /**
   * All keys for an address, those of the address before those of its domain, the newest first; expired ones too, which
   * decrypt late mail.
   */
  keysFor(address: DirectAddress): Promise<readonly SigningKey[]>;
  /** The key that signs what an address sends at this time; undefined: it has none that is valid and fit. */
  signerFor(address: DirectAddress, at: number): Promise<SigningKey | undefined>;
  /** The anchors of an address: its own where it has any, else those of its domain. */
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
