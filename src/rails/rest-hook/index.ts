/** The rail `rest-hook`: Subscription.channel.type (http://hl7.org/fhir/R4/valueset-subscription-channel-type.html). */
import { X509Certificate } from 'node:crypto';
import { NOTICE_PLACES } from '../../policies/part2/places.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PresentVersion, Rail } from '../../ports/rail.ts';
import type { Finding } from '../../ports/store.ts';
import type { HttpClient } from '../../ports/outgoing.ts';
import { parseAllowed } from '../../resources/outgoing-address.ts';
import { deliver, hostOf } from './deliver.ts';

export interface RestHookParts {
  /** The HTTP client over guarded connections. */
  readonly http: HttpClient;
  /** The places that the guard allows beside public addresses; doctor reports them. */
  readonly allowList: readonly string[];
  readonly present: PresentVersion;
  readonly clock: Clock;
  readonly responseBytesMax?: number;
  readonly retryAfterMaxMs?: number;
  /** PEM of the authority that is trusted instead of the system's. */
  readonly ca?: string | undefined;
}

const RESPONSE_BYTES_MAX = 64 * 1024;
const RETRY_AFTER_MAX_MS = 60 * 60 * 1000;

export function createRestHookRail(parts: RestHookParts): Rail {
  const { allowList, present, clock, ca, http } = parts;
  const sending = {
    present,
    http,
    responseBytesMax: parts.responseBytesMax ?? RESPONSE_BYTES_MAX,
    retryAfterMaxMs: parts.retryAfterMaxMs ?? RETRY_AFTER_MAX_MS,
    now: () => clock.now(),
  };
  return {
    name: 'rest-hook',
    carriesNotice: NOTICE_PLACES['rest-hook'],
    deliver: (entry, asOf, now, signal, noticeOf) =>
      deliver({ ...sending, noticeOf }, entry, asOf, now, signal),
    hostOf,
    verify: async () => [
      ...allowList.map(examineEntry),
      ...(ca === undefined ? [] : [examineAuthority(ca, clock)]),
    ],
    close: () => http.close(),
  };
}

function examineEntry(entry: string): Finding {
  if (parseAllowed(entry, 'rest-hook') === undefined)
    return { ok: false, says: `"${entry}" allows nothing: write host or host:port` };
  return { ok: true, says: `notifications may go to ${entry}` };
}

function examineAuthority(pem: string, clock: Clock): Finding {
  const authority = readCertificate(pem);
  if (authority === undefined) return { ok: false, says: 'the authority is not a certificate in PEM' };
  const until = Date.parse(authority.validTo);
  const says = `the authority ${authority.subject} is valid until ${authority.validTo}`;
  return until > clock.now() ? { ok: true, says } : { ok: false, says: `${says}: replace it` };
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
