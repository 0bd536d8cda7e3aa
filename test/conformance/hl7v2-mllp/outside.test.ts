/** Engines that others wrote, over real sockets: as clients that send orders, and as receivers of ours. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { judged } from '../../judges.ts';
import { Hl7Message } from '@medplum/core';
import { Hl7Client, Hl7Server, type Hl7MessageEvent } from '@medplum/hl7';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Message, MLLPCodec } from 'node-hl7-client';
import {
  acknowledgment,
  eventually,
  hearAt,
  kindOf,
  openLinked,
  openWire,
  order,
  saysOf,
  type Linked,
} from './linked.ts';

const ORDERS = 25;
let server: Linked;
const port = (): number => server.ports[0] ?? 0;

beforeAll(async () => {
  server = await openLinked(undefined, '--backoff-min-ms', '20', '--dispatch-interval-ms', '20');
});
afterAll(() => server.close());

const idsOf = (name: string): readonly string[] => Array.from({ length: ORDERS }, (_, n) => `${name}-${n}`);

/** Sends orders one after the other; what was said of each. */
type Sender = (orders: readonly string[]) => Promise<readonly string[]>;

const sendByNodeHl7Client: Sender = async (orders) => {
  const client = new Client({ host: '127.0.0.1', version: '2.5.1' });
  const said: string[] = [];
  let answered = Promise.withResolvers<void>();
  const connection = client.createConnection({ port: port(), version: '2.5.1' }, async (response) => {
    const message = response.getMessage();
    said.push(`${message.get('MSA.1').toString()} ${message.get('MSA.2').toString()}`);
    answered.resolve();
  });
  for (const text of orders) {
    answered = Promise.withResolvers();
    await connection.sendMessage(new Message({ text }));
    await answered.promise;
  }
  await connection.close();
  return said;
};

const sendByMedplum: Sender = async (orders) => {
  const client = new Hl7Client({ host: '127.0.0.1', port: port(), keepAlive: true });
  const said: string[] = [];
  for (const text of orders) said.push(saysOf((await client.sendAndWait(Hl7Message.parse(text))).toString()));
  await client.close();
  return said;
};

/** What is used of simple-hl7, which has no types. */
interface SimpleHl7 {
  readonly Parser: new () => { parse(text: string): object };
  readonly Server: {
    createTcpClient(options: object): {
      connect(connected: (error?: Error) => void): void;
      send(message: object, answered: (error: Error | null, answer: { toString(): string }) => void): void;
      close(): void;
    };
  };
}

const sendBySimpleHl7: Sender = async (orders) => {
  const { Parser, Server } = createRequire(import.meta.url)('simple-hl7') as SimpleHl7; // see above
  const client = Server.createTcpClient({ host: '127.0.0.1', port: port(), keepalive: true });
  await new Promise<void>((resolve, reject) => {
    client.connect((error) => (error ? reject(error) : resolve()));
  });
  const said: string[] = [];
  for (const text of orders) {
    const message = new Parser().parse(text.replace(/\r$/, ''));
    const answer = await new Promise<{ toString(): string }>((resolve, reject) => {
      client.send(message, (error, found) => (error === null ? resolve(found) : reject(error)));
    });
    said.push(saysOf(answer.toString()));
  }
  client.close();
  return said;
};

