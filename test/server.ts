/**
 * The real server on a real port, in a temporary folder, with organizations and tokens. Tests speak HTTP to it as named
 * callers: `server.ask('recipient', 'PATCH', 'Task/1', […])`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readConfig } from '../src/server/config.ts';
import type { AuditEvent, Bundle, OperationOutcome, Ref, Resource } from '../src/fhir/types.ts';
import { createLog } from '../src/http/log.ts';
import type { OutboxRow } from '../src/ports/store.ts';
import type { Captured } from '../src/rails/capture/index.ts';
import { start, type Running } from '../src/server/compose.ts';
import type { StoreOptions } from '../src/stores/index.ts';
import { endpoint, organization, practitionerRole } from './resources.ts';
import { makeTestDatabase } from './test-database.ts';
import { BASE, refOf, resourcesOf, type Method, type Stored } from './world.ts';

/** An organization of the server by its id, an administrator who acts for nobody, or one who acts for an organization. */
export type Who = string;

export interface Sending {
  readonly ifMatch?: number;
  readonly ifNoneExist?: string;
  readonly idempotencyKey?: string;
  readonly prefer?: string;
  /** Any others. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response, read. */
export interface Response {
  readonly status: number;
  /** The body as sent. */
  readonly text: string;
  /** The body parsed: a resource, a Bundle, or the OperationOutcome of a refusal. */
  readonly json: Resource;
  /** The code of a refusal; undefined when the server did what was asked. */
  readonly code: string | undefined;
  /** The diagnostics of all issues of an OperationOutcome, in lines. */
  readonly says: string;
  readonly version: number;
  /** `Task/1`, of Location. */
  readonly location: Ref | undefined;
  /** `Task/1`, of Link. */
  readonly link: Ref | undefined;
  readonly warning: string;
  /** All of them, by their names. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly running: Running;
  /** @param body JSON or bytes as they shall be sent, or what becomes JSON */
  ask(who: Who, method: Method, url: string, body?: object | string, sending?: Sending): Promise<Response>;
  /** Creates a resource that must be accepted. */
  create(who: Who, resource: Resource): Promise<Stored>;
  /** Sends a Bundle that must be accepted; the references of what its entries made or changed. */
  transact(who: Who, bundle: Resource): Promise<readonly Ref[]>;
  /** Reads a resource that must be visible. */
  read(who: Who, ref: string): Promise<Stored>;
  /** All matches of a search that must be answered. */
  search(who: Who, url: string): Promise<readonly Stored[]>;
  /** The AuditEvents that name a resource, newest first, as its viewer sees them. */
  auditOf(who: Who, ref: Ref): Promise<readonly AuditEvent[]>;
  /** The entries of the outbox about a resource, oldest first. */
  outboxOf(ref: Ref): Promise<readonly OutboxRow[]>;
  /** The notifications that an organization was sent about a resource, once there are `count` of them. */
  sentTo(who: Who, ref: Ref, count: number): Promise<readonly Captured[]>;
  /** Stops the server and starts it again on the same folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What survives a crash is asked of servers in processes of their own; here a flush would only take time. */
const UNFLUSHED = { pragmas: ['synchronous=OFF'], reserveBytes: 0 } as const;

export interface ServerOptions {
  readonly organizations?: readonly string[];
  /** Further settings, as on the command line. */
  readonly argv?: readonly string[];
  /** Where the writer of the store runs: its own thread, as in production, groups what is written at once. Default: `thread`. */
  readonly writer?: StoreOptions['writer'];
  /** A data folder of the caller: nothing is written into it at the start, and closing leaves it there. */
  readonly folder?: string;
}

const ORGANIZATIONS = ['initiator', 'recipient', 'stranger'];

const SENT_WITHIN_MS = 5000;
const OUTBOX_MAX = 100_000;

/** @param argv further settings, as on the command line */
export const openServer = (
  organizations: readonly string[] = ORGANIZATIONS,
  ...argv: readonly string[]
): Promise<TestServer> => openServerWith({ organizations, argv });

export async function openServerWith({
  organizations = ORGANIZATIONS,
  argv = [],
  writer = 'thread',
  folder: given,
}: ServerOptions): Promise<TestServer> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'closeloop-server-'));
  const fixed = ['--demo', '--port', '0', '--public-base-url', BASE, '--data-dir', folder];
  const database = given === undefined ? makeTestDatabase() : undefined;
  const config = readConfig([...fixed, ...(database ? flagsOf(database) : []), ...argv], {});
  const log = createLog(
    'error',
    (lines) => process.stderr.write(lines),
    () => Date.now(),
  );
  const parts = { store: { ...UNFLUSHED, writer } };
  let running = await start(config, log, parts);
  let tokens = await signTokens(running, organizations, config.administratorScope);

  const ask: TestServer['ask'] = async (who, method, url, body, sending = {}) => {
    const headers = new Headers({ authorization: `Bearer ${tokenOf(tokens, who)}` });
    const behalf = /^administrator for (.+)$/.exec(who)?.[1];
    if (behalf !== undefined) headers.set('x-on-behalf-of', `Organization/${behalf}`);
    for (const [name, value] of headersOf(method, sending)) headers.set(name, value);
    const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const init = { method, headers, ...(text !== undefined && { body: text }) };
    return readResponse(await fetch(`http://127.0.0.1:${running.port}/fhir/${url}`, init));
  };
  const must = async (what: string, asked: Promise<Response>): Promise<Response> => {
    const response = await asked;
    if (response.status < 300) return response;
    throw new Error(`${what}: ${response.status} ${response.text}`);
  };
  const search: TestServer['search'] = async (who, url) => {
    const { json } = await must(url, ask(who, 'GET', url));
    return resourcesOf(json as unknown as Bundle); // a search answers a Bundle
  };

  const server: TestServer = {
    get running() {
      return running;
    },
    ask,
    async create(who, resource) {
      const { resourceType } = resource;
      const created = await must(`create ${resourceType}`, ask(who, 'POST', resourceType, resource));
      return created.json as Stored; // as stored
    },
    async transact(who, bundle) {
      const { json } = await must('transaction', ask(who, 'POST', '', bundle));
      const { entry = [] } = json as unknown as Bundle; // a transaction answers a Bundle
      return entry.map(({ response }) => refIn(response?.location ?? '') ?? 'None/0');
    },
    async read(who, ref) {
      return (await must(ref, ask(who, 'GET', ref))).json as Stored; // as stored
    },
    search,
    async auditOf(who, ref) {
      return (await search(who, `AuditEvent?entity=${ref}&_count=500`)) as unknown as readonly AuditEvent[];
    },
    async outboxOf(subject) {
      return (await running.store.outbox({ subject, count: OUTBOX_MAX })).toReversed();
    },
    async sentTo(who, ref, count) {
      const sent = () =>
        running.rails.capture.captured(`Endpoint/${who}`).filter((one) => one.subject === ref);
      for (const end = Date.now() + SENT_WITHIN_MS; sent().length < count && Date.now() < end;)
        await setTimeout(5);
      return sent();
    },
    async restart() {
      await running.stop();
      running = await start(config, log, parts);
      tokens = await signTokens(running, organizations, config.administratorScope);
    },
    async close() {
      await running.stop();
      await database?.drop();
      if (given === undefined) rmSync(folder, { recursive: true });
    },
  };
  if (given === undefined) await seed(server, organizations);
  return server;
}

