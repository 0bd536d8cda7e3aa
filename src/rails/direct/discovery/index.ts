/**
 * Finds the certificate for which mail to an address is encrypted: in the address book, by DNS, by LDAP (direct-xdm 5). At
 * each source the address comes before its domain, and what is found counts only when it names the address and is trusted.
 */
import type { X509Certificate } from 'node:crypto';
import type { DirectTrust } from '../../../delivery/direct-trust.ts';
import { domainOfAddress } from '../../../direct/address.ts';
import { checkCertificate, type CertificateFault } from '../../../direct/certificates/check-certificate.ts';
import type { DirectAddress } from '../../../ports/direct.ts';

export type SourceName = 'address-book' | 'dns' | 'ldap';

/** A place where certificates are found. */
export interface CertificateSource {
  readonly name: SourceName;
  /**
   * The certificates there for an address, or for its domain, whoever they name; none where there is none. Bounded by the
   * source in number, bytes and time.
   *
   * @param asked `local@domain` or `domain`
   * @param domain of the address that is looked for
   * @throws what kept the source from answering
   */
  find(asked: string, domain: string, signal: AbortSignal): Promise<readonly X509Certificate[]>;
}

/** What a search ends with. */
type Discovered =
  | { readonly certificate: X509Certificate; readonly source: SourceName }
  | {
      /** As peers of Direct use the codes of RFC 3463: none was found; those that were are not trusted (direct-xdm 6). */
      readonly failure: '5.7.31' | '5.7.11';
      /** What is wrong with those that were found, in the order of the sources. */
      readonly faults: readonly CertificateFault[];
      /** A source did not answer: another attempt may find one. */
      readonly isTemporary: boolean;
    };

export interface Discovery {
  /**
   * @param anchors of the sender, for outgoing mail
   * @param intermediates that the sender's administrator has stored
   * @param at milliseconds since 1970
   */
  find(
    to: DirectAddress,
    anchors: readonly X509Certificate[],
    intermediates: readonly X509Certificate[],
    at: number,
    signal: AbortSignal,
  ): Promise<Discovered>;
}

interface DiscoveryParts {
  readonly trust: Pick<DirectTrust, 'revocationFor'>;
  /** In the order in which they are asked. */
  readonly sources: readonly CertificateSource[];
  /** Remembers what was found and believed, or found and not. */
  readonly note?: (
    to: DirectAddress,
    found: X509Certificate,
    source: SourceName,
    fault?: CertificateFault,
  ) => Promise<void>;
}

/** Certificates of one answer that are judged. */
const JUDGED_MAX = 16;

export function createDiscovery({ trust, sources, note }: DiscoveryParts): Discovery {
  return {
    async find(to, anchors, intermediates, at, signal) {
      const faults: CertificateFault[] = [];
      let isTemporary = false;
      const domain = domainOfAddress(to);
      for (const source of sources) {
        for (const asked of [to, domain]) {
          const found = await source.find(asked, domain, signal).catch(() => undefined);
          signal.throwIfAborted();
          if (found === undefined) {
            isTemporary = true;
            continue;
          }
          // What came with it may be the authority above it.
          for (const leaf of found.slice(0, JUDGED_MAX)) {
            const material = { leaf, intermediates: [...intermediates, ...found] };
            const revocation = await trust.revocationFor(material, anchors, at, signal);
            const fault = checkCertificate(material, to, 'encrypt', anchors, at, revocation);
            await note?.(to, leaf, source.name, fault);
            if (fault === undefined) return { certificate: leaf, source: source.name };
            faults.push(fault);
          }
        }
      }
      return { failure: faults.length > 0 ? '5.7.11' : '5.7.31', faults, isTemporary };
    },
  };
}
