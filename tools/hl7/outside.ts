/**
 * A peer whose MLLP framing is node-hl7-client's and not ours, so that what a person tries by hand is judged by another
 * program. Its `Client` is left aside: it never says that nobody listens, refuses versions that it does not know, and
 * hangs when a second message is sent before the first is answered. So is more than one message at a time.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { MLLPCodec } from 'node-hl7-client';
import { buildAck } from '../../src/hl7v2/ack.ts';
import { encodeMessage } from '../../src/hl7v2/message.ts';
import { Trouble } from '../command.ts';

const ENCODING = 'utf8';
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export interface OutsideSender {
  /**
   * Sends one message; resolves with its acknowledgment.
   *
   * @throws Trouble when the connection is closed before, or the answer does not come in time
   */
  send(message: string): Promise<string>;
  close(): void;
}

/** @throws Error when nobody listens there */
export async function connectOutside(
  host: string,
  port: number,
  answerWithinMs = 30_000,
): Promise<OutsideSender> {
  const socket: Socket = connect({ host, port });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  const codec = new MLLPCodec(ENCODING);
  let waiting: PromiseWithResolvers<string> | undefined;
  let received = 0;
  const fail = (why: string): void => waiting?.reject(new Trouble(why));
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > ANSWER_BYTES_MAX) socket.destroy();
    else if (codec.receiveData(chunk)) waiting?.resolve(codec.getLastMessage() ?? '');
  });
  const closed = (): void => fail('The connection was closed without an answer.');
  socket.on('error', closed).on('close', closed);
  return {
    async send(message) {
      if (waiting !== undefined) throw new Error('the message before has no answer yet');
      waiting = Promise.withResolvers();
      received = 0;
      const timer = setTimeout(() => fail('No answer came in time.'), answerWithinMs);
      try {
        codec.sendMessage(socket, message, ENCODING);
        return await waiting.promise;
      } finally {
        clearTimeout(timer);
        waiting = undefined;
      }
    },
    close: () => socket.end(),
  };
}

/** Answers every message with AA after showing it to `received`. */
export async function listenOutside(
  host: string,
  port: number,
  received: (message: string) => void,
): Promise<{ readonly port: number; close(): void }> {
  let count = 0;
  const server = createServer((socket) => {
    const codec = new MLLPCodec(ENCODING);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      if (!codec.receiveData(chunk)) return;
      const message = codec.getLastMessage() ?? '';
      received(message);
      count += 1;
      const answer = buildAck({
        received: Buffer.from(message, ENCODING),
        code: 'AA',
        controlId: `ENGINE-${count}`,
        at: Date.now(),
      });
      codec.sendMessage(socket, encodeMessage(answer), ENCODING);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
