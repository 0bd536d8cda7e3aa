/** The real HTTP application in front of a small FHIR engine that keeps resources in a Map: by itself, or on a real port. */
import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { encodeJson } from '../../../src/fhir/json.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { createApp, type AppSettings } from '../../../src/http/app.ts';
import { createIdentify, type BearerSettings } from '../../../src/http/bearer.ts';
import { createDevIssuer, type DevIssuer } from '../../../src/http/dev-issuer.ts';
import type { Traffic } from '../../../src/http/exchange.ts';
import { createFailedLogins } from '../../../src/http/failed-logins.ts';
import { listen, type ListenSettings } from '../../../src/http/listen.ts';
import { createLog } from '../../../src/http/log.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import type { ServedRoutes } from '../../../src/http/route.ts';
import { createInPlace } from '../../../src/server/heavy-tasks.ts';
import { createSecurityHeaders } from '../../../src/http/security-headers.ts';
import type { OperationSite } from '../../../src/operations/extended/operation.ts';
import type { Interaction, Perform, Reply, Request } from '../../../src/operations/request.ts';
import type { AuditEntry, StoreStatus } from '../../../src/ports/store.ts';
import { EVERY_INTERACTION, type ResourceType } from '../../../src/resources/resource.ts';

export const BASE = 'https://referrals.example.org/fhir';
export const INITIATOR: Ref = 'Organization/initiator';

interface Application {
  readonly app: RequestListener;
  readonly token: string;
  readonly adminToken: string;
  readonly issuer: DevIssuer;
  /** The requests that reached the FHIR engine. */
  readonly performed: Request[];
  readonly logLines: () => readonly Record<string, unknown>[];
  /** What the door refused to a caller it knows. */
  readonly refused: AuditEntry[];
  readonly logins: AuditEntry[];
  readonly flushLogins: () => Promise<void>;
  readonly traffic: Traffic;
  /** The clock of the machine; how far it is behind. */
  readonly late: { ms: number };
  readonly status: { -readonly [K in keyof StoreStatus]: StoreStatus[K] };
  close(): Promise<void>;
}

export interface Door extends Application {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly port: number;
  /** Requests below the base, with the initiator's token unless told otherwise. */
  fetch(path: string, init?: RequestInit & { anonymous?: boolean }): Promise<Response>;
}

const TYPES: readonly ResourceType[] = [
  { type: 'Task' },
  { type: 'Patient' },
  { type: 'AuditEvent', interactions: ['read', 'search-type'] },
];

const siteOf = (name: string, levels: OperationSite['levels'], affectsState: boolean): OperationSite => ({
  name,
  levels,
  resource: ['Task', 'Patient'],
  affectsState,
});

export const SERVED: ServedRoutes = {
  types: new Map(TYPES.map((declared) => [declared.type, declared])),
  interactions: new Set<Interaction>([...EVERY_INTERACTION, 'history-system', 'batch', 'transaction']),
  operations: new Map([
    ['validate', [siteOf('validate', ['system', 'type'], true)]],
    ['everything', [siteOf('everything', ['instance'], false)]],
  ]),
};

export const SETTINGS: AppSettings = {
  base: BASE,
  basePath: '/fhir',
  securityHeaders: createSecurityHeaders(true),
  bodyBytesMax: 10_000,
  heavy: createInPlace(randomUUID),
  json: { depth: 20 },
  urlBytesMax: 1000,
  requestsInFlightMax: 50,
  requestsPerClientMax: 20,
  requestsPerOrganizationMax: 40,
  corsOrigins: ['https://app.example.org'],
  trustedProxy: [],
  metricsToken: undefined,
};

export const LISTENING: ListenSettings = {
  host: '127.0.0.1',
  port: 0,
  tlsCert: undefined,
  tlsKey: undefined,
  tlsCa: undefined,
  tlsMinVersion: '1.3',
  urlBytesMax: SETTINGS.urlBytesMax,
  headersMax: 30,
  headerBytesMax: 16_384,
  requestTimeoutMs: 5000,
  headersTimeoutMs: 2000,
  keepAliveTimeoutMs: 2000,
  stalledTimeoutMs: 10_000,
  connectionsMax: 200,
  securityHeaders: SETTINGS.securityHeaders,
};

interface Changes {
  readonly settings?: Partial<AppSettings>;
  readonly perform?: Perform;
  readonly bearer?: Partial<BearerSettings>;
}

