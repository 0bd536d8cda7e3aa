/** A gate on the way to a server: it lets everything through, holds everything back, or breaks what is open. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface TcpGate {
  readonly port: number;
  /** Lets everything through, also what was held back. */
  open(): void;
  /** Connections stay, and new ones are taken; nothing passes. */
  hold(): void;
  /** Holds everything back as soon as something with these letters has passed, so that its reply does not come. */
  holdBehind(letters: string): void;
  /** Breaks what is open, and takes nothing. */
  cut(): void;
  close(): Promise<void>;
}

/** @param to where the gate leads */
export async function openGate(to: { readonly host: string; readonly port: number }): Promise<TcpGate> {
  let state: 'open' | 'held' | 'cut' = 'open';
  let last: string | undefined;
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy();
    const far = connect(to.port, to.host);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [from, into] of [pair, [far, near] as const]) {
      from.on('data', (bytes) => {
        into.write(bytes);
        if (last === undefined || !bytes.includes(last)) return;
        last = undefined;
        hold();
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        into.destroy();
        pairs.delete(pair);
      });
      if (state === 'held') from.pause();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const each = (work: (socket: Socket) => unknown): void => [...pairs].flat().forEach(work);
  function hold(): void {
    state = 'held';
    each((socket) => socket.pause());
  }

  return {
    port: (server.address() as AddressInfo).port, // it listens on a port
    open() {
      state = 'open';
      each((socket) => socket.resume());
    },
    hold,
    holdBehind: (letters) => (last = letters),
    cut() {
      state = 'cut';
      each((socket) => socket.destroy());
    },
    close() {
      each((socket) => socket.destroy());
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
