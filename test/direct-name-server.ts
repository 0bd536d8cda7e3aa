/** A name server on loopback, of our own: it answers as a test tells it, also wrongly. No name server of others is asked. */
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';
import { decode, encode, type Answer, type DecodedPacket, type Packet } from 'dns-packet';

export interface Asked {
  readonly way: 'udp' | 'tcp';
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly port: number;
  readonly edns: boolean;
}

/** What goes back: messages, one after the other, as they are or as their bytes. */
type Reply = (query: DecodedPacket, asked: Asked) => readonly (Packet | Buffer)[];

export interface NameServer {
  readonly port: number;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** The answer to a query, with what is given. */
export const replyTo = (query: DecodedPacket, rest: Partial<Packet> = {}): Packet => ({
  type: 'response',
  id: query.id,
  questions: query.questions ?? [],
  ...rest,
});

/** An answer with these records; nothing else is said. */
export const answers =
  (...records: readonly Answer[]): Reply =>
  (query) => [replyTo(query, { answers: [...records] })];

export async function openNameServer(reply: Reply): Promise<NameServer> {
  const asked: Asked[] = [];
  const answer = (bytes: Buffer, way: 'udp' | 'tcp', port: number): readonly Buffer[] => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    const edns = (query.additionals ?? []).some(({ type }) => type === 'OPT');
    const one = {
      way,
      id: query.id ?? 0,
      name: question?.name ?? '',
      type: question?.type ?? '',
      port,
      edns,
    };
    asked.push(one);
    return reply(query, one).map((message) => (Buffer.isBuffer(message) ? message : encode(message)));
  };
  const tcp = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (chunk: Buffer) => {
      for (const message of answer(chunk.subarray(2), 'tcp', socket.remotePort ?? 0)) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(length);
        socket.write(message);
      }
    });
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (bytes, from) => {
    for (const message of answer(bytes, 'udp', from.port)) udp.send(message, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
  return {
    port,
    asked,
    close: async () => {
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}
