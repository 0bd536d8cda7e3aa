/** The token endpoint's front: how often a client and an address may ask (smart SM-46), and what the assertion names. */
import type { IncomingMessage } from 'node:http';
import { networkOf } from '../../identity/network.ts';
import type { Clock } from '../../ports/clock.ts';
import { readSmallBody, type AuthExchange } from './exchange.ts';
import type { OidcLibrary } from './library.ts';
import { createRates, type RateSettings } from './rates.ts';
import { openUnit, type UnitStore } from './unit.ts';

const PER_CLIENT: RateSettings = { perSecond: 20, burst: 40 };
const FAILED_PER_ADDRESS: RateSettings = { perSecond: 1, burst: 60 };

export function createTokenEndpoint(
  library: OidcLibrary,
  { store, clock }: { readonly store: UnitStore; readonly clock: Clock },
): (exchange: AuthExchange) => Promise<void> {
  const now = (): number => clock.now();
  const clients = createRates(PER_CLIENT, now);
  const failures = createRates(FAILED_PER_ADDRESS, now);

  return async (exchange) => {
    const { req, res, requestId, clientIp = '' } = exchange;
    const address = networkOf(clientIp);
    const body = await readSmallBody(exchange);
    const { client, keyId } = readTokenRequest(req, body);
    const wait = failures.waitOf(address) || (client === undefined ? 0 : clients.take(client));
    if (wait > 0) {
      const says = { error: 'temporarily_unavailable', error_description: 'too many requests' };
      exchange.send(429, says, { 'Retry-After': wait, Pragma: 'no-cache' });
      return;
    }
    const unit = openUnit(store, { requestId, address: exchange.clientIp }, keyId);
    await library.answer({ ...exchange, unit }, body);
    if (res.statusCode >= 400) failures.take(address);
  };
}

/** What a token request says of its client before anything is verified. */
interface TokenRequest {
  readonly client: string | undefined;
  readonly keyId: string | undefined;
}

/** Of the body and the Authorization header: it names whose limit counts, and which key is looked for. */
function readTokenRequest({ headers }: IncomingMessage, body: Buffer): TokenRequest {
  const form = new URLSearchParams(body.toString('utf8'));
  const assertion = form.get('client_assertion');
  const claims = assertion === null ? {} : partOf(assertion, 1);
  const client = basicClientOf(headers.authorization) ?? form.get('client_id') ?? claims['sub'];
  const keyId = assertion === null ? undefined : (partOf(assertion, 0)['kid'] ?? '');
  return {
    client: typeof client === 'string' ? client : undefined,
    keyId: typeof keyId === 'string' ? keyId : undefined,
  };
}

function basicClientOf(authorization = ''): string | undefined {
  const [, basic] = /^Basic +([\w+/=-]+)$/i.exec(authorization) ?? [];
  return basic === undefined ? undefined : Buffer.from(basic, 'base64').toString('utf8').split(':')[0];
}

/** A part of a JWT that nobody has verified. */
function partOf(jwt: string, at: number): Readonly<Record<string, unknown>> {
  try {
    const part: unknown = JSON.parse(Buffer.from(jwt.split('.')[at] ?? '', 'base64url').toString('utf8'));
    return typeof part === 'object' && part !== null ? (part as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
