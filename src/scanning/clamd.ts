/**
 * The protocol of clamd, one command on one connection (clamd(8), COMMANDS): `zINSTREAM`, then chunks that are led by their
 * length in four bytes, ended by a length of zero; every answer ends with a zero byte.
 */
import type { Socket } from 'node:net';
import type { ScannerVersion, ScanVerdict } from '../ports/scanner.ts';

const CHUNK_LENGTH = 64 * 1024;
/** An answer is one line; more is not clamd's. */
const ANSWER_MAX = 4096;

/** The answer to a command; undefined where the connection ends, or says too much, before there is one. */
function answerOf(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    const end = (answer?: string): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.on('data', (part: Buffer) => {
      const zero = part.indexOf(0);
      parts.push(zero === -1 ? part : part.subarray(0, zero));
      length += part.length;
      if (zero !== -1) end(Buffer.concat(parts).toString('utf8'));
      else if (length > ANSWER_MAX) end();
    });
    // An error is followed by the close.
    socket.on('error', () => undefined);
    socket.on('close', () => end());
  });
}

/** Sends a file and reads what is said of it; the connection is closed then. */
export async function scanOn(socket: Socket, bytes: Uint8Array): Promise<ScanVerdict> {
  const answer = answerOf(socket);
  const isWhole = await sendFile(socket, bytes);
  const said = await answer;
  if (said === undefined) return { verdict: 'unknown', why: 'closed' };
  const verdict = verdictOf(said);
  // Who calls a file clean without having all of it says nothing of it.
  return verdict.verdict === 'clean' && !isWhole ? { verdict: 'unknown', why: 'error' } : verdict;
}

/** Sends one chunk after the other as fast as they are taken; clamd may have answered, and gone, before the last. @returns whether all was sent */
async function sendFile(socket: Socket, bytes: Uint8Array): Promise<boolean> {
  socket.write('zINSTREAM\0');
  for (let at = 0; at < bytes.length; at += CHUNK_LENGTH) {
    const chunk = bytes.subarray(at, at + CHUNK_LENGTH);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(chunk.length);
    socket.write(length);
    if (!socket.write(chunk)) await drained(socket);
    if (socket.destroyed) return false;
  }
  socket.write(Buffer.alloc(4));
  return true;
}

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) {
      resolve();
      return;
    }
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.once('drain', go).once('close', go);
  });

/** `stream: OK`, `stream: ‹name› FOUND`, `‹reason› ERROR`. What is none of them says nothing of the file. */
function verdictOf(said: string): ScanVerdict {
  if (said === 'stream: OK') return { verdict: 'clean' };
  const found = /^stream: ([^]+) FOUND$/.exec(said)?.[1];
  if (found !== undefined) return { verdict: 'infected', found: nameOf(found) };
  return { verdict: 'unknown', why: /size limit exceeded/i.test(said) ? 'size' : 'error' };
}

const NAME_MAX = 100;

/** The name of a signature without anything that a log or a page could take for more than a name. */
const nameOf = (found: string): string => found.replaceAll(/[^\w.()-]/g, '_').slice(0, NAME_MAX);

/** Whether it answers `zPING`. */
export async function pingOn(socket: Socket): Promise<boolean> {
  const answer = answerOf(socket);
  socket.write('zPING\0');
  return (await answer) === 'PONG';
}

/** Asks `zVERSION`: `ClamAV 1.4.3/27772/Sat Sep 27 08:26:57 2025`, without signatures of its maker the first part alone. */
export async function versionOn(socket: Socket): Promise<ScannerVersion | undefined> {
  const answer = answerOf(socket);
  socket.write('zVERSION\0');
  const said = await answer;
  if (said === undefined || !said.startsWith('ClamAV ')) return undefined;
  const [engine = '', signatures = '', made = ''] = said.split('/');
  const signaturesAt = Date.parse(`${made} UTC`);
  return {
    engine: engine.slice(0, NAME_MAX),
    signatures: /^\d{1,10}$/.test(signatures) ? signatures : '',
    signaturesAt: Number.isNaN(signaturesAt) ? undefined : signaturesAt,
  };
}