export async function createApplication(changes: Changes = {}): Promise<Application> {
  const clock = { now: () => Date.now() };
  const issuer = await createDevIssuer({
    audience: BASE,
    organizationClaim: 'organization',
    folder: undefined,
    ...clock,
  });
  const refused: AuditEntry[] = [];
  const logins: AuditEntry[] = [];
  const failedLogins = createFailedLogins(
    async (entry) => void logins.push(entry),
    (error) => {
      throw error;
    },
  );
  let logged = '';
  const log = createLog('info', (lines) => (logged += lines), clock.now);
  const performed: Request[] = [];
  const perform = changes.perform ?? createMapDesk();
  const traffic: Traffic = { inFlight: 0, draining: false };
  const late = { ms: 0 };
  const status = {
    seq: 7,
    writable: true,
    queued: 0,
    outboxWaiting: 2,
    oldestWaitingAt: Date.now() - 60_000,
    at: 0,
    bytes: 1,
  };
  const app = createApp({
    perform: (request) => {
      performed.push(request);
      return perform(request);
    },
    clockBehindMs: () => late.ms,
    store: { status: () => status, record: async (entry) => void refused.push(entry) },
    identify: createIdentify({
      base: BASE,
      issuer: issuer.issuer,
      audience: BASE,
      keys: issuer.keys,
      tokenAlgorithms: [issuer.algorithm],
      tokenTypes: ['at+jwt'],
      clockToleranceS: 5,
      organizationClaim: 'organization',
      organizationClaimForm: 'reference',
      purposeClaim: 'purpose_of_use',
      sessionClaim: 'sid',
      rolesClaim: 'roles',
      defaultRole: 'none',
      rolesUndecided: false,
      roleTable: [],
      administratorScope: 'closeloop/admin',
      clientPurposes: [],
      tokenCacheMax: 100,
      tokenCacheMs: 60_000,
      findOrganization: async (name) =>
        'reference' in name && name.reference === INITIATOR ? INITIATOR : undefined,
      usualPurpose: async () => 'TREAT',
      clock,
      ...changes.bearer,
    }),
    failedLogins,
    served: SERVED,
    documents: {
      metadata: (mode) =>
        mode === undefined || mode === 'full' ? '{"resourceType":"CapabilityStatement"}' : undefined,
      smartConfiguration: '{"capabilities":[]}',
      openApi: () => '{}',
    },
    metrics: createMetrics({ status: () => status, inFlight: () => traffic.inFlight, now: clock.now }),
    log,
    clock,
    traffic,
    settings: { ...SETTINGS, ...changes.settings },
  });
  const scope = 'system/*.cruds';
  const token = await issuer.sign({ subject: 'ana', client: 'test', scope, organization: INITIATOR });
  const adminToken = await issuer.sign({
    subject: 'root',
    client: 'admin',
    scope: `${scope} closeloop/admin`,
  });
  return {
    app,
    token,
    adminToken,
    issuer,
    performed,
    refused,
    logins,
    flushLogins: () => failedLogins.flush(),
    traffic,
    late,
    status,
    logLines: () => {
      log.flush();
      return logged
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    close: () => failedLogins.flush(),
  };
}

export async function openDoor(changes: Changes = {}): Promise<Door> {
  const application = await createApplication(changes);
  const listener = await listen(LISTENING, application.traffic);
  listener.serve(application.app);
  const { port } = listener;
  const origin = `http://127.0.0.1:${port}`;
  return {
    ...application,
    origin,
    port,
    fetch(path, { anonymous = false, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (!anonymous && !headers.has('authorization'))
        headers.set('authorization', `Bearer ${application.token}`);
      return fetch(`${origin}/fhir${path}`, { ...init, headers });
    },
    async close() {
      await application.close();
      await listener.drain(0);
    },
  };
}

/** Sends bytes as they are and reads until the server closes. */
export function sendBytes(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
    socket.setTimeout(2000, () => socket.destroy());
  });
}

export const AT = '2026-03-04T05:06:07.890Z';

/** Create, read, update, delete and search over a Map; everything else says what it was asked. */
function createMapDesk(): Perform {
  const kept = new Map<string, { text: string; version: number }>();
  let seq = 0;
  const keep = (ref: Ref, storing: Resource, status: number): Reply => {
    const version = (seq += 1);
    const text = encodeJson({ ...storing, id: ref.split('/')[1], meta: { versionId: String(version) } });
    kept.set(ref, { text, version });
    return { status, text, version, at: AT, location: `${ref}/_history/${version}` };
  };
  return async (request) => {
    const ref: Ref = `${request.type}/${request.id}`;
    if (request.interaction === 'create' && request.body)
      return keep(`${request.type}/${seq + 1}`, request.body.storing, 201);
    if (request.interaction === 'update' && request.body) return keep(ref, request.body.storing, 200);
    if (request.interaction === 'delete') return { status: 204, version: (seq += 1), at: AT };
    if (request.interaction === 'read') {
      const found = kept.get(ref);
      if (found === undefined) throw new OperationOutcomeError('not-found');
      return { status: 200, ...found, at: AT };
    }
    if (request.id === 'broken') throw new TypeError('an inner fault with a secret');
    return { status: 200, resource: { resourceType: 'Bundle', type: 'searchset' } };
  };
}
