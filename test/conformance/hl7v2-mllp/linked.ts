/** The real server with HL7 v2 ports, and engines as they are: sockets that send and read bytes, well-behaved or not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createDeframer, frame } from '../../../src/hl7v2/mllp.ts';
import { endpoint } from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import type { Stored } from '../../world.ts';

/** Settings by which a delivery that fails is tried again at once. */
export const QUICK: readonly string[] =
  '--backoff-min-ms 20 --backoff-max-ms 1000 --dispatch-interval-ms 20 --lease-ms 5000'.split(' ');

/** The organizations of examples/omg-o19.hl7. */
export const FACILITY = { initiator: '2.999.360.1', recipient: '2.999.360.2' } as const;
export const PATIENTS = '2.999.360.1.5';

type Raw = Readonly<Record<string, unknown>>;

/** One link of the initiator's engine; members replace its own. */
export const initiatorLink = (more: Raw = {}): Raw => ({
  name: 'initiator-engine',
  addresses: ['127.0.0.0/8'],
  senders: [{ facility: FACILITY.initiator, organization: 'Organization/initiator' }],
  receivers: [{ facility: FACILITY.recipient, organization: 'Organization/recipient' }],
  authorities: [PATIENTS],
  ...more,
});

export interface Linked extends TestServer {
  /** The listening ports, in the order given. */
  readonly ports: readonly number[];
  /** All resources of a type, whoever keeps them. */
  all(type: string): Promise<readonly Stored[]>;
}

/** @param ports members of the links file; one port with the initiator's link unless given */
export async function openLinked(
  ports: readonly Raw[] = [{ links: [initiatorLink()] }],
  ...argv: readonly string[]
): Promise<Linked> {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-links-'));
  const file = join(folder, 'links.json');
  writeFileSync(file, JSON.stringify(ports));
  const server = await openServer(['initiator', 'recipient'], '--hl7-links', file, ...argv);
  return Object.assign(Object.create(server) as TestServer, {
    ports: server.running.mllp.map(({ port }) => port),
    all: (type: string) => server.search('administrator', `${type}?_count=500`),
    async close() {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  });
}

const EXAMPLE = readFileSync(join(import.meta.dirname, '../../../examples/omg-o19.hl7'), 'utf8');

export interface Order {
  /** MSH-10. */
  readonly id: string;
  /** Default: a referral of its own. */
  readonly referral?: string;
  /** PID-3.1; default: a patient of its own. */
  readonly patient?: string;
  /** MSH-15 and MSH-16. */
  readonly asks?: readonly [accept: string, application: string];
  /** MSH-4. */
  readonly from?: string;
}

/** The example's order as another message; segments end with CR. */
export function order({
  id,
  referral = `R-${id}`,
  patient = `P-${id}`,
  asks = ['', ''],
  from,
}: Order): string {
  return EXAMPLE.replaceAll(/\r?\n/g, '\r')
    .replace('DEMO-000001', id)
    .replaceAll('R-2026-00731', referral)
    .replace('MRN-40417', patient)
    .replace('|2.5.1|||||||||360X', `|2.5.1|||${asks[0]}|${asks[1]}|||||360X`)
    .replace(`^${FACILITY.initiator}^ISO||`, `^${from ?? FACILITY.initiator}^ISO||`);
}

/** `MSA-1 MSA-2` of an acknowledgment. */
export const saysOf = (text: string): string => {
  const [, code = '', id = ''] = /(?:^|\r)MSA\|([^|\r]*)\|([^|\r]*)/.exec(text) ?? [];
  return `${code} ${id}`;
};

export interface Wire {
  readonly socket: Socket;
  /** Sends bytes as they are. */
  write(bytes: Uint8Array | string): void;
  /** Frames it and sends it. */
  send(message: string): void;
  /** Acknowledgments so far, or as soon as there are so many. */
  answers(count?: number): Promise<readonly string[]>;
  /** Sends one and waits for the next answer. */
  ask(message: string): Promise<string>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

const WITHIN_MS = 10_000;

export async function openWire(port: number, made?: Socket): Promise<Wire> {
  const socket = made ?? connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const deframer = createDeframer({ bytesMax: 1 << 24 });
  const got: string[] = [];
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.on('data', (chunk: Buffer) => {
    for (const found of deframer.push(chunk))
      if (found.kind === 'message') got.push(Buffer.from(found.bytes).toString());
  });
  if (made === undefined) {
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve).once('close', resolve);
    });
  }
  const answers: Wire['answers'] = async (count = 0) => {
    for (const end = Date.now() + WITHIN_MS; got.length < count && Date.now() < end;) {
      if (socket.destroyed) break;
      await setTimeout(2);
    }
    return got;
  };
  const wire: Wire = {
    socket,
    write: (bytes) => void socket.write(bytes),
    send: (message) => void socket.write(frame(Buffer.from(message))),
    answers,
    async ask(message) {
      const before = got.length;
      wire.send(message);
      const answered = await answers(before + 1);
      return answered[before] ?? '';
    },
    closed,
    close: () => void socket.destroy(),
  };
  return wire;
}

/** What a receiving engine does with each message: its answer, framed or not, or nothing. */
export type Behave = (message: string, socket: Socket) => void;

export interface Engine {
  readonly port: number;
  /** What arrived, in order. */
  readonly received: readonly string[];
  /** From now on. */
  behave(as: Behave): void;
  arrived(count: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const controlId = (message: string): string => message.split('|')[9] ?? '';
/** `OSU^O51`, `MDM^T02`. */
export const kindOf = (message: string): string => (message.split('|')[8] ?? '').split('^', 2).join('^');

export const acknowledgment = (message: string, code: string, id = controlId(message)): string =>
  `MSH|^~\\&|||||20260101||ACK|E${Math.random()}|P|2.5.1\rMSA|${code}|${id}\r`;

export const answering =
  (code: string): Behave =>
  (message, socket) =>
    void socket.write(frame(Buffer.from(acknowledgment(message, code))));

export async function openEngine(behave: Behave, port = 0): Promise<Engine> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let now = behave;
  const server = createServer((socket) => {
    sockets.add(socket);
    const deframer = createDeframer({ bytesMax: 1 << 24 });
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const found of deframer.push(chunk)) {
        if (found.kind !== 'message') continue;
        const text = Buffer.from(found.bytes).toString();
        received.push(text);
        now(text, socket);
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // it listens
    received,
    behave(as) {
      now = as;
    },
    async arrived(count) {
      for (const end = Date.now() + WITHIN_MS; received.length < count && Date.now() < end;)
        await setTimeout(5);
      return received;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Makes an organization hear of moves at this port. */
export async function hearAt(server: TestServer, who: string, port: number): Promise<void> {
  const connectionType = {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: 'hl7v2-mllp',
  };
  const at = endpoint(who, { connectionType, address: `mllp://127.0.0.1:${port}` });
  const { status, text } = await server.ask('administrator', 'PUT', `Endpoint/${who}`, at);
  if (status !== 200 && status !== 201) throw new Error(`${status} ${text}`);
}

/** Until it holds. */
export async function eventually(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !(await holds());) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await setTimeout(10);
  }
}
