/** A proxy before a MongoDB server that breaks connections at chosen bytes of a request or of its reply, or lets them hang there. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Where the bytes end: nothing of the request passes, part of it, all of it and nothing of the reply, part of that. */
export const PLACES = ['before', 'in the request', 'behind the request', 'in the reply'] as const;

export interface Cut {
  readonly place: (typeof PLACES)[number];
  /** How much of what is cut passes, from 0 to below 1. */
  readonly part: number;
  /** How long the connection stays silent before it breaks. */
  readonly hangMs: number;
}

export interface CuttingProxy {
  readonly port: number;
  /** Cuts that were made. */
  readonly made: () => readonly Cut[];
  close(): Promise<void>;
}

/** A message of the protocol begins with its length, and its own number and that of the request that it replies to. */
const HEADER_BYTES = 16;

/**
 * @param port of the server
 * @param choose is asked for each request whether it is to be cut
 */
export async function openCuttingProxy(
  port: number,
  choose: (request: Buffer) => Cut | undefined,
): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  const made: Cut[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const end = (): void => {
      for (const socket of [near, far]) {
        open.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', end).on('close', end);
    }
    let cut: Cut | undefined;
    let isSilent = false;
    const pass = (into: Socket, bytes: Buffer, part = 1): void => {
      if (!isSilent) into.write(bytes.subarray(0, Math.floor(bytes.length * part)));
    };
    const silence = ({ hangMs }: Cut): void => {
      isSilent = true;
      setTimeout(end, hangMs);
    };
    near.on(
      'data',
      messages((request) => {
        const chosen = isSilent ? undefined : choose(request);
        if (chosen === undefined) return pass(far, request);
        made.push(chosen);
        cut = chosen;
        if (chosen.place === 'before') return silence(chosen);
        pass(far, request, chosen.place === 'in the request' ? chosen.part : 1);
        if (chosen.place === 'in the request') silence(chosen);
      }),
    );
    far.on(
      'data',
      messages((reply) => {
        if (cut === undefined) return pass(near, reply);
        if (cut.place === 'in the reply') pass(near, reply, cut.part);
        silence(cut);
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // a TCP server that listens has one
    made: () => made,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Tells whole messages, however the bytes arrive. */
function messages(told: (message: Buffer) => void): (bytes: Buffer) => void {
  let waiting = Buffer.alloc(0);
  return (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    while (waiting.length >= HEADER_BYTES && waiting.length >= waiting.readInt32LE(0)) {
      const length = waiting.readInt32LE(0);
      told(waiting.subarray(0, length));
      waiting = waiting.subarray(length);
    }
  };
}
