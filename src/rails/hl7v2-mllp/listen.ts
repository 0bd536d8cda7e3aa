/**
 * The listening ports of the HL7 v2 rail: plain on loopback, TLS or mutual TLS by files elsewhere, with a bound on
 * connections.
 */
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { serveConnection, type ConnectionParts, type ServedConnection } from './connection.ts';
import { recognise } from './recognise.ts';
import type { Listening } from './settings.ts';
import type { PeerShares } from './shares.ts';

export interface OpenPort {
  readonly host: string;
  readonly port: number;
  /** Takes no new connection, decides and answers the messages under way, then closes. */
  close(drainMs: number): Promise<void>;
}

interface ListenParts extends ConnectionParts {
  /** Connections of one port at a time. */
  readonly connectionsMax: number;
  readonly tlsMinVersion: '1.3' | '1.2';
  readonly shares: PeerShares;
}

/**
 * Opens a port.
 *
 * @throws what binding throws, and faults of the TLS files
 */
export async function openPort(listening: Listening, parts: ListenParts): Promise<OpenPort> {
  const open = new Map<Socket, ServedConnection>();
  const raw = new Set<Socket>();
  const server = createFor(listening, parts.tlsMinVersion, (socket) => {
    socket.on('error', () => socket.destroy());
    const links = recognise(socket, listening.links);
    if (links.length === 0) {
      parts.log('warn', 'a peer of no link was turned away', { address: socket.remoteAddress ?? '' });
      socket.destroy();
      return;
    }
    const share = parts.shares.enter(links);
    if (share === undefined) {
      const link = links[0]?.name ?? '';
      parts.log('warn', 'a peer was turned away: it has its share of connections', { link });
      socket.destroy();
      return;
    }
    open.set(socket, serveConnection(socket, links, parts, share));
    socket.once('close', () => open.delete(socket));
  });
  server.maxConnections = parts.connectionsMax;
  server.on('drop', () =>
    parts.log('warn', 'a peer was turned away: too many connections', { port: listening.port }),
  );
  // Also the connections in a TLS handshake, which must not hold up a stop.
  server.on('connection', (socket) => {
    raw.add(socket);
    socket.once('close', () => raw.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listening.port, listening.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return { host: listening.host, port, close: (drainMs) => close(server, { open, raw }, drainMs) };
}

/** A peer may close its side first; the server still answers it. */
const HALF_OPEN = { allowHalfOpen: true } as const;

function createFor(
  { tls, links }: Listening,
  lowest: ListenParts['tlsMinVersion'],
  connected: (socket: Socket) => void,
): Server {
  if (tls === undefined) return createServer(HALF_OPEN, connected);
  const { cert, key, ca } = tls;
  const options: TlsOptions = {
    ...HALF_OPEN,
    minVersion: `TLSv${lowest}`,
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    // Without a CA the server still asks for a certificate when a link names one by its fingerprint.
    requestCert: ca !== undefined || links.some(({ certificates }) => certificates.length > 0),
    rejectUnauthorized: ca !== undefined,
  };
  const server = createTlsServer(options, connected);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

interface Sockets {
  /** Connections of recognised peers. */
  readonly open: ReadonlyMap<Socket, ServedConnection>;
  /** All connections; for TLS the socket below it. */
  readonly raw: ReadonlySet<Socket>;
}

async function close(server: Server, { open, raw }: Sockets, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const timer = setTimeout(() => {
    for (const socket of [...open.keys(), ...raw]) socket.destroy();
  }, drainMs);
  const drained = Promise.allSettled([...open.values()].map((served) => served.drain()));
  if (open.size === 0) for (const socket of raw) socket.destroy();
  await drained;
  await closed;
  clearTimeout(timer);
}
