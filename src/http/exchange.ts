/**
 * One HTTP exchange: admitted, read, performed, replied to, and then, once, logged and measured. The order of the checks
 * is the order of the door's rows in the table of refusals. The only place of this edge that catches.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { auditRefusal } from '../operations/audit/audit.ts';
import type { Perform, Request } from '../operations/request.ts';
import { isOwnWish } from '../identity/session.ts';
import { refusalOfFault } from '../operations/search/search-refusal.ts';
import type { AuditEntry } from '../ports/store.ts';
import { answerReply } from './answer-reply.ts';
import type { ClientIpOf } from './client-ip.ts';
import type { BindTab } from './auth/bind-tab.ts';
import type { Identify } from './bearer.ts';
import type { Cors } from './cors.ts';
import { createClientDisconnects } from './client-disconnect.ts';
import type { ExchangeState } from './exchange-state.ts';
import { readRequestId, readTabId, readHttpHeader, readTraceparent, traceIdOf } from './headers.ts';
import type { Log } from './log.ts';
import { formatAsked, type Format } from './media-type.ts';
import type { Metrics } from './metrics.ts';
import { createOpenAnswers, type OpenParts } from './open-answers.ts';
import { ClientGone } from './read-body.ts';
import {
  formatOf,
  isPretty,
  readRequest,
  readRoute,
  type BodyLimits,
  type Target,
  refuseToken,
} from './read-request.ts';
import { sendRefusal, type Replying, type Sent } from './reply.ts';
import { NO_TURNS, type FairTurns } from '../operations/fair-turns.ts';
import { createShares, shareHolderOf } from './shares.ts';
import { MethodRefused, methodsAt, type Route } from './route.ts';

export interface ExchangeSettings extends BodyLimits, Replying {
  readonly urlBytesMax: number;
  readonly requestsInFlightMax: number;
  readonly requestsPerClientMax: number;
  readonly requestsPerOrganizationMax: number;
}

interface ExchangeParts extends OpenParts {
  readonly perform: Perform;
  readonly identify: Identify;
  /** Binds a tab to the session of its caller; throws where it may not be the caller's. */
  readonly bindTab?: BindTab | undefined;
  readonly clientIpOf: ClientIpOf;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly newRequestId: () => string;
  readonly traffic: Traffic;
  /** Shared with the other doors; without, nobody waits. */
  readonly turns: FairTurns | undefined;
  /** Audits what the door itself refused; resolves when it is on disk. */
  readonly record: (entry: AuditEntry) => Promise<void>;
  /** A caller was refused for who it is. */
  readonly loginFailed: (clientIp: string | undefined, issue: string, requestId: string) => void;
  readonly settings: ExchangeSettings;
}

/** What is being worked on, shared with readiness and the drain. */
export interface Traffic {
  inFlight: number;
  draining: boolean;
}

const FAILED_LOGINS: ReadonlySet<string> = new Set([
  'token-missing',
  'token-invalid',
  'organization-unknown',
  'scope-insufficient',
  'purpose-not-allowed',
]);
/** The status in log and metrics of a client that did not wait (as nginx has it). */
const CLIENT_GONE = 499;

/** Answers a request below the base. */
type Exchange = (req: IncomingMessage, res: ServerResponse, target: Target) => void;

