/** The metrics of the server that runs beside doctor. */
import { isIPv6 } from 'node:net';
import type { Config } from '../../src/server/config.ts';

const ASK_TIMEOUT_MS = 2000;

/** What a server says where the settings put it; undefined when none answers. */
export interface MetricsAnswer {
  readonly url: string;
  readonly status: number;
  /** The metrics, where the status is 200. */
  readonly text: string;
}

export async function askMetrics({
  host,
  port,
  tlsCert,
  metricsToken,
}: Config): Promise<MetricsAnswer | undefined> {
  const url = `${tlsCert === undefined ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${port}/metrics`;
  const headers = metricsToken === undefined ? {} : { Authorization: `Bearer ${metricsToken}` };
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    return { url, status: answer.status, text: answer.ok ? await answer.text() : '' };
  } catch {
    return undefined;
  }
}
