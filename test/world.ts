/**
 * A whole server without a network: the real store in a temporary folder and a real engine. Tests speak to it as
 * named callers, in the words of the REST API: `world.ask(initiator, 'GET', 'Task?status=accepted')`.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ISSUES, OperationOutcomeError, type IssueCode } from '../src/fhir/issue.ts';
import { parseJson } from '../src/fhir/json.ts';
import type { Bundle, OperationOutcome, Ref, Resource } from '../src/fhir/types.ts';
import {
  createFhirEngine,
  type FhirEngine,
  type FhirEngineParts,
  type OperationSettings,
} from '../src/server/fhir-engine.ts';
import {
  WITHOUT_LOGIN,
  type Caller,
  type Interaction,
  type Preferences,
  type Reply,
  type Request,
} from '../src/operations/request.ts';
import { readScopes } from '../src/resources/scope-query.ts';
import { openStore, type StoreOptions } from '../src/stores/index.ts';
import type { EmbeddedStore } from '../src/stores/embedded/open.ts';
import { endpoint, organization, practitionerRole } from './resources.ts';
import { makeTestDatabase } from './test-database.ts';

export const BASE = 'https://referrals.example.org/fhir';

export const SETTINGS: OperationSettings = {
  publicBase: BASE,
  issuerPath: '/auth',
  pageSizeDefault: 50,
  pageSizeMax: 1000,
  fullText: true,
  putToUnusedId: 'administrator',
  skipUnchanged: true,
  validation: ['*:claimed'],
  unknownModifierExtensions: 'refuse',
  bundleEntriesMax: 1000,
  bodyBytesMax: 5 * 1024 * 1024,
  jsonDepthMax: 64,
  answerBytesMax: 32 * 1024 * 1024,
  auditReads: true,
  sourceName: 'closeloop-test',
  includesMax: 1000,
  openTaskForServiceRequest: true,
  partyKindDefault: 'provider',
  aheadToleranceMs: 300_000,
  identitySystems: [],
  communityNeedsAuthorization: false,
  privatePartiesMax: 100_000,
  exampleOids: true,
  breakGlassMaxMs: 4 * 60 * 60 * 1000,
  breakGlassPerDay: 5,
  patientInbox: 'open',
  outreach: { mail: 'operator', sms: 'operator' },
};

// — who asks

/** A caller of `Organization/<id>` with every right, unless said otherwise. */
export function callerOf(
  id: string,
  { scope = 'system/*.cruds', ...more }: Partial<Caller> & { scope?: string } = {},
): Caller {
  return {
    organization: `Organization/${id}`,
    administrator: false,
    scopes: readScopes(scope, BASE),
    patient: undefined,
    client: `client-${id}`,
    subject: `subject-${id}`,
    user: undefined,
    address: undefined,
    onBehalfOf: undefined,
    ...WITHOUT_LOGIN,
    ...more,
  };
}

export const initiator = callerOf('initiator');
export const recipient = callerOf('recipient');
export const stranger = callerOf('stranger');
export const administrator = callerOf('administrator', { organization: undefined, administrator: true });

/** An administrator who acts for an organization, as its token says (rules 1.8). */
export const administratorFor = (id: string): Caller =>
  callerOf('administrator', {
    administrator: true,
    organization: `Organization/${id}`,
    onBehalfOf: `Organization/${id}`,
  });

// — what is asked and answered

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a client says in headers. */
export interface Headers {
  readonly ifMatch?: number;
  readonly ifNoneMatch?: string;
  readonly ifNoneExist?: string;
  readonly idempotencyKey?: string;
  readonly prefer?: Preferences;
}