export function createExchange(parts: ExchangeParts): Exchange {
  const { settings, traffic, perform, served } = parts;
  const disconnects = createClientDisconnects();
  const shares = createShares(settings);
  const turns = parts.turns ?? NO_TURNS;
  const answerOpenly = createOpenAnswers(parts);

  return (req, res, target) => {
    exchange(req, res, target).catch((error: unknown) => {
      logFault('', error);
      res.destroy();
    });
  };

  async function exchange(req: IncomingMessage, res: ServerResponse, target: Target): Promise<void> {
    const { socket } = req;
    const disconnect = disconnects.begin(socket);
    const state = arrive(req, res, target, disconnect.signal);
    let status: number;
    traffic.inFlight += 1;
    try {
      status = await answerOrRefuse(state);
    } finally {
      traffic.inFlight -= 1;
      disconnects.end(socket, disconnect);
      if (state.caller !== undefined) shares.leave(state.caller);
      if (state.upload !== undefined) await settleUpload(state, settings, logFault);
    }
    conclude(state, status);
  }

  async function answerOrRefuse(state: ExchangeState): Promise<number> {
    try {
      return await answer(state);
    } catch (error) {
      return refuse(state, await auditAtDoor(state, refusalOfFault(error)));
    }
  }

  function arrive(
    req: IncomingMessage,
    res: ServerResponse,
    target: Target,
    signal: AbortSignal,
  ): ExchangeState {
    const method = req.method ?? 'GET';
    const requestId = readRequestId(req.headers['x-request-id'], parts.newRequestId);
    const traceparent = readTraceparent(req.headers['traceparent']);
    const asked = {
      requestId,
      head: method === 'HEAD',
      pretty: isPretty(target.queryText),
      format: formatQuietly(req, target),
      cors: parts.cors.headersFor(req),
      acceptEncoding: acceptEncodingOf(req),
    };
    const clientIp = parts.clientIpOf(req);
    const startedAt = performance.now();
    return {
      req,
      res,
      method,
      target,
      requestId,
      traceparent,
      asked,
      clientIp,
      startedAt,
      signal,
      caller: undefined,
      route: undefined,
      performed: false,
      refusal: undefined,
    };
  }

  async function answer(state: ExchangeState): Promise<number> {
    admit();
    const open = answerOpenly(state);
    if (open !== undefined) return open;
    const { req } = state;
    const found = parts.identify(credentialsOf(state));
    const caller = found instanceof Promise ? await found : found;
    shares.enter(caller);
    state.caller = caller;
    if (req.headers.origin !== undefined) await offer(state, parts.cors, caller.client);
    const tab = readTabId(req.headers['x-tab-id']);
    if (tab !== undefined) await parts.bindTab?.(caller, tab, state.requestId);
    if (tab !== undefined) state.caller = { ...caller, tab };
    checkUrl(req, settings.urlBytesMax);
    state.route = readRoute(state, served);
    const read = readRequest(state, state.route, state.caller, settings);
    const request = read instanceof Promise ? await read : read;
    state.performed = true;
    const answered = await turns.take(shareHolderOf(caller), () =>
      answerNow(state, request, perform, settings),
    );
    return answered.sent;
  }

  /** Refuses what should not even be looked at now. */
  function admit(): void {
    if (traffic.draining) throw new OperationOutcomeError('server-stopping', { retryAfter: 5 });
    if (traffic.inFlight > settings.requestsInFlightMax)
      throw new OperationOutcomeError('busy', { retryAfter: 1 });
  }

  /**
   * What the FHIR engine never saw is audited here, before it is told, when it is known who asked: the error to tell, which is
   * another when it could not be audited.
   */
  async function auditAtDoor(state: ExchangeState, error: unknown): Promise<unknown> {
    const { caller, route, requestId, target, performed } = state;
    if (caller === undefined || performed || !(error instanceof OperationOutcomeError)) return error;
    const { type, id, compartment } = route ?? {};
    const asked = { caller, requestId, queryText: target.queryText, type, id, compartment };
    try {
      await parts.record(auditRefusal({ ...asked, interaction: interactionOf(route) }, error.code));
      return error;
    } catch (fault) {
      return fault;
    }
  }

  function refuse(state: ExchangeState, error: unknown): Sent {
    const { res, asked, clientIp, requestId, caller } = state;
    if (error instanceof ClientGone || res.destroyed) return CLIENT_GONE;
    const refusal = error instanceof OperationOutcomeError ? error : undefined;
    state.refusal = refusal?.code ?? 'internal';
    if (faultBehind(error) !== undefined) logFault(requestId, faultBehind(error));
    if (refusal !== undefined && caller === undefined && FAILED_LOGINS.has(refusal.code))
      parts.loginFailed(clientIp, refusal.code, requestId);
    // A reply that failed half-way cannot be taken back; the broken connection tells the client.
    if (res.headersSent) {
      res.destroy();
      return 500;
    }
    return sendRefusal(res, withAllow(state, error), asked, settings);
  }

  /** RFC 9110, 15.5.6: a 405 says what would be allowed, whoever found out that it is not. */
  function withAllow({ method, target }: ExchangeState, error: unknown): unknown {
    if (!(error instanceof OperationOutcomeError) || error.code !== 'interaction-unsupported') return error;
    return new MethodRefused(method, methodsAt(target.path, target.queryText !== '', served), error);
  }

  function logFault(requestId: string, error: unknown): void {
    const stack = error instanceof Error ? error.stack : String(error);
    parts.log.write('error', 'a request failed', { requestId, stack });
  }

  /** The one end of every exchange. */
  function conclude(state: ExchangeState, status: number): void {
    const ms = performance.now() - state.startedAt;
    const { route, caller, method, requestId, traceparent, refusal } = state;
    parts.metrics.observe(route?.interaction ?? 'none', route?.type ?? '', status, ms / 1000);
    parts.log.write('info', 'request', {
      requestId,
      traceId: traceparent === undefined ? undefined : traceIdOf(traceparent),
      method,
      route: route?.template ?? '',
      status,
      refusal,
      ms: Math.round(ms * 1000) / 1000,
      client: caller?.client,
      organization: caller?.organization,
    });
  }
}

