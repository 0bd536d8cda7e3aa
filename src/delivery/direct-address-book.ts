/** The address book: certificates that were found before, and whether they were trusted (direct-xdm 10). */
import type { X509Certificate } from 'node:crypto';
import type { CertificateFault } from '../direct/certificates/check-certificate.ts';
import { readFacts } from '../direct/certificates/certificate-facts.ts';
import { readCertificates } from '../direct/certificates/pem.ts';
import { domainOfAddress } from '../direct/address.ts';
import { jobEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { DirectAddress } from '../ports/direct.ts';
import { CommitRefused, type Store } from '../ports/store.ts';
import { FOUND_KIND, keyOfFound, writeFound, type FoundRow } from './direct-records.ts';

interface BookParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
}

interface AddressBook {
  /**
   * The trusted certificate that was found for an address or a domain. `recent`: only one that was found within a day, or
   * that an administrator has named: a peer may have another one since.
   */
  find(asked: string, which: 'recent' | 'any'): Promise<readonly X509Certificate[]>;
  /** Remembers a certificate that was found, in a commit of its own when it says something new. */
  note(
    to: DirectAddress,
    found: X509Certificate,
    source: string,
    fault: CertificateFault | undefined,
  ): Promise<void>;
}

/** A trusted certificate is looked for anew after this time, and noted anew. */
const RECENT_MS = 24 * 3600_000;
/** One that is not trusted is noted anew after this time. */
const UNTRUSTED_MS = 3600_000;

export function createAddressBook({ store, clock }: BookParts): AddressBook {
  const read = async (address: string, isTrusted: boolean): Promise<FoundRow | undefined> =>
    (await store.snapshot().record(FOUND_KIND, keyOfFound(address, isTrusted)))?.body as FoundRow | undefined; // this file alone writes the kind

  return {
    async find(asked, which) {
      const row = await read(asked, true);
      if (row === undefined) return [];
      const isRecent = row.source === 'administrator' || clock.now() - Date.parse(row.at) < RECENT_MS;
      return which === 'any' || isRecent ? (readCertificates(Buffer.from(row.certificate)) ?? []) : [];
    },
    async note(to, found, source, fault) {
      const facts = readFacts(found);
      const now = clock.now();
      if (source === 'address-book' || facts === undefined || facts.notAfter <= now) return;
      const address = facts.addresses.includes(to) ? to : domainOfAddress(to);
      const before = await read(address, fault === undefined);
      const keptMs = fault === undefined ? RECENT_MS : UNTRUSTED_MS;
      const isSame = fault !== undefined || before?.fingerprint === found.fingerprint256;
      if (before !== undefined && isSame && now - Date.parse(before.at) < keptMs) return;
      const row: FoundRow = {
        address,
        certificate: found.toString(),
        fingerprint: found.fingerprint256,
        source,
        result: fault ?? 'trusted',
        expires: new Date(facts.notAfter).toISOString(),
        at: new Date(now).toISOString(),
      };
      await store
        .commit(auditedCommit([jobEntry('direct-discovery')], { records: [writeFound(row)] }))
        .catch((error: unknown) => {
          // It is found again next time.
          if (!(error instanceof CommitRefused)) throw error;
        });
    },
  };
}
