/**
 * The keys of clients that are registered by an address (smart SM-67): fetched over guarded connections, kept as long as the
 * answer allows and never longer, and asked for again when an assertion names a key that is not among them, but not more
 * often than every 30 s.
 */
import type { ClientKey } from '../../identity/client.ts';
import { faultsOfKeys } from '../../identity/client-keys.ts';
import type { HttpClient } from '../../ports/outgoing.ts';

/**
 * The keys of a client among which the named one should be; none when they cannot be had.
 */
export type FindClientKeys = (client: string, uri: string, keyId: string) => Promise<readonly ClientKey[]>;

interface Parts {
  readonly http: Pick<HttpClient, 'send'>;
  readonly now: () => number;
  /** A key set that could not be had: for the server's log. */
  readonly failed: (client: string, why: string) => void;
}

const TIMEOUT_MS = 5000;
const BYTES_MAX = 64 * 1024;
const COOLDOWN_MS = 30_000;
/** Of an answer that says nothing about how long it counts. */
const SILENT_MS = 5 * 60_000;
const LONGEST_MS = 24 * 60 * 60_000;
const CLIENTS_MAX = 1000;

interface KeptKeys {
  readonly keys: readonly ClientKey[];
  readonly fetchedAt: number;
  readonly until: number;
}

export function createClientKeys({ http, now, failed }: Parts): FindClientKeys {
  const kept = new Map<string, KeptKeys>();
  const underWay = new Map<string, Promise<KeptKeys>>();

  async function fetchKeys(client: string, uri: string): Promise<KeptKeys> {
    const fetchedAt = now();
    const nothing = { keys: [], fetchedAt, until: fetchedAt };
    try {
      const { status, body, cacheControl } = await http.send(
        new URL(uri),
        {
          method: 'GET',
          headers: ['Accept', 'application/json'],
          signal: AbortSignal.timeout(TIMEOUT_MS),
          responseBytesMax: BYTES_MAX,
        },
        true,
      );
      if (status !== 200) throw new Error(`it answered ${status}`);
      const set = JSON.parse(body) as { keys?: unknown }; // judged below
      const faults = faultsOfKeys(set.keys);
      if (faults.length > 0) throw new Error(faults.join('; '));
      return {
        keys: set.keys as readonly ClientKey[],
        fetchedAt,
        until: fetchedAt + lifetimeOf(cacheControl),
      };
    } catch (error) {
      failed(client, error instanceof Error ? error.message : String(error));
      return nothing;
    }
  }

  return async (client, uri, keyId) => {
    const place = `${client} ${uri}`;
    const known = kept.get(place);
    if (known !== undefined && known.until > now()) {
      const has = known.keys.some(({ kid }) => kid === keyId);
      if (has || now() - known.fetchedAt < COOLDOWN_MS) return known.keys;
    }
    const asking = underWay.get(place) ?? fetchKeys(client, uri);
    underWay.set(place, asking);
    try {
      const fetched = await asking;
      const oldest = kept.size >= CLIENTS_MAX ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(place, fetched);
      return fetched.keys;
    } finally {
      underWay.delete(place);
    }
  };
}

/** How long an answer counts (RFC 9111, 5.2.2). */
function lifetimeOf(cacheControl: string | undefined): number {
  if (cacheControl === undefined) return SILENT_MS;
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0;
  const [, seconds] = /\bmax-age\s*=\s*"?(\d{1,9})/i.exec(cacheControl) ?? [];
  return seconds === undefined ? SILENT_MS : Math.min(Number(seconds) * 1000, LONGEST_MS);
}