const flagsOf = ({ uri, database }: { readonly uri: string; readonly database: string }) =>
  ['--store', 'mongodb', '--mongodb-uri', uri, '--mongodb-database', database] as const;

type Tokens = ReadonlyMap<Who, string>;

const ADMINISTRATOR = 'administrator';

async function signTokens(
  { devIssuer }: Running,
  organizations: readonly string[],
  administratorScope: string,
): Promise<Tokens> {
  if (devIssuer === undefined) throw new Error('a demonstration has an issuer');
  const scope = 'system/*.cruds';
  const sign = async (who: Who, claims: object): Promise<readonly [Who, string]> => [
    who,
    await devIssuer.sign({ subject: `subject-${who}`, client: `client-${who}`, scope, ...claims }),
  ];
  return new Map(
    await Promise.all([
      ...organizations.map((id) => sign(id, { organization: `Organization/${id}` })),
      sign(ADMINISTRATOR, { scope: `${scope} ${administratorScope}` }),
    ]),
  );
}

function tokenOf(tokens: Tokens, who: Who): string {
  const token = tokens.get(who.startsWith(ADMINISTRATOR) ? ADMINISTRATOR : who);
  if (token === undefined) throw new Error(`no token for ${who}`);
  return token;
}

/** Each organization with a role, and an Endpoint that keeps what it would be sent. */
async function seed(server: TestServer, organizations: readonly string[]): Promise<void> {
  const connectionType = {
    system: 'https://closeloop.dev/fhir/CodeSystem/endpoint-connection-type',
    code: 'capture',
  };
  const resources = organizations.flatMap((id) => [
    organization(id),
    practitionerRole(id),
    endpoint(id, { connectionType }),
  ]);
  for (const resource of resources) {
    const { status, text } = await server.ask(ADMINISTRATOR, 'PUT', refOf(resource), resource);
    if (status !== 201) throw new Error(`seed: ${status} ${text}`);
  }
  for (const id of organizations) {
    const { status, text } = await server.ask(ADMINISTRATOR, 'POST', `Organization/${id}/$admit`);
    if (status !== 200) throw new Error(`seed: ${status} ${text}`);
  }
}

function* headersOf(method: Method, sending: Sending): Iterable<readonly [string, string]> {
  yield ['accept', 'application/fhir+json'];
  // How bodies are packed has tests of its own; without this, each answer is packed and unpacked again.
  yield ['accept-encoding', 'identity'];
  yield ['content-type', method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json'];
  if (sending.ifMatch !== undefined) yield ['if-match', `W/"${sending.ifMatch}"`];
  if (sending.ifNoneExist !== undefined) yield ['if-none-exist', sending.ifNoneExist];
  if (sending.idempotencyKey !== undefined) yield ['idempotency-key', sending.idempotencyKey];
  if (sending.prefer !== undefined) yield ['prefer', sending.prefer];
  yield* Object.entries(sending.headers ?? {});
}

async function readResponse(response: globalThis.Response): Promise<Response> {
  const { status, headers } = response;
  const text = await response.text();
  const json = (text === '' ? {} : JSON.parse(text)) as Resource; // the server sends resources
  const outcome =
    json.resourceType === 'OperationOutcome' ? (json as Resource & OperationOutcome) : undefined;
  const issues = outcome?.issue ?? [];
  return {
    status,
    text,
    json,
    code: status < 400 ? undefined : issues[0]?.details?.coding?.[0]?.code,
    says: issues.map(({ diagnostics }) => diagnostics).join('\n'),
    version: Number(/\d+/.exec(headers.get('etag') ?? '')?.[0] ?? 0),
    location: refIn(headers.get('location') ?? ''),
    link: refIn(headers.get('link') ?? ''),
    warning: headers.get('warning') ?? '',
    headers: Object.fromEntries(headers),
  };
}

/** The first `Type/id` in an address. */
function refIn(text: string): Ref | undefined {
  const [, type, id] = /(?:^|\/|<)([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?=$|[/>?])/.exec(text) ?? [];
  return type === undefined || id === undefined ? undefined : `${type}/${id}`;
}
