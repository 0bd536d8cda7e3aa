/**
 * The security headers that stand on every response, whoever writes it: helmet's, asked for once when the server starts.
 * As middleware, helmet would set them one by one on each response, which costs a third of a read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';
import type { Headers } from './cors.ts';

/** A response is a document of an API: it loads nothing, stands in no frame, and no cache keeps it. */
const POLICY = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };
const TRANSPORT = { maxAge: 31_536_000, includeSubDomains: false };

/** @param strictTransport whether clients reach the server over TLS: browsers are told to stay there (RFC 6797, 7.2) */
export function createSecurityHeaders(strictTransport: boolean): Readonly<Headers> {
  const headers: Headers = { 'Cache-Control': 'no-store' };
  const middleware = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: POLICY },
    frameguard: { action: 'deny' },
    strictTransportSecurity: strictTransport && TRANSPORT,
  });
  const response = {
    setHeader: (name: string, value: string): void => void (headers[name] = value),
    removeHeader: (): void => {},
  };
  // helmet touches nothing of the request, and of the response these two methods alone.
  middleware({} as IncomingMessage, response as unknown as ServerResponse, (error?: unknown) => {
    if (error !== undefined) throw new Error('helmet refuses its options', { cause: error });
  });
  return headers;
}
