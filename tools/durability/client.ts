/** Speaks HTTP to the server, and keeps apart what was answered from what was not. */

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base. */
  readonly path: string;
  readonly token: string;
  /** Found again in the audit row of the request. */
  readonly requestId: string;
  readonly body?: string;
  /** The Idempotency-Key. */
  readonly key?: string;
}

/** An acknowledgment: from its status line on, the server has promised. */
export interface Answer {
  readonly status: number;
  /** Of the ETag; 0 without one. */
  readonly version: number;
  /** `Type/id`, of Location. */
  readonly location: string | undefined;
  /** Undefined when the connection broke in the middle of the body. */
  readonly text: string | undefined;
}

const TIMEOUT_MS = 30_000;

/** Undefined when no answer came: the write may have happened, or not. */
export async function send(base: string, ask: Ask): Promise<Answer | undefined> {
  const { method, path, token, requestId, body, key } = ask;
  const headers = new Headers({
    authorization: `Bearer ${token}`,
    'x-request-id': requestId,
    'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json',
    prefer: 'return=representation',
  });
  if (key !== undefined) headers.set('idempotency-key', key);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${base}${path}`, {
      method,
      headers,
      signal,
      ...(body !== undefined && { body }),
    });
    const text = await response.text().catch(() => undefined);
    return {
      status: response.status,
      version: Number(/\d+/.exec(response.headers.get('etag') ?? '')?.[0] ?? 0),
      location: /([A-Z]\w+\/[\w.-]+)(?:\/_history\/\d+)?$/.exec(response.headers.get('location') ?? '')?.[1],
      text,
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') throw error;
    return undefined;
  }
}

/** What a server says of itself. */
interface Readiness {
  readonly ok: boolean;
  readonly outboxWaiting: number;
}

export async function readinessOf(base: string): Promise<Readiness> {
  const answer = await fetch(new URL('/health/ready', base));
  const { outboxWaiting } = (await answer.json()) as Readiness; // src/http/health.ts
  return { ok: answer.ok, outboxWaiting };
}
