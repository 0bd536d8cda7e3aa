/**
 * The guard that makes every outgoing connection of this server (rules 6.3). It resolves a name to all its addresses,
 * judges each, and connects to exactly those, so that the name cannot resolve to something else in between. TLS checks
 * the name.
 */
import { lookup, type LookupAddress } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { ConnectionFailed, type ConnectionFailure, type Destination } from '../ports/outgoing.ts';
import {
  mayBeNamed,
  mayConnect,
  parsePlace,
  type AddressPolicy,
  type AddressParts,
} from '../resources/outgoing-address.ts';

/** Resolves a name to all its addresses; the system's resolver unless a test hands in its own. */
export type Resolve = (host: string) => Promise<readonly string[]>;

interface GuardSettings extends AddressPolicy {
  readonly connectTimeoutMs: number;
  readonly resolve?: Resolve | undefined;
}

export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Our own certificate, and the authorities that must have issued the other side's certificate; default: the system's.
   */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'ALPNProtocols'> | undefined;
}

export interface Guard {
  /**
   * Whether the server may store the address: the guard may reach it, or it does not resolve now and is judged later.
   */
  permits(destination: Destination): Promise<boolean>;
  /**
   * Connects, and makes the TLS handshake.
   *
   * @throws ConnectionFailed
   */
  connect(destination: Destination, options?: ConnectOptions): Promise<Socket>;
}

export function createGuard({ connectTimeoutMs, resolve = resolveAll, ...policy }: GuardSettings): Guard {
  const addressesOf = async ({ host }: AddressParts): Promise<readonly string[]> =>
    isIP(host) === 0 ? resolve(host) : [host];
  return {
    async permits(destination) {
      const place = parsePlace(destination);
      if (place === undefined) return false;
      const addresses = await withTimeout(addressesOf(place), connectTimeoutMs).catch(() => []);
      return addresses.length === 0
        ? mayBeNamed(place, destination.organization, policy)
        : mayConnect(place, addresses, destination.organization, policy);
    },
    async connect(destination, { signal, tls } = {}) {
      const place = parsePlace(destination);
      if (place === undefined) throw new ConnectionFailed('policy');
      const began = performance.now();
      const addresses = await withTimeout(addressesOf(place), connectTimeoutMs).catch((error: unknown) => {
        throw error instanceof ConnectionFailed ? error : new ConnectionFailed('unreachable');
      });
      if (addresses.length === 0) throw new ConnectionFailed('unreachable');
      if (!mayConnect(place, addresses, destination.organization, policy))
        throw new ConnectionFailed('policy');
      const left = Math.max(1, Math.ceil(connectTimeoutMs - (performance.now() - began)));
      return open(
        place,
        addresses,
        AbortSignal.any([AbortSignal.timeout(left), ...(signal ? [signal] : [])]),
        tls,
      );
    },
  };
}

/** Connects to one of the addresses that were judged. TLS checks the certificate against the name. */
async function open(
  { host, port, tls: isTls }: AddressParts,
  addresses: readonly string[],
  signal: AbortSignal,
  tls: ConnectOptions['tls'],
): Promise<Socket> {
  const options = { host, port, lookup: pinned(addresses), autoSelectFamily: true };
  const socket = isTls
    ? connectTls({
        ...options,
        ...tls,
        rejectUnauthorized: true,
        ...(isIP(host) === 0 && { servername: host }),
      })
    : connect(options);
  const abort = (): void => void socket.destroy(new ConnectionFailed('timeout'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    await new Promise<void>((resolve, reject) => {
      socket
        .once(isTls ? 'secureConnect' : 'connect', resolve)
        .once('error', reject)
        .once('close', () => reject(new ConnectionFailed('unreachable')));
    });
  } catch (error) {
    socket.destroy();
    throw new ConnectionFailed(failureOf(error));
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return socket;
}

/** A lookup function that returns the judged addresses for every name. */
const pinned =
  (addresses: readonly string[]): LookupFunction =>
  (_host, options, callback) => {
    const found: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = found;
    if (options.all === true || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };

const resolveAll: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => {
      if (error === null) resolve(found.map(({ address }) => address));
      else reject(error);
    });
  });

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ConnectionFailed('timeout')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The public word for each error of Node and OpenSSL, by the beginning of its code. */
const FAILURES: readonly (readonly [code: RegExp, failure: ConnectionFailure])[] = [
  [/^ECONNREFUSED$/, 'refused'],
  [/TIMEDOUT|TIMEOUT/, 'timeout'],
  [/^ERR_(TLS|SSL|OSSL)|CERT|SELF_SIGNED|UNABLE_TO|^EPROTO$|^HOSTNAME_MISMATCH/, 'tls'],
];

/** The public word for an error; `unreachable` when the table has none. */
export function failureOf(error: unknown): ConnectionFailure {
  if (error instanceof ConnectionFailed) return error.failure;
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const text = typeof code === 'string' ? code : '';
  return FAILURES.find(([pattern]) => pattern.test(text))?.[1] ?? 'unreachable';
}
