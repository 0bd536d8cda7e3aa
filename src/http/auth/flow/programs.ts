/** What programs ask beside tokens, by Bearer token: to launch an app (smart SM-9), to lock the session, to bind a tab (harmony Z22). */
import type { FoundSession, Sessions } from '../../../accounts/sessions.ts';
import type { createTabs } from '../../../accounts/tabs.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import { isUsable, type Client } from '../../../identity/client.ts';
import type { Caller, Perform } from '../../../operations/request.ts';
import type { Clock } from '../../../ports/clock.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { localRef, localRefOf, typeOf } from '../../../resources/element.ts';
import { readJsonBody, type AuthExchange } from '../exchange.ts';
import { unlessRefused } from '../unless-refused.ts';
import { LAUNCH_MS, type Launch, type Launches } from './launches.ts';

/** Who a Bearer token of this server is of. @throws OperationOutcomeError */
export type IdentifyBearer = (token: string, address: string | undefined) => Promise<Caller>;

interface Parts {
  readonly base: string;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly tabs: ReturnType<typeof createTabs>;
  readonly launches: Launches;
  readonly perform: Perform;
  readonly identify: IdentifyBearer;
  readonly findClient: (id: string) => Promise<Client | undefined>;
}

interface Asking {
  readonly exchange: AuthExchange;
  readonly caller: Caller;
  readonly found: FoundSession;
  readonly body: Readonly<Record<string, unknown>>;
}

const TAB = /^[\w-]{16,128}$/;

export function createPrograms(parts: Parts) {
  return {
    routes: [
      ['POST', '/launches', answering(parts, (asking) => launch(parts, asking))],
      ['POST', '/lock', answering(parts, (asking) => lock(parts, asking))],
      ['POST', '/tabs', answering(parts, (asking) => bindTab(parts, asking))],
    ] as const,
  };
}

const answering =
  (parts: Parts, answer: (asking: Asking) => Promise<void>) =>
  async (exchange: AuthExchange): Promise<void> => {
    const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(exchange.req.headers.authorization ?? '')?.[1];
    const caller =
      token === undefined ? undefined : await unlessRefused(() => parts.identify(token, exchange.clientIp));
    const found = caller?.session === undefined ? undefined : await parts.sessions.get(caller.session);
    if (caller === undefined || found === undefined || found.session.account !== caller.subject) {
      exchange.send(401, { error: 'invalid_token' }, { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
      return;
    }
    const body = await readJsonBody(exchange, '{}');
    if (body === undefined) exchange.send(400, { error: 'invalid_request' });
    else await answer({ exchange, caller, found, body });
  };

const byOf = ({ exchange, caller, found }: Asking) => ({
  agent: {
    organization: caller.organization ?? ('' as const),
    client: caller.client,
    subject: caller.subject,
    session: found.id,
    ...(exchange.clientIp !== undefined && { address: exchange.clientIp }),
  },
  requestId: exchange.requestId,
});

/** Only what the caller may read itself is handed on. */
async function read(parts: Parts, { exchange, caller }: Asking, ref: Ref): Promise<Resource | undefined> {
  const { perform } = parts;
  const [type = '', id = ''] = ref.split('/');
  const reply = await unlessRefused(() =>
    perform({
      interaction: 'read',
      type,
      id,
      query: [],
      queryText: '',
      prefer: {},
      caller,
      requestId: exchange.requestId,
      signal: new AbortController().signal,
    }),
  );
  return reply?.text === undefined ? reply?.resource : parseStored(reply.text);
}

async function launch(parts: Parts, asking: Asking): Promise<void> {
  const { base, clock, launches, findClient } = parts;
  const { exchange, body, caller, found } = asking;
  const clientId = text(body.client_id);
  const client = clientId === undefined ? undefined : await findClient(clientId);
  if (clientId === undefined || client?.launchUri === undefined || !isUsable(client, clock.now())) {
    exchange.send(400, {
      error: 'invalid_request',
      error_description: 'the app is unknown, or has no launch address',
    });
    return;
  }
  const intent = text(body['intent']);
  if (intent !== undefined && client.intents?.includes(intent) !== true) {
    exchange.send(400, {
      error: 'invalid_request',
      error_description: 'the app has registered no such intent',
    });
    return;
  }
  const about = await contextOf(parts, asking);
  if (typeof about === 'string') {
    exchange.send(400, { error: 'invalid_request', error_description: about });
    return;
  }
  const handle = launches.make(exchange.unit, {
    client: clientId,
    account: caller.subject,
    session: found.id,
    organization: caller.organization,
    intent,
    needPatientBanner: body['need_patient_banner'] !== false,
    ...about,
  });
  await exchange.unit.commit();
  const address = new URL(client.launchUri);
  address.searchParams.set('iss', base);
  address.searchParams.set('launch', handle);
  exchange.send(201, { launch: handle, launch_url: address.href, expires_in: LAUNCH_MS / 1000 });
}

/** @returns a sentence where something cannot be told */
async function contextOf(
  parts: Parts,
  asking: Asking,
): Promise<Pick<Launch, 'patient' | 'encounter' | 'fhirContext'> | string> {
  const { body } = asking;
  const task = refOf(body['task'], 'Task');
  const fhirContext: { readonly reference: string }[] = [];
  let patient = refOf(body['patient'], 'Patient');
  const encounter = refOf(body['encounter'], 'Encounter');
  if (task !== undefined) {
    const resource = await read(parts, asking, task);
    if (resource === undefined) return 'there is no such Task for you';
    fhirContext.push({ reference: task });
    const focus = localRef(resource['focus']);
    if (focus !== undefined) fhirContext.push({ reference: focus });
    patient ??= localRef(resource['for']);
  }
  for (const ref of [patient, encounter])
    if (ref !== undefined && (await read(parts, asking, ref)) === undefined)
      return `there is no ${ref} for you`;
  return { patient, encounter, fhirContext };
}

async function lock(parts: Parts, asking: Asking): Promise<void> {
  const { sessions } = parts;
  await sessions.lock(asking.found.id, byOf(asking));
  asking.exchange.send(204);
}

async function bindTab(parts: Parts, asking: Asking): Promise<void> {
  const { tabs } = parts;
  const tab = text(asking.body['tab']) ?? '';
  if (!TAB.test(tab)) {
    asking.exchange.send(400, { error: 'invalid_request', error_description: 'tab is 16 to 128 letters' });
    return;
  }
  const binding = await tabs.bind(asking.found.id, tab, byOf(asking));
  if (binding === 'bound') asking.exchange.send(204);
  else asking.exchange.send(403, { error: 'access_denied', error_description: `the tab is ${binding}` });
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function refOf(value: unknown, type: string): Ref | undefined {
  const ref = localRefOf(text(value) ?? '');
  return ref !== undefined && typeOf(ref) === type ? ref : undefined;
}
