/** Doctor's look at trust in Direct mail: keys and their files, anchors, bundles, lists of revoked certificates. */
import { X509Certificate } from 'node:crypto';
import {
  ANCHOR_KIND,
  BUNDLE_KIND,
  KEY_KIND,
  LIST_KIND,
  type AnchorRow,
  type BundleRow,
  type KeyRow,
  type ListRow,
} from '../../src/delivery/direct-records.ts';
import { BUNDLE_FAULTS, type BundleFault } from '../../src/direct/cms/bundle.ts';
import type { Finding } from '../../src/ports/store.ts';
import { readDomains, type LocalDomain } from '../../src/rails/direct/domains.ts';
import type { Config } from '../../src/server/config.ts';
import { watchedCertificates } from '../../src/server/direct-expiry.ts';
import { createKeyFiles } from '../../src/server/direct-key-files.ts';
import { readRecords } from '../../src/stores/embedded/record-reading.ts';

const DAY_MS = 86_400_000;
/** A certificate that expires so soon deserves a look. */
const SOON_MS = 30 * DAY_MS;
/** A bundle is refreshed every day. */
const OLD_MS = 2 * DAY_MS;

export function examineDirect({ dataDir, directKeys, directDomains }: Config): readonly Finding[] {
  const bodies = <T>(kind: string): readonly T[] => readRecords(dataDir, kind).map(({ body }) => body as T); // each kind has its own
  const [keys, anchors] = [bodies<KeyRow>(KEY_KIND), bodies<AnchorRow>(ANCHOR_KIND)];
  const bundles = bodies<BundleRow>(BUNDLE_KIND);
  if (directDomains === undefined && keys.length === 0)
    return [{ ok: true, says: 'no Direct mail (directDomains is not set)' }];
  const now = Date.now();
  return [
    ...examineDomains(keys, directDomains),
    ...examineKeys(keys, directKeys),
    ...examineExpiry(keys, anchors, now),
    ...examineAnchorsOf(keys, anchors, bundles),
    ...bundles.flatMap((row) => examineBundle(row, now)),
    ...bodies<ListRow>(LIST_KIND).flatMap((row) => examineList(row, now)),
  ];
}

/** A domain of the own security agent without a key opens and sends nothing. */
function examineDomains(keys: readonly KeyRow[], file: string | undefined): readonly Finding[] {
  return domainsIn(file)
    .filter(({ domain, way }) => way === 'sta' && !keys.some(({ owner }) => isOf(owner, domain)))
    .map(({ domain }) => ({
      ok: false,
      says: `${domain}: no key of it or of an address of it, so that no mail is opened or sent → npm run admin -- direct import-key`,
    }));
}

const isOf = (owner: string, domain: string): boolean => owner === domain || owner.endsWith(`@${domain}`);

/** A file that cannot be read is a finding of the rail. */
function domainsIn(file: string | undefined): readonly LocalDomain[] {
  try {
    return file === undefined ? [] : readDomains(file);
  } catch {
    return [];
  }
}

function examineKeys(keys: readonly KeyRow[], folder: string | undefined): readonly Finding[] {
  if (keys.length === 0) return [];
  if (folder === undefined)
    return [{ ok: false, says: `${keys.length} keys, and no folder → set directKeys` }];
  const files = createKeyFiles(folder);
  const broken = keys.flatMap(({ owner, certificate, file }): readonly Finding[] => {
    try {
      const isIts = new X509Certificate(certificate).checkPrivateKey(files.read(file));
      return isIts
        ? []
        : [{ ok: false, says: `${file} is not the key of ${owner} → admin -- direct import-key` }];
    } catch (error) {
      return [
        { ok: false, says: `the key of ${owner}: ${error instanceof Error ? error.message : String(error)}` },
      ];
    }
  });
  return broken.length > 0
    ? broken
    : [{ ok: true, says: `${keys.length} private keys can be read, by the server alone` }];
}

function examineExpiry(
  keys: readonly KeyRow[],
  anchors: readonly AnchorRow[],
  now: number,
): readonly Finding[] {
  return watchedCertificates(keys, anchors).map(({ kind, owner, fingerprint, notAfter }) => {
    const what =
      kind === 'key' ? `certificate of ${owner}` : `anchor ${fingerprint.slice(0, 23)}… of ${owner}`;
    const says = `${what}: valid until ${new Date(notAfter).toISOString()}`;
    if (notAfter < now)
      return { ok: false, says: `${says} → import another one: npm run admin -- direct import-${kind}` };
    return { ok: true, ...(notAfter - now < SOON_MS && { warning: true as const }), says };
  });
}

/** Who has keys and trusts nobody takes no mail. */
function examineAnchorsOf(
  keys: readonly KeyRow[],
  anchors: readonly AnchorRow[],
  bundles: readonly BundleRow[],
): readonly Finding[] {
  return [...new Set(keys.map(({ owner }) => owner))].flatMap((owner) => {
    const domain = owner.slice(owner.indexOf('@') + 1);
    const isIts = (row: { readonly owner: string }): boolean => row.owner === owner || row.owner === domain;
    const count =
      anchors.filter((row) => row.role === 'anchor' && isIts(row)).length +
      bundles.filter(isIts).reduce((sum, row) => sum + row.anchors.length, 0);
    const none = ' → npm run admin -- direct import-anchor, or add-bundle: no mail is trusted';
    return [
      {
        ok: true,
        ...(count === 0 && { warning: true as const }),
        says: `${owner}: ${count} anchors${count === 0 ? none : ''}`,
      },
    ];
  });
}

function examineBundle(
  { url, owner, refreshedAt, failure, anchors }: BundleRow,
  now: number,
): readonly Finding[] {
  const isOld = refreshedAt === undefined || now - Date.parse(refreshedAt) > OLD_MS;
  const says = `bundle ${url} of ${owner}: ${anchors.length} anchors, refreshed ${refreshedAt ?? 'never'}`;
  const why = failure === undefined ? '' : `; the last one got ${wordsOf(failure)}`;
  const remedy = ` → look whether it can be fetched, and at the job direct-bundles`;
  return [
    isOld || failure !== undefined
      ? { ok: true, warning: true, says: `${says}${why}${remedy}` }
      : { ok: true, says },
  ];
}

const wordsOf = (failure: NonNullable<BundleRow['failure']>): string =>
  failure in BUNDLE_FAULTS
    ? BUNDLE_FAULTS[failure as BundleFault] // as just asked
    : `did not come (${failure})`;

function examineList({ url, nextUpdate, failingSince }: ListRow, now: number): readonly Finding[] {
  const isCurrent = nextUpdate !== undefined && Date.parse(nextUpdate) > now;
  const says = `list of revoked certificates ${url}: good until ${nextUpdate ?? 'never got'}`;
  if (isCurrent && failingSince === undefined) return [{ ok: true, says }];
  const since =
    failingSince === undefined ? '' : `, not to be had since ${new Date(failingSince).toISOString()}`;
  return [{ ok: true, warning: true, says: `${says}${since} → look whether the server reaches it` }];
}
