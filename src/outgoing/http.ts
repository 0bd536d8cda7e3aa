/**
 * HTTP requests to other servers, over the guard's connections: no redirects, no proxies of the environment, no
 * retries.
 */
import { callbackify } from 'node:util';
import { Agent, request } from 'undici';
import { ConnectionFailed, type HttpClient, type ConnectionPurpose } from '../ports/outgoing.ts';
import { failureOf, type ConnectOptions, type Guard } from './guard.ts';

/** The time for which a connection is used again; afterwards the guard resolves and judges the name anew. */
const POOLED_MS = 60_000;
/** The time for which an answered request waits for the end of its body, so that the connection can be used again. */
const DRAIN_MS = 1_000;

export function createHttpClient(
  guard: Guard,
  purpose: ConnectionPurpose,
  tls: Pick<NonNullable<ConnectOptions['tls']>, 'ca' | 'cert' | 'key'> = {},
): HttpClient {
  const agent = new Agent({
    connect: ({ protocol, host }, callback) => {
      const destination = { purpose, address: `${protocol}//${host}` };
      const options = { tls: { ...tls, ALPNProtocols: ['http/1.1'] } };
      callbackify(() => guard.connect(destination, options))((error, socket) => {
        if (error === null) callback(null, socket);
        else callback(error, null);
      });
    },
    pipelining: 1,
    clientTtl: POOLED_MS,
    keepAliveMaxTimeout: POOLED_MS,
  });
  return {
    async send(url, { method, headers, body, signal, responseBytesMax }, reads = false) {
      try {
        const answer = await request(url, {
          method,
          headers: [...headers],
          body: body ?? null,
          dispatcher: agent,
          signal,
        });
        const retryAfter = answer.headers['retry-after'];
        const cacheControl = answer.headers['cache-control'];
        const bytes = reads ? await readBody(answer.body, responseBytesMax) : NOTHING;
        // The status has decided the outcome: an error while discarding the body changes nothing.
        if (!reads) {
          const limit = {
            limit: responseBytesMax,
            signal: AbortSignal.any([signal, AbortSignal.timeout(DRAIN_MS)]),
          };
          await answer.body.dump(limit).catch(() => undefined);
        }
        return {
          status: answer.statusCode,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
          cacheControl: cacheControl === undefined ? undefined : String(cacheControl),
          body: bytes.toString('utf8'),
          bytes,
        };
      } catch (error) {
        throw new ConnectionFailed(signal.aborted ? 'timeout' : failureOf(error));
      }
    },
    close: () => agent.destroy(),
  };
}

const NOTHING = Buffer.alloc(0);

async function readBody(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new ConnectionFailed('unreachable');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
