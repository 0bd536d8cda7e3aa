/** A small engine for trying links: sends messages over MLLP and waits for each acknowledgment; listens and answers AA. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { buildAck } from '../../src/hl7v2/ack.ts';
import { encodeBytes } from '../../src/hl7v2/charset.ts';
import { encodeMessage } from '../../src/hl7v2/message.ts';
import { createDeframer, frame } from '../../src/hl7v2/mllp.ts';
import { Trouble } from '../command.ts';

const BYTES_MAX = 64 * 1024 * 1024;

export interface Engine {
  /** Sends one message; resolves with the acknowledgment's bytes. */
  send(message: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

/** @throws Error when nobody listens there */
export async function connectEngine(host: string, port: number, answerWithinMs = 30_000): Promise<Engine> {
  const socket: Socket = connect({ host, port });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  const deframer = createDeframer({ bytesMax: BYTES_MAX });
  const waiting: { resolve: (answer: Uint8Array) => void; reject: (error: Error) => void }[] = [];
  socket.on('data', (chunk: Buffer) => {
    for (const found of deframer.push(chunk)) {
      if (found.kind === 'message') waiting.shift()?.resolve(found.bytes);
    }
  });
  const fail = (): void => {
    for (const { reject } of waiting.splice(0))
      reject(new Trouble('The connection was closed without an answer.'));
  };
  socket.on('error', fail).on('close', fail);
  return {
    send(message) {
      socket.write(frame(message));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Trouble('No answer came in time.')), answerWithinMs);
        const settled =
          <T>(then: (value: T) => void) =>
          (value: T): void => {
            clearTimeout(timer);
            then(value);
          };
        waiting.push({ resolve: settled(resolve), reject: settled(reject) });
      });
    },
    close: () => socket.end(),
  };
}

export interface ListeningEngine {
  readonly port: number;
  close(): void;
}

/** Answers every message with AA after showing it to `received`. */
export async function listenAsEngine(
  host: string,
  port: number,
  received: (message: Uint8Array) => void,
): Promise<ListeningEngine> {
  let count = 0;
  const server: Server = createServer((socket) => {
    const deframer = createDeframer({ bytesMax: BYTES_MAX });
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const found of deframer.push(chunk)) {
        if (found.kind !== 'message') continue;
        received(found.bytes);
        count += 1;
        const answer = {
          received: found.bytes,
          code: 'AA',
          controlId: `ENGINE-${count}`,
          at: Date.now(),
        } as const;
        const message = buildAck(answer);
        socket.write(frame(encodeBytes(encodeMessage(message), message.syntax.charset)));
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
