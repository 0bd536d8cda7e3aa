/**
 * A request's body as bytes, bounded before and after decompression. Read by us: middleware that parses reads slower
 * and cannot say in our words what is wrong.
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, type InputType, type ZlibOptions } from 'node:zlib';
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

function tooLarge(bytesMax: number): OperationOutcomeError {
  return new OperationOutcomeError('body-too-large', { diagnostics: `The limit is ${bytesMax} bytes.` });
}