/** Debian's, of package python3-hl7: a file of messages in, acknowledgments on its output. */
const sendByMllpSend: Sender = async (orders) => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-mllp-send-'));
  const said: string[] = [];
  try {
    for (const text of orders) {
      const file = join(folder, 'order.hl7');
      writeFileSync(file, text);
      const { stdout } = await promisify(execFile)('mllp_send', [
        '--loose',
        '-p',
        String(port()),
        '-f',
        file,
        '127.0.0.1',
      ]);
      said.push(saysOf(stdout.replaceAll('\n', '\r')));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return said;
};

/** Sends orders by an engine: what each is told, and how often it is there afterwards. */
async function effectsOf(name: string, send: Sender, count: number) {
  const ids = idsOf(name).slice(0, count);
  const said = await send(ids.map((id) => order({ id })));
  const found = [];
  for (const id of ids)
    found.push((await server.search('administrator', `ServiceRequest?identifier=R-${id}`)).length);
  return { said, found };
}

const oneEach = (name: string, count: number) => {
  const ids = idsOf(name).slice(0, count);
  return { said: ids.map((id) => `AA ${id}`), found: ids.map(() => 1) };
};

describe('as clients', () => {
  test.each<[string, Sender]>([
    ['node-hl7-client', sendByNodeHl7Client],
    ['medplum', sendByMedplum],
    ['simple-hl7', sendBySimpleHl7],
  ])(
    '%s: every order is acknowledged and has one effect',
    async (name, send) => expect(await effectsOf(name, send, ORDERS)).toEqual(oneEach(name, ORDERS)),
    30_000,
  );

  judged(
    'mllp_send',
    'mllp_send: every order is acknowledged and has one effect',
    async () => expect(await effectsOf('mllp_send', sendByMllpSend, 3)).toEqual(oneEach('mllp_send', 3)),
    30_000,
  );
});

interface Listening {
  readonly port: number;
  readonly received: readonly string[];
  close(): Promise<unknown>;
}

async function listenByNodeHl7Client(): Promise<Listening> {
  const received: string[] = [];
  const listening = createServer((socket) => {
    const codec = new MLLPCodec('utf8');
    socket.on('data', (chunk) => {
      if (!codec.receiveData(chunk)) return;
      const message = codec.getLastMessage() ?? '';
      received.push(message);
      codec.sendMessage(socket, acknowledgment(message, 'AA'), 'utf8');
    });
  });
  await new Promise<void>((resolve) => {
    listening.listen(0, '127.0.0.1', resolve);
  });
  const { port: at } = listening.address() as AddressInfo; // it listens
  return { port: at, received, close: async () => listening.close() };
}

async function listenByMedplum(): Promise<Listening> {
  const received: string[] = [];
  const listening = new Hl7Server((connection) => {
    connection.addEventListener('message', ({ message }: Hl7MessageEvent) => {
      received.push(message.toString());
      connection.send(message.buildAck());
    });
  });
  await listening.start(0);
  const at = listening.server?.address() as AddressInfo; // it listens
  return { port: at.port, received, close: () => listening.stop({ forceDrainTimeoutMs: 10 }) };
}

describe('as receivers', () => {
  test.each<[string, () => Promise<Listening>]>([
    ['the codec of node-hl7-client', listenByNodeHl7Client],
    ['medplum', listenByMedplum],
  ])(
    '%s: every acceptance arrives once and is acknowledged',
    async (name, open) => {
      const listening = await open();
      await hearAt(server, 'initiator', listening.port);
      const wire = await openWire(port());
      const tasks: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        const id = `TO-${name.slice(0, 3)}-${n}`.replace(' ', '');
        await wire.ask(order({ id }));
        const [task] = await server.search('recipient', `Task?focus:ServiceRequest.identifier=R-${id}`);
        tasks.push(`Task/${task?.id ?? ''}`);
      }
      wire.close();
      for (const task of tasks) {
        const { status } = await server.ask('recipient', 'PATCH', task, [
          { op: 'replace', path: '/status', value: 'accepted' },
        ]);
        expect(status).toBe(200);
      }
      const fates = async () =>
        (await Promise.all(tasks.map((task) => server.outboxOf(task as `Task/${string}`)))).flatMap((rows) =>
          rows.filter(({ receiver }) => receiver === 'Endpoint/initiator').map(({ state }) => state),
        );
      await eventually(
        async () => (await fates()).every((state) => state === 'accepted'),
        'all are accepted',
      );
      expect(listening.received.map(kindOf)).toEqual(tasks.map(() => 'OSU^O51'));
      await listening.close();
    },
    30_000,
  );
});
