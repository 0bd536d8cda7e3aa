/**
 * Warns before certificates of ours and anchors expire: 30, 7 and 1 days ahead and when it has happened, once each, in the
 * log and by a work item for administrators (direct-xdm 11).
 */
import type { ExpiringCertificate } from '../http/direct-metrics.ts';
import type { Log } from '../http/log.ts';
import {
  ALL,
  ANCHOR_KIND,
  KEY_KIND,
  WARNED_KIND,
  type AnchorRow,
  type KeyRow,
} from '../delivery/direct-records.ts';
import { readFacts } from '../direct/certificates/certificate-facts.ts';
import { readCertificates } from '../direct/certificates/pem.ts';
import { planWorkItem } from '../operations/work-item.ts';
import { buildWrite } from '../operations/write/commit.ts';
import { jobEntry } from '../ports/audit.ts';
import type { Clock, NewId } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import { allRecords } from '../ports/record.ts';
import { CommitRefused, type Snapshot, type Store } from '../ports/store.ts';

interface Parts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'write'>;
  readonly newId: NewId;
}

interface ExpiryWatch {
  /** Looks at all certificates, and warns. */
  look(): Promise<void>;
  /** What the last look has seen. */
  status(): readonly ExpiringCertificate[];
}

const DAY_MS = 86_400_000;
/** Days ahead, the last first; 0: it has expired. */
const AHEAD = [0, 1, 7, 30] as const;

export function warnOfExpiry({ store, clock, log, newId }: Parts): ExpiryWatch {
  let seen: readonly ExpiringCertificate[] = [];

  async function warn(one: ExpiringCertificate, days: number): Promise<void> {
    const { kind, owner, fingerprint, notAfter } = one;
    const key = `${owner}\n${fingerprint}\n${days}`;
    if ((await store.snapshot().record(WARNED_KIND, key)) !== undefined) return;
    const on = new Date(notAfter).toISOString();
    const what = kind === 'key' ? `The certificate of ${owner}` : `An anchor of ${owner}`;
    const then =
      kind === 'key'
        ? 'nothing is sent as that address or domain without another one'
        : 'whom it vouches for is not trusted any more';
    const planned = planWorkItem(newId(), {
      kind: 'direct-expiry',
      says: `${what} (SHA-256 ${fingerprint}) ${days === 0 ? 'has expired on' : 'expires on'} ${on}: ${then}.`,
      authoredOn: new Date(clock.now()).toISOString(),
      owner: '',
    });
    const record = {
      kind: WARNED_KIND,
      key,
      expect: 'absent',
      body: { at: on },
      expiresAt: notAfter + 90 * DAY_MS,
    } as const;
    await store.commit(
      auditedCommit([jobEntry('direct-expiry', { entities: [`${planned.ref}/_history/0`] })], {
        writes: [buildWrite(planned)],
        records: [record],
      }),
    );
    log.write(
      'warn',
      days === 0 ? 'a certificate of Direct mail has expired' : 'a certificate of Direct mail expires soon',
      {
        kind,
        owner,
        fingerprint,
        notAfter: on,
      },
    );
  }

  return {
    status: () => seen,
    async look() {
      seen = await readExpiring(store.snapshot());
      for (const one of seen) {
        const days = AHEAD.find((ahead) => one.notAfter - clock.now() <= ahead * DAY_MS);
        if (days === undefined) continue;
        await warn(one, days).catch((error: unknown) => {
          // Another server was faster.
          if (!(error instanceof CommitRefused) || error.reason !== 'unexpected') throw error;
        });
      }
    },
  };
}

/** For each use of an owner's keys the certificate that lasts longest, and all anchors that were imported. */
async function readExpiring(snapshot: Snapshot): Promise<readonly ExpiringCertificate[]> {
  const keys = (await allRecords(snapshot, KEY_KIND, ...ALL)).map(({ body }) => body as KeyRow);
  const anchors = (await allRecords(snapshot, ANCHOR_KIND, ...ALL)).map(({ body }) => body as AnchorRow);
  return watchedCertificates(keys, anchors);
}

export function watchedCertificates(
  keys: readonly KeyRow[],
  anchors: readonly AnchorRow[],
): readonly ExpiringCertificate[] {
  const longest = new Map<string, ExpiringCertificate>();
  for (const { owner, fingerprint, certificate } of keys) {
    const facts = factsOf(certificate);
    if (facts === undefined) continue;
    for (const use of facts.keyUsage ?? []) {
      if (!USES.has(use)) continue;
      const group = `${owner}\n${use === 'digitalSignature' ? 'sign' : 'encrypt'}`;
      const { notAfter } = facts;
      if (notAfter > (longest.get(group)?.notAfter ?? -Infinity))
        longest.set(group, { kind: 'key', owner, fingerprint, notAfter });
    }
  }
  const watched = new Map([...longest.values()].map((one) => [`${one.owner}\n${one.fingerprint}`, one]));
  const vouching = anchors.flatMap(
    ({ role, owner, fingerprint, certificate }): readonly ExpiringCertificate[] => {
      const notAfter = factsOf(certificate)?.notAfter;
      return role === 'anchor' && notAfter !== undefined
        ? [{ kind: 'anchor', owner, fingerprint, notAfter }]
        : [];
    },
  );
  return [...watched.values(), ...vouching];
}

const USES: ReadonlySet<string> = new Set(['digitalSignature', 'keyEncipherment', 'keyAgreement']);

const factsOf = (pem: string) => {
  const [certificate] = readCertificates(Buffer.from(pem)) ?? [];
  return certificate && readFacts(certificate);
};
