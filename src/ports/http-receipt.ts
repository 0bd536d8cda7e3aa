/** The outcome of a delivery by its HTTP answer (RFC 9110 sections 15 and 10.2.3). */
import type { Receipt } from './rail.ts';

/** Answers of the 4xx class after which the same request may succeed. */
const AGAIN: Readonly<Record<number, string>> = {
  408: 'Request Timeout',
  425: 'Too Early',
  429: 'Too Many Requests',
};

/** What an answer means. */
type ByHttp = Exclude<Receipt, { readonly outcome: 'withheld' }>;

interface ReceiptTimes {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** The longest wait that a receiver can ask for. */
  readonly retryAfterMaxMs: number;
}

/** The outcome: 2xx accepted · 408, 425, 429 and 5xx retry, not before Retry-After · everything else refused. */
export function readReceipt(status: number, retryAfter: string | undefined, times: ReceiptTimes): ByHttp {
  const says = `HTTP ${status}`;
  if (status >= 200 && status < 300) return { outcome: 'accepted', says };
  if (status >= 500 || status in AGAIN) {
    const afterMs = readRetryAfter(retryAfter, times);
    return { outcome: 'retry', why: says, ...(afterMs !== undefined && { afterMs }) };
  }
  if (status >= 300 && status < 400)
    return { outcome: 'refused', why: `${says}: redirects are not followed` };
  return { outcome: 'refused', why: says };
}

/** `Retry-After` in milliseconds: the header has seconds, or an HTTP date. Undefined when absent or unreadable. */
function readRetryAfter(
  given: string | undefined,
  { nowMs, retryAfterMaxMs }: ReceiptTimes,
): number | undefined {
  const text = given?.trim();
  if (text === undefined) return undefined;
  const afterMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(afterMs) ? undefined : Math.min(Math.max(afterMs, 0), retryAfterMaxMs);
}
