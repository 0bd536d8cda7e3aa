/** A mail server at a HISP that lies: what it may cost is bounded by our settings, not by what it says (direct-xdm 1). */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { DirectAddress } from '../../../../src/ports/direct.ts';
import { createDirectCounters } from '../../../../src/rails/direct/counters.ts';
import { watchMailbox } from '../../../../src/rails/direct/mailbox.ts';
import { until } from './agent.ts';
import { realTimers } from './smtp-world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const CHUNK = Buffer.alloc(64 * 1024, 'x');
const SAID = 500_000_000;
const TAKEN_MAX = 1_000_000;

/** One mail of 10 bytes, whose text has 500 MB. Resolves with where it listens, and how much it could write. */
async function openLiar(): Promise<{ readonly port: number; readonly written: () => number }> {
  let written = 0;
  const sockets = new Set<Socket>();
  const pour = (socket: Socket): void => {
    while (!socket.destroyed && written < SAID) {
      written += CHUNK.length;
      if (!socket.write(CHUNK)) return void socket.once('drain', () => pour(socket));
    }
  };
  const answer = (socket: Socket, line: string): void => {
    const [tag = '', ...words] = line.split(' ');
    const command = words.join(' ').toUpperCase();
    if (command.startsWith('SELECT')) socket.write('* 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n');
    if (command.startsWith('UID SEARCH')) socket.write('* SEARCH 1\r\n');
    if (command.includes('RFC822.SIZE')) socket.write('* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n');
    else if (command.includes('BODY')) {
      socket.write(`* 1 FETCH (UID 1 BODY[] {${SAID}}\r\n`);
      return pour(socket);
    }
    if (command.startsWith('CAPABILITY')) socket.write('* CAPABILITY IMAP4rev1\r\n');
    socket.write(`${tag} OK done\r\n`);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('* OK [CAPABILITY IMAP4rev1] hello\r\n');
    let rest = '';
    socket.on('data', (data) => {
      const lines = (rest + data.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) answer(socket, line);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, written: () => written };
}

test('a mail that is longer than its server says is cut off at what the server takes', async () => {
  const { port, written } = await openLiar();
  const logs: string[] = [];
  const taken: Uint8Array[] = [];
  const watch = watchMailbox({
    mailbox: {
      server: `imap://127.0.0.1:${port}`,
      user: 'intake',
      password: 'secret',
      tls: 'offered',
      ca: undefined,
      folder: 'INBOX',
      done: undefined,
      addresses: ['intake@direct.tarn.example.org' as DirectAddress],
    },
    ca: undefined,
    connect: async () => connect(port, '127.0.0.1'),
    clock: { now: () => Date.now() },
    timers: realTimers,
    settings: { pollMs: 60_000, receivedBytesMax: TAKEN_MAX },
    take: async (bytes) => {
      taken.push(bytes);
      return 'taken';
    },
    alone: async (_name, work) => work(),
    counters: createDirectCounters(),
    log: (_level, says, about) => void logs.push(`${says} ${JSON.stringify(about)}`),
  });
  closing.push(() => watch.close());
  await until(async () => logs.length > 0);
  expect(logs[0]).toContain('a mailbox could not be read');
  expect(taken).toEqual([]);
  // What is under way in the buffers of both ends comes on top of it.
  expect(written()).toBeLessThan(50 * TAKEN_MAX);
});
