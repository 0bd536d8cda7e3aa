/** Doctor's look at what the links did not take: a peer may mean something that is not used here. */
import type { Config } from '../../src/server/config.ts';
import type { Finding } from '../../src/ports/store.ts';
import { askMetrics } from './metrics.ts';

/** By link and kind, since the server's start; nothing when none answers. */
export async function examineMessages(config: Config): Promise<readonly Finding[]> {
  if (config.hl7Links === undefined) return [];
  const answer = await askMetrics(config);
  if (answer === undefined) return [];
  if (answer.status !== 200)
    return [{ ok: true, says: `${answer.url} answers ${answer.status}: what links did not take is unknown` }];
  const counts = [...answer.text.matchAll(NOT_TAKEN)].map(([, link, kind, fate, count]) => ({
    ok: true,
    says: `link ${link} ${fate === 'ignored' ? 'acknowledged and did not store' : 'refused'} ${count} of ${kind}`,
  }));
  return counts.length > 0 ? counts : [{ ok: true, says: 'every message was of a kind that is taken' }];
}

const NOT_TAKEN =
  /^closeloop_hl7_messages_not_taken_total\{link="([^"]*)",kind="([^"]*)",fate="([^"]*)"\} (\d+)$/gm;