/** The answer is for the pages of its client (smart SM-70). */
async function offer(state: ExchangeState, cors: Cors, client: string): Promise<void> {
  state.asked = { ...state.asked, cors: await cors.headersForClient(state.req, client) };
}

/** Performs a request and answers it; but a file goes at the pace of its client, for which no turn waits. */
async function answerNow(
  state: ExchangeState,
  request: Request,
  perform: Perform,
  settings: ExchangeSettings,
): Promise<{ readonly sent: Sent }> {
  const reply = await perform(request);
  if (request.signal.aborted) return { sent: CLIENT_GONE };
  const sent = answerReply(state, reply, settings, settings.fileDoor?.open);
  return { sent: reply.file === undefined && sent instanceof Promise ? await sent : sent };
}

/** The file that came ends with its exchange. What cannot be taken away now is found by the sweep of files. */
async function settleUpload(
  { upload, refusal, requestId }: ExchangeState,
  { fileDoor }: ExchangeSettings,
  logFault: (requestId: string, error: unknown) => void,
): Promise<void> {
  if (upload === undefined) return;
  await fileDoor?.settle(upload, refusal).catch((error: unknown) => logFault(requestId, error));
}

/** What was asked for, as far as it was understood. A Bundle that was not read is told as a transaction. */
function interactionOf(route: Route | undefined): Request['interaction'] {
  const interaction = route?.interaction ?? 'operation';
  return interaction === 'bundle' ? 'transaction' : interaction;
}

/** The format of whatever is told; what is not acceptable is refused later, in JSON. */
function formatQuietly({ headers }: IncomingMessage, { queryText }: Target): Format {
  try {
    return formatAsked(headers.accept, formatOf(queryText)) ?? 'json';
  } catch {
    return 'json'; // a query that cannot be read is refused where it is
  }
}

const acceptEncodingOf = ({ headers }: IncomingMessage): string | undefined => {
  const header = headers['accept-encoding'];
  return header === undefined ? undefined : String(header);
};

function checkUrl({ url }: IncomingMessage, bytesMax: number): void {
  if ((url ?? '').length <= bytesMax) return;
  throw new OperationOutcomeError('url-too-long', { diagnostics: `The limit is ${bytesMax} bytes.` });
}

function credentialsOf({ req, clientIp, target }: ExchangeState): Parameters<Identify>[0] {
  refuseToken(target.queryText);
  return {
    authorization: req.headers.authorization,
    onBehalfOf: readHttpHeader(req, 'X-On-Behalf-Of'),
    address: clientIp,
    isOwnWish: isOwnWish(readHttpHeader(req, 'X-Closeloop-Background')),
  };
}

/** What an operator must read of: a fault of ours, or the one behind a refusal; undefined: the refusal says it all. */
function faultBehind(error: unknown): unknown {
  return error instanceof OperationOutcomeError && error.code !== 'internal' ? error.cause : error;
}
