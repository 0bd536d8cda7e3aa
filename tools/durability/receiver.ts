/** A receiver of notifications that outlives the server: it counts what arrives, and now and then refuses or hesitates. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import type { Chance } from './chance.ts';

export interface Delivery {
  /** Of the outbox entry: the same on every attempt. */
  readonly id: string;
  /** Path and a hash of the body: the same on every attempt, too. */
  readonly content: string;
  readonly accepted: boolean;
}

export interface Receiver {
  readonly port: number;
  /** In the order in which they were answered. */
  readonly deliveries: readonly Delivery[];
  /** Ids that have arrived and are not answered yet. */
  readonly open: () => readonly string[];
  close(): Promise<void>;
}

const REFUSES = 0.06;
const HESITATES = 0.06;
const HESITATION_MS = 300;

export async function openReceiver(chance: Chance): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const open = new Set<string>();
  const server = createServer((request, response) => {
    const digest = createHash('sha256');
    const id = String(request.headers['x-closeloop-delivery-id']);
    open.add(id);
    request.on('data', (chunk: Buffer) => digest.update(chunk));
    request.on('end', () => {
      const accepted = !chance.happens(REFUSES);
      const afterMs = chance.happens(HESITATES) ? chance.below(HESITATION_MS) : 0;
      setTimeout(() => {
        deliveries.push({ id, content: `${request.url} ${digest.digest('hex')}`, accepted });
        open.delete(id);
        response.writeHead(accepted ? 200 : 503).end();
      }, afterMs);
    });
    // A server that was killed in the middle of a request: nothing has arrived.
    request.on('error', () => open.delete(id));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // a TCP server that listens has one
    deliveries,
    open: () => [...open],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
