/** Doctor's look at the audit feed: where it goes, and how far behind the log it is. */
import { FEED_KIND } from '../../src/ports/audit-feed.ts';
import type { Finding } from '../../src/ports/store.ts';
import type { Config } from '../../src/server/config.ts';
import { headOfFolder } from '../../src/stores/embedded/log-reading.ts';
import { readRecords } from '../../src/stores/embedded/record-reading.ts';

/** Commits that may wait: a batch or two. */
const BEHIND_MAX = 10_000;

export function examineAuditFeed({ auditFeed, dataDir }: Config): readonly Finding[] {
  if (auditFeed === 'off') return [{ ok: true, says: 'the audit stays here (auditFeed is off)' }];
  const head = headOfFolder(dataDir)?.seq ?? 0;
  const [record] = readRecords(dataDir, FEED_KIND);
  const { seq = 0 } = (record?.body ?? {}) as { readonly seq?: number }; // the feed alone writes this kind
  const behind = Math.max(0, head - seq);
  const says = `sent by ${auditFeed} up to commit ${seq} of ${head}`;
  if (behind <= BEHIND_MAX) return [{ ok: true, says }];
  return [
    {
      ok: true,
      warning: true,
      says: `${says} → look at the job audit-feed, and whether the collector is up`,
    },
  ];
}
