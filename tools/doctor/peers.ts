/** Doctor's look at those who are to be told: does somebody listen at the address of each active Endpoint? */
import { connect } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { Config } from '../../src/config.ts';
import type { Resource } from '../../src/fhir/types.ts';
import type { Finding } from '../../src/ports/store.ts';
import { readCurrent } from '../../src/stores/embedded/current.ts';

const CONNECT_TIMEOUT_MS = 2000;
/** Endpoints that are tried; an address book can be long. */
const PEERS_MAX = 50;

interface Peer {
  readonly ref: string;
  readonly rail: string;
  readonly url: URL;
}

/** Connects and hangs up: no message is sent, and none is waited for. */
export async function examinePeers({ dataDir }: Config): Promise<readonly Finding[]> {
  const endpoints = readCurrent(dataDir, 'Endpoint').flatMap(peerOf);
  const tried = await Promise.all(endpoints.slice(0, PEERS_MAX).map(examinePeer));
  if (tried.length === 0) return [{ ok: true, says: 'no active Endpoint names a peer' }];
  const rest = endpoints.length - tried.length;
  return rest === 0
    ? tried
    : [...tried, { ok: true, warning: true, says: `${rest} more Endpoints were not tried` }];
}

function peerOf(resource: Resource): readonly Peer[] {
  const { id, status, address, connectionType } = resource as {
    readonly id?: string;
    readonly status?: string;
    readonly address?: string;
    readonly connectionType?: { readonly code?: string };
  };
  if (status !== 'active' || address === undefined || !URL.canParse(address)) return [];
  const url = new URL(address);
  if (!(url.protocol in PORTS)) return [];
  return [{ ref: `Endpoint/${id ?? ''}`, rail: connectionType?.code ?? '', url }];
}

/** The port that an address of this scheme means when it names none. */
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'mllp:': 2575, 'mllps:': 2575 };

async function examinePeer({ ref, rail, url }: Peer): Promise<Finding> {
  const port = url.port === '' ? (PORTS[url.protocol] ?? 0) : Number(url.port);
  const place = `${ref} (${rail}) at ${url.hostname}:${port}`;
  const why = await tryConnecting(url, port);
  if (why === undefined) return { ok: true, says: `${place} takes connections` };
  return {
    ok: false,
    says: `${place} cannot be reached (${why}) → ask its operator, or correct the Endpoint`,
  };
}

/** Why nobody could be reached; undefined when somebody was. */
function tryConnecting({ protocol, hostname }: URL, port: number): Promise<string | undefined> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = protocol === 'https:' || protocol === 'mllps:';
  return new Promise((resolve) => {
    const socket = secure
      ? connectSecure({ host, port, ...(/[a-z]/i.test(host) && { servername: host }) })
      : connect({ host, port });
    const end = (why: string | undefined): void => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.once(secure ? 'secureConnect' : 'connect', () => end(undefined));
  });
}
