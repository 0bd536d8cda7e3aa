/**
 * The library below `[origin]/auth`: what it may believe of a request, one commit for what it writes, and what its answer lacks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, Provider } from 'oidc-provider';
import { CommitRefused } from '../../ports/store.ts';
import { endReused, readGrantContext } from './adapter.ts';
import { SESSION_COOKIE } from './provider.ts';
import type { GrantContext } from './records.ts';
import { openUnit, RaceLost, withinUnit, type Unit, type UnitStore } from './unit.ts';

/** A request for the library, with the body when it was read already. */
interface MountedRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly unit: Unit;
  readonly body?: Buffer | undefined;
}

type CallProvider = (provider: Provider, request: MountedRequest) => Promise<void>;

/** @param issuer `[origin]/auth`; the library learns its own address from it, never from the request (smart SM-5) */
export function createMount(issuer: string, store: UnitStore): CallProvider {
  const { host, protocol, pathname } = new URL(issuer);
  const units = new WeakMap<IncomingMessage, Unit>();
  const callbacks = new WeakMap<Provider, ReturnType<Provider['callback']>>();

  function callbackOf(provider: Provider): ReturnType<Provider['callback']> {
    const known = callbacks.get(provider);
    if (known !== undefined) return known;
    provider.use((ctx, next) => answer(ctx, next, store, units.get(ctx.req)));
    const callback = provider.callback();
    callbacks.set(provider, callback);
    return callback;
  }

  return async (provider, { req, res, unit, body }) => {
    const callback = callbackOf(provider);
    const asked = requestOf(req, body);
    asked.headers.host = host;
    asked.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    delete asked.headers['x-forwarded-host'];
    delete asked.headers['x-forwarded-for'];
    const url = req.url ?? '/';
    Object.assign(asked, { originalUrl: url, url: url.slice(pathname.length) || '/' });
    units.set(asked, unit);
    await callback(asked, res);
  };
}

/** Around the library: what its request writes is one commit, and what its answer lacks is added. */
async function answer(
  ctx: Context,
  next: () => Promise<void>,
  store: UnitStore,
  unit: Unit | undefined,
): Promise<void> {
  if (unit === undefined) throw new Error('the request has no unit');
  await withinUnit(unit, next);
  dropSessionCookie(ctx);
  const isToken = ctx.path === '/token';
  if (isToken) ctx.set('Pragma', 'no-cache'); // SMART asks for it beside Cache-Control
  try {
    if (isToken && ctx.status === 200) await addContext(ctx, unit);
    if (isToken) nameUnauthorized(ctx);
    await unit.commit(ctx.status >= 400);
  } catch (error) {
    await refuse(ctx, store, unit, error);
  }
}

/** The answer to what could not be written. Nothing of it has happened. */
async function refuse(ctx: Context, store: UnitStore, unit: Unit, error: unknown): Promise<void> {
  if (error instanceof RaceLost) {
    // Refused already: what it was refused for was used by another request.
    if (ctx.status < 400) await loseRace(ctx, store, unit, error);
    return;
  }
  if (!(error instanceof CommitRefused)) throw error;
  ctx.status = 503;
  ctx.set('Retry-After', '1');
  ctx.body = { error: 'temporarily_unavailable' };
}

/** The tokens of the winner end, too, where a code was used twice: it is not told apart from a thief (smart SM-20). */
async function loseRace(
  ctx: Context,
  store: UnitStore,
  unit: Unit,
  { kind, grant }: RaceLost,
): Promise<void> {
  const isClient = kind === 'replay';
  ctx.status = isClient ? 401 : 400;
  ctx.body = isClient
    ? { error: 'invalid_client', error_description: 'client authentication failed' }
    : { error: 'invalid_grant', error_description: 'grant request is invalid' };
  if (kind !== 'code' || grant === undefined) return;
  const after = openUnit(store, unit.about);
  await endReused(after, grant);
  await after.commit();
}

/** The same request with headers of its own, and its body to be read again. */
function requestOf(req: IncomingMessage, body: Buffer | undefined): IncomingMessage {
  const own = Object.create(req) as IncomingMessage; // what is not replaced below is read of the request
  Object.defineProperty(own, 'headers', { value: { ...req.headers } });
  if (body !== undefined) {
    Object.defineProperty(own, 'readable', { value: true });
    Object.defineProperty(own, 'readableEncoding', { value: null });
    Object.defineProperty(own, 'iterator', {
      async *value() {
        yield body;
      },
    });
  }
  return own;
}

/** The cookie of the session is set by the pages that log in; the library would set it again without its attributes. */
function dropSessionCookie(ctx: Context): void {
  const cookies = ctx.response.headers['set-cookie'];
  if (cookies === undefined) return;
  const kept = [cookies].flat().filter((cookie) => !cookie.startsWith(`${SESSION_COOKIE}=`));
  if (kept.length === 0) ctx.remove('Set-Cookie');
  else ctx.res.setHeader('Set-Cookie', kept);
}

/** The library says `invalid_request` to a client that may not use a grant type; RFC 6749, 5.2 has a word for it. */
function nameUnauthorized(ctx: Context): void {
  const body = ctx.body as { error?: string; error_description?: string } | undefined; // JSON of the library
  if (body?.error_description === 'requested grant type is not allowed for this client')
    ctx.body = { ...body, error: 'unauthorized_client' };
}

/** The launch context in the token response (SMART App Launch 2.2, "Launch context arrives with your access_token"). */
async function addContext(ctx: Context, unit: Unit): Promise<void> {
  const { AccessToken } = ctx.oidc.entities;
  if (AccessToken?.grantId === undefined) return;
  ctx.body = {
    ...(ctx.body as object),
    ...launchParameters(await readGrantContext(unit, AccessToken.grantId)),
  };
}

/** The parameters of a launch context, as token responses and introspection name them. */
export function launchParameters(context: GrantContext): Readonly<Record<string, unknown>> {
  const { patient, encounter, fhirContext, intent, needPatientBanner, smartStyleUrl, tenant } = context;
  return {
    ...(patient !== undefined && { patient: patient.replace('Patient/', '') }),
    ...(encounter !== undefined && { encounter: encounter.replace('Encounter/', '') }),
    ...(fhirContext !== undefined && fhirContext.length > 0 && { fhirContext }),
    ...(intent !== undefined && { intent }),
    ...(needPatientBanner !== undefined && { need_patient_banner: needPatientBanner }),
    ...(smartStyleUrl !== undefined && { smart_style_url: smartStyleUrl }),
    ...(tenant !== undefined && { tenant }),
  };
}
