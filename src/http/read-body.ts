/**
 * A request's body as bytes, bounded before and after decompression. Read by us: middleware that parses reads slower
 * and cannot say in our words what is wrong.
 */
import type { IncomingMessage } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
  type InputType,
  type ZlibOptions,
} from 'node:zlib';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { errorCode } from './error-code.ts';

/** The client went away before its body was complete: there is nobody to answer. */
export class ClientGone extends Error {
  constructor() {
    super('the client has gone');
    this.name = 'ClientGone';
  }
}

type Inflate = (body: InputType, options: ZlibOptions) => Promise<Uint8Array>;

const INFLATE: Readonly<Record<string, Inflate>> = {
  gzip: promisify<InputType, ZlibOptions, Uint8Array>(gunzip),
  'x-gzip': promisify<InputType, ZlibOptions, Uint8Array>(gunzip),
  deflate: promisify<InputType, ZlibOptions, Uint8Array>(inflate),
  br: promisify<InputType, ZlibOptions, Uint8Array>(brotliDecompress),
};

/**
 * @param bytesMax of the body as sent, and as decompressed
 * @throws OperationOutcomeError `encoding-unsupported`, `body-too-large`, `encoding-invalid` (not what its Content-Encoding says)
 * @throws ClientGone
 */
export async function readBody(req: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return readBytes(req, bytesMax);
  const expand = Object.hasOwn(INFLATE, encoding) ? INFLATE[encoding] : undefined;
  if (expand === undefined) throw new OperationOutcomeError('encoding-unsupported');
  const packed = await readBytes(req, bytesMax);
  try {
    return await expand(packed, { maxOutputLength: bytesMax });
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
    throw new OperationOutcomeError('encoding-invalid', {
      diagnostics: `The body is not valid ${encoding}.`,
    });
  }
}

/**
 * A body somewhat too large is read to its end and thrown away, so that its client reads the refusal instead of a broken
 * connection; a far larger one is not waited for.
 */
const PATIENCE = 4;

function readBytes(req: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length'] ?? 0) > bytesMax * PATIENCE) {
      reject(tooLarge(bytesMax));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
      if (size > bytesMax * PATIENCE) reject(tooLarge(bytesMax));
    });
    req.on('end', () => {
      if (size > bytesMax) reject(tooLarge(bytesMax));
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    req.on('error', () => reject(new ClientGone()));
    // Every request closes, mostly after its end; an error costs its stack.
    req.on('close', () => {
      if (!req.readableEnded) reject(new ClientGone());
    });
  });
}

/** What a body is refused with that has more bytes than may come. */
export function tooLarge(bytesMax: number): OperationOutcomeError {
  return new OperationOutcomeError('body-too-large', { diagnostics: `The limit is ${bytesMax} bytes.` });
}

const EXPANDERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * A body as it arrives and is decompressed. Whoever stops reading leaves the connection as it is, so that its client can be
 * answered.
 *
 * @param bytesMax of the body as sent; what comes of it is bounded by whoever reads
 * @throws OperationOutcomeError as {@link readBody} does; ClientGone
 */
export async function* streamBody(req: IncomingMessage, bytesMax: number): AsyncGenerator<Uint8Array> {
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') {
    yield* arriving(req, bytesMax);
    return;
  }
  const expander = Object.hasOwn(EXPANDERS, encoding) ? EXPANDERS[encoding]?.() : undefined;
  if (expander === undefined) throw new OperationOutcomeError('encoding-unsupported');
  // What ends it is thrown by the loop.
  pipeline(Readable.from(arriving(req, bytesMax)), expander, () => undefined);
  try {
    for await (const chunk of expander) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof OperationOutcomeError || error instanceof ClientGone) throw error;
    throw new OperationOutcomeError('encoding-invalid', {
      diagnostics: `The body is not valid ${encoding}.`,
    });
  }
}

async function* arriving(req: IncomingMessage, bytesMax: number): AsyncGenerator<Uint8Array> {
  if (Number(req.headers['content-length'] ?? 0) > bytesMax * PATIENCE) throw tooLarge(bytesMax);
  let size = 0;
  const chunks = req.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  try {
    while (size <= bytesMax * PATIENCE) {
      const next = await chunks.next().catch(() => {
        throw new ClientGone();
      });
      if (next.done === true) break;
      const chunk = next.value as Buffer;
      size += chunk.length;
      if (size <= bytesMax) yield chunk;
    }
  } finally {
    // Until then the request cannot be read by anybody else.
    await chunks.return?.();
  }
  if (size > bytesMax) throw tooLarge(bytesMax);
}
