/**
 * Connections that lead to public addresses alone (rules 6.2). The resolver's answer is judged before anything connects,
 * and the connection is made to exactly the addresses that were judged: a name cannot change its mind in between.
 */
import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { isPublicAddress } from '../../resources/public-address.ts';

/** Answers with every address of a name; `dns.lookup` with `all` unless a test hands in its own. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The code of the error by which a connection is refused before it is made. */
export const NOT_PUBLIC = 'ERR_ADDRESS_NOT_PUBLIC';

export interface AgentSettings {
  readonly connectTimeoutMs: number;
  /** PEM of the authorities trusted instead of the system's. */
  readonly ca?: string | undefined;
  readonly resolve?: Resolve | undefined;
}

/** An agent for addresses that clients name: a name with any address that is not public is refused. */
export function createGuardedAgent({ resolve: ask = resolve, ...settings }: AgentSettings): Agent {
  return createAgent(settings, judgeAddresses(ask));
}

/** An agent for addresses that the administrator vouches for. */
export function createTrustedAgent({ resolve: ask = resolve, ...settings }: AgentSettings): Agent {
  return createAgent(settings, (hostname, options, callback) => {
    ask(hostname, { ...options, all: true }, (error, addresses) => callback(error, addresses));
  });
}

/** Retries, redirects and proxies of the environment are not for us: the dispatcher decides what is tried again. */
function createAgent({ connectTimeoutMs, ca }: AgentSettings, lookup: LookupFunction): Agent {
  return new Agent({
    connect: { lookup, timeout: connectTimeoutMs, rejectUnauthorized: true, ...(ca !== undefined && { ca }) },
    pipelining: 1,
  });
}

function judgeAddresses(ask: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    ask(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const isPublic = addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address));
      if (!isPublic) return callback(Object.assign(new Error('not public'), { code: NOT_PUBLIC }), []);
      callback(null, addresses);
    });
  };
}
