/**
 * Certificates in LDAP directories that the DNS of a domain names (direct-xdm 5): an anonymous search below each naming
 * context. Referrals are not followed, and a connection goes by the guard.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { Client, EqualityFilter, type Entry } from 'ldapts';
import { readAttributeCertificates } from '../../../direct/cms/bundle.ts';
import type { QueryDns } from './dns-queries.ts';
import type { CertificateSource } from './index.ts';

interface LdapParts {
  readonly query: QueryDns;
  /** Connects through the guard of outgoing connections. @throws ConnectionFailed */
  readonly connect: (address: string, signal: AbortSignal) => Promise<Socket>;
  /** From 0 to 1, to choose among servers by their weight. */
  readonly chance: () => number;
}

const CONNECT_MS = 10_000;
/** All servers together. */
const SEARCH_MS = 20_000;
const READ_MS = 5_000;
const SERVERS_MAX = 3;
const BASES_MAX = 5;
const ENTRIES_MAX = 16;
const BYTES_MAX = 512 * 1024;
const ATTRIBUTES = ['userCertificate', 'userSMIMECertificate'].flatMap((name) => [name, `${name};binary`]);
/** A directory that sends its reader to another one (RFC 4511 4.1.10). */
const REFERRAL = 10;
const NO_SUCH_OBJECT = 32;

export function createLdapSource({ query, connect, chance }: LdapParts): CertificateSource {
  return {
    name: 'ldap',
    async find(asked, domain, given) {
      const signal = AbortSignal.any([given, AbortSignal.timeout(SEARCH_MS)]);
      const servers = orderServers(await serversOf(query, domain, signal), chance);
      let failure: unknown;
      for (const { target, port } of servers.slice(0, SERVERS_MAX)) {
        try {
          return await searchAt(`ldap://${target}:${port}`, asked, connect, signal);
        } catch (error) {
          signal.throwIfAborted();
          failure = error;
        }
      }
      if (failure !== undefined) throw failure;
      return [];
    },
  };
}

interface Server {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

async function serversOf(query: QueryDns, domain: string, signal: AbortSignal): Promise<readonly Server[]> {
  const answers = await query(`_ldap._tcp.${domain}`, 'SRV', signal);
  return answers.flatMap((answer) => {
    if (answer.type !== 'SRV') return [];
    const { target, port, priority = 0, weight = 0 } = answer.data;
    // A dot alone says that there is none (RFC 2782).
    return target === '.' || target === '' ? [] : [{ target, port, priority, weight }];
  });
}

/** By priority; among those of one, by chance in proportion to their weights (RFC 2782). */
export function orderServers(servers: readonly Server[], chance: () => number): readonly Server[] {
  const left = servers.toSorted((one, other) => one.priority - other.priority || one.weight - other.weight);
  const ordered: Server[] = [];
  while (left.length > 0) {
    const [first] = left;
    const alike = left.filter(({ priority }) => priority === first?.priority);
    let drawn = chance() * alike.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = alike.find(({ weight }) => (drawn -= weight) < 0) ?? alike.at(-1);
    if (chosen === undefined) break;
    ordered.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return ordered;
}

async function searchAt(
  address: string,
  asked: string,
  connect: LdapParts['connect'],
  signal: AbortSignal,
): Promise<readonly X509Certificate[]> {
  const socket = await connect(address, AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]));
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) socket.destroy(new Error('too much'));
  });
  const abort = (): void => void socket.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  let isTaken = false;
  const client = new Client({
    url: address,
    timeout: READ_MS,
    strictDN: false,
    // The one connection of the guard: a second one would be nobody's.
    createConnection: () => {
      if (isTaken) throw new Error('the connection is gone');
      isTaken = true;
      return socket;
    },
  });
  try {
    const found: X509Certificate[] = [];
    for (const base of await basesOf(client)) found.push(...(await searchBelow(client, base, asked)));
    return found.slice(0, ENTRIES_MAX);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

async function basesOf(client: Client): Promise<readonly string[]> {
  const { searchEntries } = await client.search('', {
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: ['namingContexts'],
    sizeLimit: 1,
  });
  return textsOf(searchEntries[0]?.['namingContexts']).slice(0, BASES_MAX);
}

async function searchBelow(client: Client, base: string, asked: string): Promise<readonly X509Certificate[]> {
  try {
    const { searchEntries } = await client.search(base, {
      scope: 'sub',
      // The value travels as it is: nothing in it is read as a filter (RFC 4515).
      filter: new EqualityFilter({ attribute: 'mail', value: asked }),
      attributes: ATTRIBUTES,
      explicitBufferAttributes: ATTRIBUTES,
      sizeLimit: ENTRIES_MAX,
      timeLimit: READ_MS / 1000,
    });
    return searchEntries.slice(0, ENTRIES_MAX).flatMap(certificatesIn);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === REFERRAL || code === NO_SUCH_OBJECT) return [];
    throw error;
  }
}

const certificatesIn = (entry: Entry): readonly X509Certificate[] =>
  ATTRIBUTES.flatMap((name) => [entry[name] ?? []].flat())
    .filter((value) => Buffer.isBuffer(value))
    .slice(0, ENTRIES_MAX)
    .flatMap(readAttributeCertificates);

/** A single value is no list, and an absent attribute an empty one. */
const textsOf = (value: Entry[string] | undefined): readonly string[] =>
  [value ?? []].flat().filter((one) => typeof one === 'string');
