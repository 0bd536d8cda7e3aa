/** `npm run hl7 -- send`: what it prints and how it ends, whatever the peer does (house 9a4). */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { connectOutside } from '../../../tools/hl7/outside.ts';

const TOP = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-hl7-send-'));
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A message whose version node-hl7-client does not know, with a letter beyond ASCII. */
const messageOf = (id: string): string =>
  `MSH|^~\\&|A|B|C|D|20260101||ADT^A08|${id}|P|9.9\rPID|1||7||Müller^Åsa\r`;
const acknowledgment = (code: string, id: string): string =>
  `MSH|^~\\&|C|D|A|B|20260101||ACK|R${id}|P|9.9\rMSA|${code}|${id}|Grüße\r`;

/** A peer that answers each chunk with the next script: parts of bytes, sent one after the other. Undefined closes. */
async function listenWith(scripts: readonly (readonly string[] | undefined)[]): Promise<[number, Buffer[]]> {
  const received: Buffer[] = [];
  const left = [...scripts];
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      const script = left.shift();
      if (script === undefined) socket.destroy();
      for (const [n, part] of (script ?? []).entries()) setTimeout(() => socket.write(part), 20 * n);
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return [(server.address() as AddressInfo).port, received]; // it listens
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function send(port: number, text: string): Promise<Ended> {
  const file = join(folder, 'messages.hl7');
  writeFileSync(file, text.replaceAll('\r', '\n'));
  const argv = ['tools/hl7.ts', 'send', file, '--port', String(port)];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: TOP }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

test('two messages, one after the other: framed as the standard has it, answers printed, exit code 0', async () => {
  const [port, received] = await listenWith([
    [`\u000b${acknowledgment('AA', '1')}`, '\u001c', '\r'],
    [`\u000b${acknowledgment('CA', '2')}\u001c\r`],
  ]);
  const { code, out } = await send(port, messageOf('1') + messageOf('2'));
  expect(received.map(String)).toEqual(['1', '2'].map((id) => `\u000b${messageOf(id)}\u001c\r`));
  const printed = (ack: string): string => `${ack.replaceAll('\r', '\n').trim()}\n\n`;
  expect([code, out]).toEqual([0, printed(acknowledgment('AA', '1')) + printed(acknowledgment('CA', '2'))]);
});

test('a refusal is printed, and the exit code is 1', async () => {
  const [port] = await listenWith([[`\u000b${acknowledgment('AE', '1')}\u001c\r`]]);
  const { code, out } = await send(port, messageOf('1'));
  expect([code, out]).toEqual([1, expect.stringContaining('MSA|AE|1|Grüße')]);
});

test('a peer that closes without an answer: one line, exit code 1', async () => {
  const [port] = await listenWith([undefined]);
  const { code, err } = await send(port, messageOf('1'));
  expect([code, err]).toEqual([1, 'The connection was closed without an answer.\n']);
});

test('a peer that says nothing: a sentence after the time that the caller gives', async () => {
  const [port] = await listenWith([[]]);
  const engine = await connectOutside('127.0.0.1', port, 50);
  await expect(engine.send(messageOf('1'))).rejects.toThrow('No answer came in time.');
  engine.close();
});

test('a second message waits for its turn: it is refused while the first has no answer', async () => {
  const [port] = await listenWith([[]]);
  const engine = await connectOutside('127.0.0.1', port, 100);
  const first = engine.send(messageOf('1'));
  await expect(engine.send(messageOf('2'))).rejects.toThrow('has no answer yet');
  await expect(first).rejects.toThrow('No answer came in time.');
  engine.close();
});
