/**
 * The rest-hook channel of plain R4 Subscriptions (http://hl7.org/fhir/R4/subscription.html#channels): without a
 * payload a POST with no body to the endpoint; with one, a PUT of the resource to `[endpoint]/[type]/[id]`. R4 has no
 * notification of a deletion, so the rail sends none.
 */
import { hash } from 'node:crypto';
import { EVERYTHING } from '../../ports/query.ts';
import type { Subscription } from '../../fhir/types.ts';
import type { HttpClient } from '../../ports/outgoing.ts';
import { fillPlace } from '../../delivery/binary-bytes.ts';
import { fileHashesOf } from '../../delivery/file-hashes.ts';
import { filesIn } from '../../resources/files-in.ts';
import { presentNoticed } from '../../delivery/noticed.ts';
import { receiptOfFailure, type NoticeOfEntry, type PresentVersion, type Receipt } from '../../ports/rail.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { placeFile } from '../../ports/stored-file.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { judgeEndpoint, judgeHeaders, parseHeader } from '../../resources/subscription-channel.ts';
import { readReceipt } from '../../ports/http-receipt.ts';

interface DeliverParts {
  readonly noticeOf?: NoticeOfEntry | undefined;
  readonly present: PresentVersion;
  readonly http: HttpClient;
  /** The bytes of a response body that are read; the rail discards them. */
  readonly responseBytesMax: number;
  readonly retryAfterMaxMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Delivers one entry to its receiver, the Subscription, as that is now. */
export async function deliver(
  parts: DeliverParts,
  entry: ClaimedEntry,
  asOf: Snapshot,
  now: Snapshot,
  signal: AbortSignal,
): Promise<Receipt> {
  const subscription = await readSubscription(entry, now);
  if (subscription === undefined) return refused('the Subscription is gone');

  const { endpoint, header = [], payload } = subscription.channel;
  const malformed = judgeEndpoint(endpoint);
  if (malformed !== undefined) return refused(malformed);
  const url = URL.parse(endpoint ?? '');
  if (url === null) return refused('policy');

  const unsendable = judgeHeaders(header);
  if (unsendable !== undefined) return refused(unsendable);

  const body = payload === undefined ? undefined : await readPayload(parts, entry, asOf);
  if (payload !== undefined && body === undefined) return refused('the subject is gone');

  return send(parts, signal, {
    url: body === undefined ? url : addressOf(url, entry.subject),
    headers: buildHeaders(entry, header, payload),
    body,
  });
}

/** The endpoint that the Subscription names, whether or not the guard allows it. */
export async function hostOf(entry: ClaimedEntry, now: Snapshot): Promise<string | undefined> {
  const subscription = await readSubscription(entry, now);
  return URL.parse(subscription?.channel.endpoint ?? '')?.host;
}

interface Sending {
  readonly url: URL;
  readonly headers: readonly string[];
  readonly body: string | undefined;
}

async function send(
  { http, responseBytesMax, retryAfterMaxMs, now }: DeliverParts,
  signal: AbortSignal,
  { url, headers, body }: Sending,
): Promise<Receipt> {
  try {
    const method = body === undefined ? 'POST' : 'PUT';
    const { status, retryAfter } = await http.send(url, { method, headers, body, signal, responseBytesMax });
    const receipt = readReceipt(status, retryAfter, { nowMs: now(), retryAfterMaxMs });
    if (body === undefined) return receipt;
    return {
      ...receipt,
      bytesHash: hash('sha256', body, 'hex'),
      bytes: Buffer.byteLength(body),
      ...(await fileHashesOf(filesIn(body))),
    };
  } catch (error) {
    return receiptOfFailure(error);
  }
}

async function readSubscription(
  { receiver }: ClaimedEntry,
  now: Snapshot,
): Promise<Subscription | undefined> {
  const version = await now.read(receiver, EVERYTHING);
  return resourceOf<Subscription>(version);
}

/** The subject as of the entry's commit, as the subscriber may see it. */
async function readPayload(
  { present, noticeOf }: DeliverParts,
  { subject, sight }: ClaimedEntry,
  asOf: Snapshot,
): Promise<string | undefined> {
  const version = await asOf.read(subject, sight);
  if (version?.text === undefined) return undefined;
  const { text, file } = placeFile(version.text);
  const shown = await presentNoticed(present, { ...version, text }, sight, 'rest-hook', noticeOf);
  return file === undefined ? shown : fillPlace(asOf, shown, file);
}

/** `[endpoint]/[type]/[id]`; a query of the endpoint stays after the path. */
function addressOf(endpoint: URL, subject: string): URL {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${subject}`;
  return url;
}

/**
 * Names and values in turn. The entry's id is the same on every attempt, so that a receiver recognises a repetition.
 */
function buildHeaders(
  entry: ClaimedEntry,
  lines: readonly string[],
  payload: string | undefined,
): readonly string[] {
  const own = lines.flatMap((line) => {
    const header = parseHeader(line);
    return header === undefined ? [] : [header.name, header.value];
  });
  return [
    ...own,
    ...(payload === undefined ? [] : ['content-type', `${payload}; charset=utf-8`]),
    'idempotency-key',
    entry.id,
    'x-closeloop-delivery-id',
    entry.id,
    ...(entry.traceparent === undefined ? [] : ['traceparent', entry.traceparent]),
  ];
}

const refused = (why: string): Receipt => ({ outcome: 'refused', why });
