/** Refreshes the bundles of anchors once a day (direct-xdm 4): whole or not at all, so that a removed anchor is gone. */
import type { X509Certificate } from 'node:crypto';
import { readBundle } from '../direct/cms/bundle.ts';
import { readCertificates } from '../direct/certificates/pem.ts';
import { jobEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import { ConnectionFailed } from '../ports/outgoing.ts';
import { allRecords, type StoredRecord } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import type { FetchBytes } from './direct-lists.ts';
import { ALL, BUNDLE_KIND, writeBundleRow, type BundleRow } from './direct-records.ts';

interface BundleParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
  readonly fetchBytes: FetchBytes;
  /** Tells an operator once that a bundle is not taken; its last anchors stay. */
  readonly warn: (url: string, failure: string) => void;
}

const DAY_MS = 86_400_000;

/** Refreshes the bundles that are due: a day after the last refresh, and at each run while it fails. */
export async function refreshBundles(parts: BundleParts, signal: AbortSignal): Promise<void> {
  const { store, clock } = parts;
  for (const record of await allRecords(store.snapshot(), BUNDLE_KIND, ...ALL)) {
    const { refreshedAt, failure } = record.body as BundleRow; // the kind holds nothing else
    const isDue =
      refreshedAt === undefined || failure !== undefined || clock.now() - Date.parse(refreshedAt) >= DAY_MS;
    signal.throwIfAborted();
    if (isDue) await refreshOne(parts, record, signal);
  }
}

async function refreshOne(
  { store, clock, fetchBytes, warn }: BundleParts,
  { body, version }: StoredRecord,
  signal: AbortSignal,
): Promise<void> {
  const before = body as BundleRow; // the kind holds nothing else
  const now = clock.now();
  const got = await fetchAnchors(before, fetchBytes, now, signal);
  if (typeof got === 'string') {
    if (got === before.failure) return;
    warn(before.url, got);
  }
  const after: BundleRow =
    typeof got === 'string'
      ? { ...before, failure: got }
      : {
          ...before,
          anchors: got.map((one) => one.toString()),
          refreshedAt: new Date(now).toISOString(),
          failure: undefined,
        };
  await store.commit(
    auditedCommit([jobEntry('direct-bundles')], { records: [writeBundleRow(after, version)] }),
  );
}

/** The anchors, or why there are none. */
async function fetchAnchors(
  { url, signer }: BundleRow,
  fetchBytes: FetchBytes,
  now: number,
  signal: AbortSignal,
): Promise<readonly X509Certificate[] | NonNullable<BundleRow['failure']>> {
  const [key] = signer === undefined ? [] : (readCertificates(Buffer.from(signer)) ?? []);
  if (signer !== undefined && key === undefined) return 'wrong-signer';
  try {
    return readBundle(await fetchBytes(url, signal), key, now);
  } catch (error) {
    if (signal.aborted || !(error instanceof ConnectionFailed)) throw error;
    return error.failure;
  }
}
