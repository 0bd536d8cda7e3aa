/** The origins that active clients have registered (smart SM-70): their pages may call this server. */
import { isUsable, type Client } from '../../identity/client.ts';
import type { Snapshot } from '../../ports/store.ts';
import { findClient } from './clients.ts';

export interface ClientOrigins {
  /** Whether any active public client registered it, as of now. */
  has(origin: string): Promise<boolean>;
  /** Looks it up where it is not known as of now; undefined: it is. Never rejects. */
  learn(origin: string): Promise<unknown> | undefined;
  /** The same as `has`, at once, as far as it was learned. */
  known(origin: string): boolean;
  /** Whether this client, public or not, is active and registered it: so asks the page that holds its token (g10 1.11.08). */
  isOf(client: string, origin: string): Promise<boolean>;
}

/** How long an answer counts; a client that was suspended is out after that at the latest. */
const KEPT_MS = 1000;
const ORIGINS_MAX = 1000;

export function createClientOrigins(
  { snapshot }: { readonly snapshot: () => Pick<Snapshot, 'record' | 'records'> },
  now: () => number,
): ClientOrigins {
  const kept = new Map<string, { readonly isKnown: boolean; readonly until: number }>();

  const isOpen = (client: Client): boolean => client.kind === 'public' && isUsable(client, now());

  async function has(origin: string): Promise<boolean> {
    const found = await snapshot().records('client', 'origin', origin);
    const isKnown = found.some(({ body }) => isOpen(body as Client)); // of this kind
    const oldest = kept.size >= ORIGINS_MAX ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(origin, { isKnown, until: now() + KEPT_MS });
    return isKnown;
  }

  return {
    has,
    learn(origin) {
      const found = kept.get(origin);
      if (found !== undefined && found.until > now()) return undefined;
      return has(origin).catch(() => undefined);
    },
    known: (origin) => kept.get(origin)?.isKnown === true,
    async isOf(id, origin) {
      const client = await findClient(snapshot(), id);
      return client !== undefined && isUsable(client, now()) && client.corsOrigins.includes(origin);
    },
  };
}
