/**
 * HTTP against the real server, with everything of a response that a client may look at. A request is written as its
 * first line: `send('GET Task/1', { as: 'recipient' })`.
 */
import type { Bundle, BundleEntry, OperationOutcomeIssue, Resource } from '../../../src/fhir/types.ts';
import type { DevClaims } from '../../../src/http/dev-issuer.ts';
import type { Running } from '../../../src/server/compose.ts';
import { openServerWith, type TestServer, type Who } from '../../server.ts';
import type { Stored } from '../../world.ts';

export interface Sending {
  /** An organization, `administrator`, `administrator for <organization>`, or `nobody`. Default: `initiator`. */
  readonly as?: Who;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON; texts and bytes as they are. */
  readonly body?: object | string | Uint8Array<ArrayBuffer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed; `{}` when there is none. */
  readonly json: Resource;
  /** The same, as a Bundle. */
  readonly bundle: Bundle;
  /** Of an OperationOutcome. */
  readonly issues: readonly OperationOutcomeIssue[];
  /** Our code of a refusal. */
  readonly code: string | undefined;
  /** Of the ETag. */
  readonly version: number;
}

/** Sends one request. `line` is method and address below the base. */
export type Send = (line: string, sending?: Sending) => Promise<Answer>;

export interface Rest {
  readonly server: TestServer;
  /** `http://127.0.0.1:port/fhir` */
  readonly at: string;
  readonly send: Send;
  /** Sends what must be accepted. */
  readonly must: Send;
  /** Creates a resource that must be accepted, as stored. */
  create(resource: Resource, as?: Who): Promise<Stored>;
  /** A token with the claims of an organization's, changed. */
  sign(claims: Partial<DevClaims>): Promise<string>;
  close(): Promise<void>;
}

/** Nothing that these tests ask takes longer, not even the first of every type at once on a busy machine. */
const ANSWERED_WITHIN_MS = 30_000;

const ORGANIZATIONS: readonly string[] = ['initiator', 'recipient', 'stranger'];
const SCOPE = 'system/*.cruds';

/**
 * The real server with three organizations; it writes in turn, since most of these tests ask one thing after another.
 *
 * @param argv further settings, as on the command line
 */
export async function openRest(...argv: readonly string[]): Promise<Rest> {
  const server = await openServerWith({ organizations: ORGANIZATIONS, argv, writer: 'turn' });
  return { ...(await clientOf(server.running)), server, close: () => server.close() };
}

/** Speaks to a server that runs already; its organizations need not exist yet. */
export async function clientOf({ port, devIssuer }: Running): Promise<Omit<Rest, 'server' | 'close'>> {
  if (devIssuer === undefined) throw new Error('a demonstration has an issuer');
  const at = `http://127.0.0.1:${port}/fhir`;
  const tokens = new Map<string, string>();

  const sign: Rest['sign'] = async (claims) => {
    return devIssuer.sign({
      subject: 'subject-initiator',
      client: 'client-initiator',
      scope: SCOPE,
      organization: 'Organization/initiator',
      ...claims,
    });
  };
  for (const id of ORGANIZATIONS) {
    const organization = `Organization/${id}` as const;
    tokens.set(id, await sign({ subject: `subject-${id}`, client: `client-${id}`, organization }));
  }
  const administrator = {
    subject: 'root',
    client: 'client-administrator',
    scope: `${SCOPE} closeloop/admin`,
  };
  tokens.set('administrator', await devIssuer.sign(administrator));

  const send: Send = async (line, { as = 'initiator', headers: more = {}, body } = {}) => {
    const [method = '', path = ''] = line.split(/ (.*)/s);
    const headers = new Headers({ accept: 'application/fhir+json' });
    const token = tokens.get(as.replace(/ .*/, ''));
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const behalf = /^administrator for (.+)$/.exec(as)?.[1];
    if (behalf !== undefined) headers.set('x-on-behalf-of', `Organization/${behalf}`);
    if (body !== undefined) headers.set('content-type', typeOfBody(method, path, body));
    for (const [name, value] of Object.entries(more)) headers.set(name, value);
    const sent = typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body;
    const init = {
      method,
      headers,
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
      ...(sent !== undefined && { body: sent }),
    };
    const separator = path === '' || path.startsWith('?') ? '' : '/';
    return readAnswer(await fetch(`${at}${separator}${path}`, init));
  };
  const must: Send = async (line, sending) => {
    const answer = await send(line, sending);
    if (answer.status < 400) return answer;
    throw new Error(`${line}: ${answer.status} ${answer.text}`);
  };

  return {
    at,
    send,
    must,
    async create(resource, as = 'initiator') {
      const { json } = await must(`POST ${resource.resourceType}`, { as, body: resource });
      return json as Stored; // as stored
    },
    sign,
  };
}

/** A FHIRPath Patch is a resource; every other patch is a JSON Patch. */
const isParameters = (body: unknown): boolean =>
  (typeof body === 'string' ? body : JSON.stringify(body)).includes('"resourceType":"Parameters"');

function typeOfBody(method: string, path: string, body: unknown): string {
  if (method === 'PATCH' && !isParameters(body)) return 'application/json-patch+json';
  return path.split('?')[0]?.endsWith('_search') === true
    ? 'application/x-www-form-urlencoded'
    : 'application/fhir+json';
}

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const json = (text === '' || !isJson ? {} : JSON.parse(text)) as Resource; // the server sends resources
  const issues = json.resourceType === 'OperationOutcome' ? (json['issue'] as OperationOutcomeIssue[]) : [];
  return {
    status: response.status,
    headers: response.headers,
    text,
    json,
    bundle: json as unknown as Bundle, // where one is expected
    issues,
    code: response.status < 400 ? undefined : issues[0]?.details?.coding?.[0]?.code,
    version: Number(/\d+/.exec(response.headers.get('etag') ?? '')?.[0] ?? 0),
  };
}

/** The ids of what a searchset found, in its order; without what was included. */
export const idsOf = ({ bundle }: Answer): readonly string[] =>
  (bundle.entry ?? [])
    .filter(({ search }) => search?.mode === 'match')
    .map(({ resource }) => resource?.id ?? '');

export const entriesOf = ({ bundle }: Answer): readonly BundleEntry[] => bundle.entry ?? [];

/** The address of a link of a Bundle, below the base. */
export function linkOf({ bundle }: Answer, relation: string): string | undefined {
  const url = bundle.link?.find((link) => link.relation === relation)?.url;
  return url?.replace(/^https:\/\/referrals\.example\.org\/fhir\/?/, '');
}

/** How many versions of resources the server keeps: unchanged by what was refused. */
export async function versionsKept({ server }: Pick<Rest, 'server'>): Promise<number> {
  const query = { count: 1, offset: 0, total: true, sight: { everything: true } } as const;
  const { total } = await server.running.store.snapshot().history(query);
  if (total === undefined) throw new Error('a total was asked');
  return total;
}
