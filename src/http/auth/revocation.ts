/** Revocation (RFC 7009): a token takes its whole grant with it (smart SM-61). What is not the client's stays, and is not told. */
import type { Headers } from '../cors.ts';
import type { AuthenticateClient } from './client-auth.ts';
import { readFields, type AuthExchange } from './exchange.ts';
import { keyOfSecret, type GrantedBody } from './records.ts';
import { endGrant, type Unit } from './unit.ts';

const KINDS = ['refresh-token', 'access-token'] as const;

export function createRevocation(
  authenticate: AuthenticateClient,
): (exchange: AuthExchange) => Promise<void> {
  return async (exchange) => {
    const form = await readFields(exchange);
    const proven = await authenticate(exchange, form);
    if (proven === undefined) {
      exchange.send(401, { error: 'invalid_client' }, { 'WWW-Authenticate': 'Basic' });
      return;
    }
    const { id, client } = proven;
    await revoke(exchange.unit, form.get('token') ?? '', id);
    await exchange.unit.commit();
    const isOffered =
      client.kind === 'public' && client.corsOrigins.includes(exchange.req.headers.origin ?? '');
    exchange.send(200, '', isOffered ? corsOf(exchange) : {});
  };
}

const corsOf = ({ req }: AuthExchange): Headers => ({
  'Access-Control-Allow-Origin': req.headers.origin ?? '',
  Vary: 'Origin',
});

async function revoke(unit: Unit, token: string, client: string): Promise<void> {
  for (const kind of KINDS) {
    const key = keyOfSecret(token);
    const found = await unit.find(kind, key);
    if (found === undefined) continue;
    const { grant, account, session, ...body } = found.body as GrantedBody; // of one of these kinds
    if (body.client !== client) return;
    unit.hold({ kind, key, expect: 'any', body: undefined }, 'end');
    // A machine's token has no grant.
    if (grant !== undefined) await endGrant(unit, grant);
    unit.note('token-revoked', { client, account, session, detail: { kind } }, 'end');
  }
}
