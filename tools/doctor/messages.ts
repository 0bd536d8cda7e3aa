/** Doctor's look at what the links did not take: a peer may mean something that is not used here. */
import { isIPv6 } from 'node:net';
import type { Config } from '../../src/server/config.ts';
import type { Finding } from '../../src/ports/store.ts';

const ASK_TIMEOUT_MS = 2000;

/** By link and kind, since the server's start; nothing when none answers. */
export async function examineMessages(config: Config): Promise<readonly Finding[]> {
  if (config.hl7Links === undefined) return [];
  const { host, port, tlsCert } = config;
  const url = `${tlsCert === undefined ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${port}/metrics`;
  let metrics: string;
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    if (!answer.ok)
      return [{ ok: true, says: `${url} answers ${answer.status}: what links did not take is unknown` }];
    metrics = await answer.text();
  } catch {
    return [];
  }
  const counts = [...metrics.matchAll(NOT_TAKEN)].map(([, link, kind, fate, count]) => ({
    ok: true,
    says: `link ${link} ${fate === 'ignored' ? 'acknowledged and did not store' : 'refused'} ${count} of ${kind}`,
  }));
  return counts.length > 0 ? counts : [{ ok: true, says: 'every message was of a kind that is taken' }];
}

const NOT_TAKEN =
  /^closeloop_hl7_messages_not_taken_total\{link="([^"]*)",kind="([^"]*)",fate="([^"]*)"\} (\d+)$/gm;
