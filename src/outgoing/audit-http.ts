/**
 * Sends AuditEvents by HTTP: one a line (ndjson), or as a batch to a FHIR server (IHE ITI-20, "Send Audit Bundle Request").
 * Any 2xx means that the batch was taken; of a FHIR server, each entry must have been.
 */
import type { AuditCollector } from '../ports/audit-feed.ts';
import { ConnectionFailed, type HttpClient } from '../ports/outgoing.ts';

interface AuditHttpSettings {
  readonly url: URL;
  readonly form: 'fhir' | 'ndjson';
}

const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;

/** @param http closed with the collector */
export function createHttpCollector(http: HttpClient, { url, form }: AuditHttpSettings): AuditCollector {
  const [type, build] =
    form === 'fhir'
      ? (['application/fhir+json', buildBatch] as const)
      : (['application/fhir+ndjson', buildLines] as const);
  return {
    async send(rendered, signal) {
      const answer = await http.send(
        url,
        {
          method: 'POST',
          headers: ['content-type', type, 'accept', 'application/fhir+json'],
          body: build(rendered),
          signal,
          responseBytesMax: RESPONSE_BYTES_MAX,
        },
        form === 'fhir',
      );
      const isTaken = answer.status >= 200 && answer.status < 300;
      if (!isTaken || (form === 'fhir' && !areTaken(answer.body, rendered.length)))
        throw new ConnectionFailed('refused');
    },
    close: () => http.close(),
  };
}

const buildLines = (rendered: readonly string[]): string => `${rendered.join('\n')}\n`;

const buildBatch = (rendered: readonly string[]): string =>
  `{"resourceType":"Bundle","type":"batch","entry":[${rendered
    .map((text) => `{"resource":${text},"request":{"method":"POST","url":"AuditEvent"}}`)
    .join(',')}]}`;

/** Each entry of the batch-response has a status of its own. A repository may also answer with nothing to read. */
function areTaken(body: string, count: number): boolean {
  if (body.trim() === '') return true;
  try {
    const { entry } = JSON.parse(body) as { readonly entry?: readonly BatchEntry[] }; // looked at below
    if (entry === undefined) return true;
    return entry.length === count && entry.every(({ response }) => /^2\d\d/.test(response?.status ?? ''));
  } catch {
    return false;
  }
}

interface BatchEntry {
  readonly response?: { readonly status?: string };
}