/** The reply, or the refusal as a client would get it. */
export interface WorldReply<T extends Resource = Resource> {
  readonly status: number;
  /** The body, parsed: a resource, a Bundle, or the OperationOutcome of a refusal. */
  readonly json: T | undefined;
  /** The body as sent. */
  readonly text: string | undefined;
  /** The code of a refusal; undefined when the request was done. */
  readonly code: IssueCode | undefined;
  readonly issues: readonly { readonly code: string; readonly diagnostics?: string | undefined }[];
  readonly location: string | undefined;
  readonly version: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export type Stored = Resource & { readonly id: string };

export interface World {
  readonly store: EmbeddedStore;
  readonly engine: FhirEngine;
  /** Sends one request and gives what came of it; only what is no refusal of ours is thrown. */
  ask(caller: Caller, method: Method, url: string, body?: unknown, headers?: Headers): Promise<WorldReply>;
  /** Creates a resource that must be accepted. */
  create(caller: Caller, resource: object): Promise<Stored>;
  /** Reads a Bundle that must be answered: a search or a history. */
  bundle(caller: Caller, url: string): Promise<Bundle>;
  /** Organizations, each with a PractitionerRole and an Endpoint of the same id, written by the administrator. */
  seedDirectory(...ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** The log is in the folder, wherever other worlds keep theirs: the test looks into it. */
  readonly ownLog?: true;
  readonly settings?: Partial<OperationSettings>;
  readonly store?: Partial<StoreOptions>;
  readonly engine?: Partial<FhirEngineParts>;
}

const CONNECTED = { poolMax: 5, serverSelectionMs: 5000 } as const;

export async function openWorld({
  ownLog,
  settings,
  store: options,
  engine: parts,
}: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-world-'));
  const database = ownLog === true ? undefined : makeTestDatabase();
  const store = await openStore({
    folder,
    reserveBytes: 0,
    writer: 'turn',
    pragmas: ['synchronous=OFF'],
    ...(database && { mongodb: { ...CONNECTED, ...database, alone: false } }),
    ...options,
  });
  let made = 0;
  const engine = createFhirEngine({
    store,
    clock: { now: () => Date.now() },
    newId: () => `id-${String((made += 1)).padStart(4, '0')}`,
    selectRecipients: async () => [],
    committed: () => undefined,
    admitAddress: async () => 'admitted',
    settings: { ...SETTINGS, ...settings },
    ...parts,
  });

  const ask: World['ask'] = async (caller, method, url, body, headers = {}) => {
    try {
      return answerOf(await engine.perform(requestOf(caller, method, url, body, headers)));
    } catch (error) {
      if (error instanceof OperationOutcomeError) return refusalOf(error);
      throw error;
    }
  };

  const put = (resource: Resource): Promise<WorldReply> =>
    must(ask(administrator, 'PUT', `${resource.resourceType}/${resource.id}`, resource), 'seed');

  return {
    store,
    engine,
    ask,
    async create(caller, resource) {
      const { resourceType } = resource as Resource; // builders make resources
      const { json } = await must(ask(caller, 'POST', resourceType, resource), `create ${resourceType}`);
      return json as Stored; // as stored
    },
    async bundle(caller, url) {
      const { json } = await must(ask(caller, 'GET', url), url);
      return json as unknown as Bundle; // searches and histories answer Bundles
    },
    async seedDirectory(...ids) {
      for (const id of ids)
        for (const one of [organization(id), practitionerRole(id), endpoint(id)]) await put(one);
    },
    async close() {
      await store.close();
      await database?.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function must(answer: Promise<WorldReply>, what: string): Promise<WorldReply> {
  const given = await answer;
  if (given.status < 300) return given;
  throw new Error(`${what}: ${given.status} ${given.text}`);
}

/** The resources of a Bundle, in its order. */
export const resourcesOf = ({ entry = [] }: Bundle): readonly Stored[] =>
  entry.flatMap(({ resource }) => (resource === undefined ? [] : [resource as unknown as Stored])); // entries hold resources

export const refOf = ({ resourceType, id }: Resource): Ref => `${resourceType}/${id ?? ''}`;
export const refsOf = (bundle: Bundle): readonly Ref[] => resourcesOf(bundle).map(refOf);

// — from the words of HTTP to a request of the engine, and back

let asked = 0;

function requestOf(caller: Caller, method: Method, url: string, body: unknown, headers: Headers): Request {
  const [path = '', queryText = ''] = url.split(/\?(.*)/s);
  const [, compartment, searched] = /^([A-Z]\w+\/[\w.-]+)\/([A-Z]\w+|\*)$/.exec(path) ?? [];
  if (compartment !== undefined && searched !== undefined) {
    const asked = requestOf(caller, 'GET', `${searched.replace('*', '')}?${queryText}`, undefined, headers);
    return { ...asked, compartment: compartment as Ref }; // by its shape
  }
  const parts = path.split('/').filter((part) => part !== '' && part !== '_history');
  const operation = parts.find((part) => part.startsWith('$'));
  const [type, id, versionId] = parts.filter((part) => part !== operation);
  const { ifMatch, ifNoneMatch, ifNoneExist, idempotencyKey, prefer = {} } = headers;
  const text = JSON.stringify(body);
  const isJsonPatch = method === 'PATCH' && Array.isArray(body);
  return {
    interaction: interactionOf(method, path, body),
    type,
    id,
    versionId,
    ...(operation !== undefined && { operation: operation.slice(1) }),
    query: [...new URLSearchParams(queryText)],
    queryText,
    body: text === undefined || isJsonPatch ? undefined : parseJson(text),
    patch: isJsonPatch ? body : undefined,
    ifMatch: ifMatch === undefined ? undefined : [String(ifMatch)],
    ifNoneMatch: ifNoneMatch === undefined ? undefined : [ifNoneMatch],
    ifNoneExist,
    idempotencyKey:
      idempotencyKey === undefined ? undefined : keyOf(idempotencyKey, `${method} ${url} ${text}`),
    prefer,
    caller,
    requestId: `request-${(asked += 1)}`,
    signal: new AbortController().signal,
  };
}

function interactionOf(method: Method, path: string, body: unknown): Interaction {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.some((part) => part.startsWith('$'))) return 'operation';
  const [history, version] = [parts.indexOf('_history'), parts.at(-1) !== '_history'];
  if (method === 'GET' && history >= 0) {
    return version
      ? 'vread'
      : ((['history-system', 'history-type', 'history-instance'] as const)[history] ?? 'read');
  }
  if (method === 'GET' && parts.length === 0) return 'search-system';
  if (method === 'GET') return parts.length === 1 ? 'search-type' : 'read';
  if (method !== 'POST') return ({ PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const)[method];
  if (parts.length > 0) return 'create';
  return (body as Bundle).type === 'batch' ? 'batch' : 'transaction';
}

const keyOf = (id: string, content: string) => ({
  id,
  fingerprint: createHash('sha256').update(content).digest('hex'),
});

function answerOf({ status, text, resource, version, location, headers = {} }: Reply): WorldReply {
  const sent = text ?? (resource === undefined ? undefined : JSON.stringify(resource));
  const json = sent === undefined ? undefined : (JSON.parse(sent) as Resource); // the engine sends resources
  return { status, json, text: sent, code: undefined, issues: [], location, version, headers };
}

function refusalOf({ code, issues, outcome }: OperationOutcomeError): WorldReply {
  return {
    status: ISSUES[code].http,
    json: outcome as OperationOutcome & Resource,
    text: JSON.stringify(outcome),
    code,
    issues,
    location: undefined,
    version: undefined,
    headers: {},
  };
}
