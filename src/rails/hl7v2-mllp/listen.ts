/** The listening ports of the HL7 v2 rail: plain on loopback, TLS or mutual TLS by files elsewhere; bounded in connections. */
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { recognise, serveConnection, type ConnectionParts, type Served } from './connection.ts';
import type { Listening, TlsFiles } from './settings.ts';

export interface OpenPort {
  readonly host: string;
  readonly port: number;
  /** Takes no new connection, lets the messages under way be decided and answered, then closes. */
  close(drainMs: number): Promise<void>;
}

export interface ListenParts extends ConnectionParts {
  /** Connections of one port at a time. */
  readonly connectionsMax: number;
}

/** @throws what binding throws, and what is wrong with the TLS files */
export async function openPort(listening: Listening, parts: ListenParts): Promise<OpenPort> {
  const open = new Map<Socket, Served>();
  const server = createFor(listening.tls, (socket) => {
    const links = recognise(socket, listening.links);
    if (links.length === 0) {
      parts.log('warn', 'a peer of no link was turned away', { address: socket.remoteAddress ?? '' });
      socket.destroy();
      return;
    }
    open.set(socket, serveConnection(socket, links, parts));
    socket.once('close', () => open.delete(socket));
  });
  server.maxConnections = parts.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listening.port, listening.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return { host: listening.host, port, close: (drainMs) => close(server, open, drainMs) };
}

function createFor(tls: TlsFiles | undefined, connected: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer(connected);
  const { cert, key, ca } = tls;
  const options = {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(ca !== undefined && { ca: readFileSync(ca), requestCert: true, rejectUnauthorized: true }),
  };
  const server = createTlsServer(options, connected);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

async function close(server: Server, open: ReadonlyMap<Socket, Served>, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const timer = setTimeout(() => {
    for (const socket of open.keys()) socket.destroy();
  }, drainMs);
  await Promise.allSettled([...open.values()].map((served) => served.drain()));
  await closed;
  clearTimeout(timer);
}
