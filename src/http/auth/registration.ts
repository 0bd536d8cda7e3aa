/** Registration of clients by themselves (RFC 7591), where the setting lets them (smart SM-64); by an administrator's token. */
import {
  findInitialToken,
  registerClient,
  type ClientParts,
  type Registering,
} from '../../accounts/clients.ts';
import { metadataOf } from '../../identity/registration.ts';
import { networkOf } from '../../identity/network.ts';
import { stepUpChallenge } from '../../identity/session.ts';
import { isFreshLogin } from '../../identity/step-up.ts';
import { SERVER_AGENT } from '../../ports/audit.ts';
import { CommitRefused } from '../../ports/store.ts';
import type { Identify } from '../bearer.ts';
import { readJsonBody, type AuthExchange } from './exchange.ts';
import { createRates } from './rates.ts';
import { unlessRefused } from './unless-refused.ts';

interface RegistrationParts extends ClientParts {
  readonly mode: 'initial-token' | 'open-pending';
  /** Whoever shows a token of this server, or of an issuer outside. */
  readonly identify: Identify;
}

/** Requests to register, by address: nobody fills the store with clients that nobody knows. */
const PER_ADDRESS = { perSecond: 1 / 60, burst: 20 };

export function createRegistration(parts: RegistrationParts): (exchange: AuthExchange) => Promise<void> {
  const rates = createRates(PER_ADDRESS, () => parts.clock.now());
  return async (exchange) => {
    const { send } = exchange;
    const registering = await registeringOf(parts, exchange);
    if (registering === 'stale') {
      send(401, { error: 'insufficient_user_authentication' }, { 'WWW-Authenticate': stepUpChallenge() });
      return;
    }
    if (registering === undefined) {
      send(401, { error: 'invalid_token' }, { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
      return;
    }
    const wait = registering.status === 'requested' ? rates.take(networkOf(exchange.clientIp ?? '')) : 0;
    if (wait > 0) {
      send(429, { error: 'temporarily_unavailable' }, { 'Retry-After': wait });
      return;
    }
    const metadata = await readJsonBody(exchange);
    if (metadata === undefined) {
      send(400, { error: 'invalid_client_metadata', error_description: 'the body is no JSON object' });
      return;
    }
    await register(parts, exchange, metadata, registering);
  };
}

async function register(
  parts: RegistrationParts,
  { send }: AuthExchange,
  metadata: Readonly<Record<string, unknown>>,
  registering: Registering,
): Promise<void> {
  try {
    const registered = await registerClient(parts, metadata, registering);
    if ('error' in registered) {
      send(400, { error: registered.error, error_description: registered.says });
      return;
    }
    const { id, client, secret } = registered;
    const answer = {
      ...metadataOf(id, client),
      client_id_issued_at: Math.floor(parts.clock.now() / 1000),
      ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
    };
    send(201, answer, { 'Cache-Control': 'no-store', Pragma: 'no-cache' });
  } catch (error) {
    // The one-time token was used by another request meanwhile.
    if (!(error instanceof CommitRefused) || error.reason !== 'unexpected') throw error;
    send(401, { error: 'invalid_token' }, { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
  }
}

/** Who registers: with a one-time token, as an administrator, or as anybody whom an administrator approves later. */
async function registeringOf(
  parts: RegistrationParts,
  exchange: AuthExchange,
): Promise<Registering | 'stale' | undefined> {
  const { requestId, clientIp, req } = exchange;
  const agent = { ...SERVER_AGENT, client: '', ...(clientIp !== undefined && { address: clientIp }) };
  const { authorization } = req.headers;
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined)
    return parts.mode === 'open-pending'
      ? { status: 'requested', organization: undefined, agent, requestId }
      : undefined;
  const initial = await findInitialToken(parts.store.snapshot(), token);
  if (initial === undefined) return byAdministrator(parts, exchange);
  const { access, used } = initial;
  return {
    status: 'active',
    organization: access.organization,
    ceiling: access.scopes,
    agent: { ...agent, subject: access.by },
    requestId,
    records: [used],
  };
}

/** A person needs a fresh login, as for the operation that does the same (identity 7.3). */
async function byAdministrator(
  { identify, clock }: RegistrationParts,
  { req, requestId, clientIp }: AuthExchange,
): Promise<Registering | 'stale' | undefined> {
  const behalf = req.headers['x-on-behalf-of'];
  const asked = {
    authorization: req.headers.authorization,
    onBehalfOf: typeof behalf === 'string' ? behalf : undefined,
    address: clientIp,
  };
  const caller = await unlessRefused(() => identify(asked));
  if (caller?.administrator !== true) return undefined;
  const { client, subject, organization, roles, authenticatedAt } = caller;
  if (roles !== undefined && !isFreshLogin(authenticatedAt, clock.now())) return 'stale';
  const agent = { organization: organization ?? '', client, subject } as const;
  return { status: 'active', organization, agent, requestId };
}
