/**
 * The rail `sms`: a text to a patient by a gateway for text messages. The gateway takes `POST` of JSON `{to, text, id}` with a
 * bearer token: `to` is an E.164 number, `id` is the same at every attempt, and 2xx means that it will send the text once.
 * Other gateways need a small adapter that speaks this.
 */
import { hash } from 'node:crypto';
import { outreachAddress } from '../../delivery/outreach/address.ts';
import { NOTICE_PLACES } from '../../policies/part2/places.ts';
import type { Clock } from '../../ports/clock.ts';
import { readReceipt } from '../../ports/http-receipt.ts';
import type { HttpClient } from '../../ports/outgoing.ts';
import { receiptOfFailure, type Rail, type Receipt } from '../../ports/rail.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { outgoingText } from '../../delivery/outreach/text.ts';

export interface SmsRailParts {
  readonly http: HttpClient;
  readonly gateway: URL;
  readonly secret: string;
  /** Where patients sign in. */
  readonly portal: string;
  readonly clock: Clock;
}

/** An answer is not read; this much of it is thrown away before the connection is. */
const ANSWER_BYTES_MAX = 16 * 1024;
const RETRY_AFTER_MAX_MS = 60 * 60 * 1000;

export function createSmsRail(parts: SmsRailParts): Rail {
  return {
    name: 'sms',
    carriesNotice: NOTICE_PLACES.sms,
    deliver: (entry, asOf, now, signal) => deliver(parts, { entry, asOf, now, signal }),
    hostOf: async () => parts.gateway.host,
    verify: async () => [{ ok: true, says: `text messages go to ${parts.gateway.host}` }],
    close: () => parts.http.close(),
  };
}

interface Delivery {
  readonly entry: ClaimedEntry;
  readonly asOf: Snapshot;
  readonly now: Snapshot;
  readonly signal: AbortSignal;
}

async function deliver(
  { http, gateway, secret, portal, clock }: SmsRailParts,
  { entry, asOf, now, signal }: Delivery,
): Promise<Receipt> {
  const outgoing = await outgoingText(entry, asOf, now, portal);
  if (typeof outgoing === 'string') return { outcome: 'refused', why: outgoing };
  const to = outreachAddress(outgoing.person, 'sms', clock.now());
  if (to === undefined) return { outcome: 'refused', why: 'no number' };
  const body = JSON.stringify({ to, text: outgoing.text, id: entry.id });
  const headers = [
    'authorization',
    `Bearer ${secret}`,
    'content-type',
    'application/json',
    'idempotency-key',
    entry.id,
  ];
  try {
    const asked = { method: 'POST', headers, body, signal, responseBytesMax: ANSWER_BYTES_MAX } as const;
    const { status, retryAfter } = await http.send(gateway, asked);
    const nowMs = clock.now();
    const receipt = readReceipt(status, retryAfter, { nowMs, retryAfterMaxMs: RETRY_AFTER_MAX_MS });
    if (receipt.outcome !== 'accepted') return receipt;
    const bytesHash = hash('sha256', body, 'hex');
    const at = new Date(nowMs).toISOString();
    return {
      ...receipt,
      bytesHash,
      evidence: [{ kind: 'http-2xx', at, source: `entry ${entry.id}`, hash: bytesHash }],
    };
  } catch (error) {
    return receiptOfFailure(error);
  }
}
