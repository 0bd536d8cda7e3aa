/**
 * The roof: everything is put together here, once, and taken down in the opposite order. Bound first, so that a taken
 * port is known before the store is opened; answered from last, when everything behind the door stands.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccountParts } from '../accounts/acting.ts';
import { createCapabilityDocuments } from '../capability/index.ts';
import { baseOf, warningsOf, type Config } from './config.ts';
import { createApp } from '../http/app.ts';
import type { DevIssuer } from '../http/dev-issuer.ts';
import type { Traffic } from '../http/exchange.ts';
import { createFailedLogins, type FailedLogins } from '../http/failed-logins.ts';
import { createFileDoor } from '../http/file-door.ts';
import { listen } from '../http/listen.ts';
import { watchLateness } from '../http/lateness.ts';
import { createWarnings, type Log, type Warnings } from '../http/log.ts';
import { createMetrics, type Metrics } from '../http/metrics.ts';
import { createSecurityHeaders } from '../http/security-headers.ts';
import type { Perform } from './fhir-engine.ts';
import { createHeavyThreads } from './heavy.ts';
import { OPERATIONS, OPERATIONS_BY_NAME } from '../operations/extended/index.ts';
import { OFFERED } from '../operations/perform.ts';
import { createFairTurns, type FairTurns } from '../operations/fair-turns.ts';
import { auditKeyFile, publishedKeys } from './audit-key.ts';
import { createAuditPackages } from './audit-packages.ts';
import type { Acknowledgment } from '../hl7v2/received.ts';
import { prepareParties } from './parties.ts';
import type { AuditPackages } from '../ports/audit-packages.ts';
import type { Store } from '../ports/store.ts';
import type { Rails } from '../rails/index.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { searchParameters } from '../resources/search-parameters.ts';
import { readListening, type Listening } from '../rails/hl7v2-mllp/index.ts';
import { composeAuditFeed } from './compose-audit-feed.ts';
import type { composeDirectRail, openDirect } from './compose-direct.ts';
import type { DirectExtra } from './direct-places.ts';
import type { DirectRail } from '../rails/direct/index.ts';
import type { composeDirectTrust, ComposedTrust } from './compose-direct-trust.ts';
import { composeEngine } from './compose-engine.ts';
import { composeJobs } from './compose-jobs.ts';
import {
  checkSecrets,
  clientsOf,
  issuerOf,
  openAccess,
  openSecrets,
  registrationOf,
} from './compose-identity.ts';
import { createOutgoing } from './compose-outgoing.ts';
import { composeScanner } from './compose-scanner.ts';
import { providersOf } from './compose-sign-on.ts';
import { greetFirstAdministrator } from './first-administrator.ts';
import { clock, timers } from './time.ts';
import type { ServerStore, StoreOptions } from '../stores/index.ts';
import { watchIdleness } from '../stores/embedded/idle-memory.ts';
import { watchLogins } from './watch-logins.ts';
import { openConfiguredStore } from './compose-store.ts';
import { hasCurrentValues } from '../stores/embedded/folder/reindex.ts';

export interface Running {
  /** The base URL that clients use. */
  readonly base: string;
  readonly port: number;
  /** The ports at which HL7 v2 peers are listened to, in the order of the settings. */
  readonly mllp: readonly { readonly host: string; readonly port: number }[];
  /** The port at which Direct mail comes in by SMTP; undefined where none is set. */
  readonly direct: { readonly host: string; readonly port: number } | undefined;
  /** The same path that the door takes, for who starts the server and hands it first resources. */
  readonly perform: Perform;
  readonly store: Store;
  readonly rails: Rails;
  /** Signs tokens; only in a demonstration. */
  readonly devIssuer: DevIssuer | undefined;
  /** Reads certificates and keys again; what does not fit is logged, and the old ones stay. */
  reload(): void;
  /** Finishes what is in flight, within `drainMs`, and closes everything. */
  stop(): Promise<void>;
}

/** The time in which one lasting trouble is one line of the log. */
const WARNING_WINDOW_MS = 60_000;

/** How long an organization that has asked counts as working beside the others. */
const PRESENT_MS = 2000;

/** What a demonstration adds to the settings. */
interface Extra {
  /** Ports and links of HL7 v2 peers, beside those of the settings. */
  readonly listening?: readonly Listening[];
  /** What is added to the settings of Direct mail. */
  readonly direct?: DirectExtra;
  /** Pages for people at addresses of their own. It is asked first; false: the request is not for it. */
  readonly pages?: (req: IncomingMessage, res: ServerResponse) => boolean;
  /** What no setting says of the store: how durable it is, and what it keeps in reserve. */
  readonly store?: Partial<Pick<StoreOptions, 'pragmas' | 'reserveBytes'>>;
}

/** @throws what keeps the server from starting: a taken port, a data folder in use, unreadable keys */
export async function start(config: Config, log: Log, extra: Extra = {}): Promise<Running> {
  for (const warning of warningsOf(config)) log.write('warn', `unsafe setting: ${warning}`);
  const closing: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).toReversed()) await close();
    log.flush();
  };
  try {
    return await raise(config, log, closing, stop, extra);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function raise(
  config: Config,
  log: Log,
  closing: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
  { listening: added = [], store: options = {}, direct: extraDirect, pages = () => false }: Extra,
): Promise<Running> {
  const traffic: Traffic = { inFlight: 0, draining: false };
  const baseAt = (port: number): string => baseOf(config, port);
  const securityHeaders = createSecurityHeaders(baseAt(config.port).startsWith('https:'));
  const listener = await listen({ ...config, securityHeaders }, traffic);
  closing.push(() => listener.drain(0));
  const base = baseAt(listener.port);

  const warnings = createWarnings(log, WARNING_WINDOW_MS, () => clock.now());
  const store = await openConfiguredStore(config, options, { log, warnings });
  closing.push(() => store.close(), watchIdleness(() => store.releaseMemory()).close);
  clock.notBefore(store.status().at);
  warnOfOldValues(config, log);
  const metrics = createMetrics({
    status: () => store.status(),
    inFlight: () => traffic.inFlight,
    now: () => clock.now(),
  });
  const listening = [...(config.hl7Links === undefined ? [] : readListening(config.hl7Links)), ...added];
  const outgoing = createOutgoing(config, listening, clock, extraDirect);
  await prepareParties({ store, config, clock, log, listening });
  const threads = createHeavyThreads({
    threads: config.heavyThreads,
    timeoutMs: config.heavyTimeoutMs,
  });
  closing.push(() => threads.close());
  const directTrust = await openDirectTrust({ config, store, outgoing, log, warnings, metrics }, closing);
  const directParts = { config, log, outgoing, base, trust: directTrust, extra: extraDirect };
  const directRail = await loadDirect({
    ...directParts,
    store,
    listening,
    application: `Closeloop ${readVersion()}`,
  });
  const secrets = openSecrets({ config, store, log });
  await checkSecrets(secrets, store);
  const scanner = composeScanner(config, outgoing.guard, (why) => warnOfScanner(warnings, why));
  if (scanner !== undefined) metrics.showScanner(() => scanner.traffic());
  const engine = composeEngine({
    scanner,
    directRail,
    packages: openPackages({ config, base, log, closing }, store),
    clients: clientsOf(config, store, base, secrets),
    providers: providersOf(config, store, secrets),
    heavy: threads.heavy,
    config,
    log,
    base,
    store,
    metrics,
    clock,
    timers,
    listening,
    outgoing,
  });
  const { rails, perform, dispatcher, messages, accountParts } = engine;
  metrics.showLinks(() => rails.mllp.status());
  closing.push(() => dispatcher.stop().then(() => rails.close()));

  const documents = composeDocuments(config, base);
  const around = { config, base, store, outgoing, log, warnings, metrics };
  const access = await openAccess({ ...around, perform, accountParts, securityHeaders, documents, secrets });
  closing.push(() => access.close());
  const failedLogins = openFailedLogins({ store, log, metrics });
  closing.push(() => failedLogins.flush());
  const lateness = watchLateness();
  closing.push(() => lateness.stop());
  const turns = openTurns(config, lateness);
  const app = createApp({
    perform,
    turns,
    store,
    ...access,
    failedLogins,
    served: { types: RESOURCE_TYPES, interactions: OFFERED, operations: OPERATIONS_BY_NAME },
    documents,
    metrics,
    log,
    clock,
    traffic,
    clockBehindMs: () => clock.behindMs(),
    publishedKeys: () => publishedKeys(auditKeyFile(config)),
    settings: { ...config, base, securityHeaders, ...bodiesOf(config, store), heavy: threads.heavy },
  });
  const feed = composeAuditFeed({ config, base, store, outgoing, metrics });
  const watched = { engine, failedLogins, feed, directTrust, access };
  const jobs = composeJobs({ ...secrets, ...watched, config, base, log, warnings, store });
  metrics.showJobs(() => jobs.status());
  showDatabase(metrics, store);
  closing.push(() => jobs.stop().then(() => feed?.close()));
  await jobs.start();
  dispatcher.nudge();
  const mllp = await rails.mllp.listen(async (received) => {
    // Of a link whose senders are several, the first stands for all: MSH-4 is not read yet.
    const owner = received.link.senders[0]?.organization ?? received.link.name;
    const answer = await turns.take(`organization ${owner}`, () => messages.receive(received));
    if (answer.fate === 'quarantine') warnOfQuarantine(warnings, received.link.name, answer);
    return answer;
  }, messages.takeApart);
  const direct = directRail && (await letMailIn(directRail, { ...engine, store, turns, metrics }));
  listener.serve((req, res) => {
    if (!pages(req, res)) app(req, res);
  });
  closing.push(() => listener.drain(config.drainMs));
  log.write('info', 'ready', { base, node: process.version });
  await greet(engine.accountParts, config, base);

  const reload = (): void => {
    for (const [what, isThere, again] of [
      ['certificate', config.tlsCert !== undefined, () => listener.reloadTls()],
      ['key set', hasKeyFiles(config), () => access.reload()],
      ['certificate of SMTP', config.directTlsCert !== undefined, () => directRail?.reloadTls()],
    ] as const) {
      if (!isThere) continue;
      try {
        again();
        log.write('info', `the ${what} was read again`);
      } catch (error) {
        log.write('error', `the ${what} could not be read again; the old goes on`, { error: String(error) });
      }
    }
  };
  return {
    base,
    port: listener.port,
    mllp,
    direct,
    perform,
    store,
    rails,
    devIssuer: access.devIssuer,
    reload,
    stop,
  };
}

const greet = (parts: AccountParts, settings: Config, base: string): Promise<void> =>
  greetFirstAdministrator({ parts, settings, base, print: (text) => void process.stdout.write(text) });

/** Whether keys of issuers outside may come from files. */
const hasKeyFiles = ({ jwksFile, issuersFile }: Config): boolean =>
  jwksFile !== undefined || issuersFile !== undefined;

/** How bodies are read. */
const bodiesOf = (config: Config, store: Store) => ({
  json: { depth: config.jsonDepthMax },
  fileDoor: createFileDoor(store, config),
});

/** Failed logins, counted and watched. */
const openFailedLogins = ({
  store,
  log,
  metrics,
}: {
  readonly store: Store;
  readonly log: Log;
  readonly metrics: Metrics;
}): FailedLogins =>
  createFailedLogins(
    (entry) => store.record(entry),
    (error) => log.write('error', 'failed logins could not be audited', { error: String(error) }),
    watchLogins({ store, clock, metrics }),
  );

function openTurns({ turnsAtOnceMax }: Config, lateness: ReturnType<typeof watchLateness>): FairTurns {
  const turns = createFairTurns({
    atOnceMax: turnsAtOnceMax,
    presentMs: PRESENT_MS,
    isLate: () => lateness.isLate(),
    now: () => clock.now(),
  });
  lateness.whileLate((idle) => turns.spare(idle));
  return turns;
}

const showDatabase = (metrics: Metrics, { traffic }: Pick<ServerStore, 'traffic'>): void => {
  if (traffic !== undefined) metrics.showDatabase(() => traffic);
};

/** The rail of Direct mail, where it is set up; nothing of it is loaded elsewhere. */
export async function loadDirect(
  parts: Parameters<typeof composeDirectRail>[0],
): Promise<DirectRail | undefined> {
  if (parts.config.directDomains === undefined && parts.extra === undefined) return undefined;
  const { composeDirectRail } = await import('./compose-direct.ts');
  return composeDirectRail(parts);
}

const letMailIn: typeof openDirect = async (...given) =>
  (await import('./compose-direct.ts')).openDirect(...given);

/** Trust in Direct mail, where the server has a folder of keys; nothing of it is loaded elsewhere. */
async function openDirectTrust(
  parts: Omit<Parameters<typeof composeDirectTrust>[0], 'folder'>,
  closing: (() => Promise<void> | void)[],
): Promise<ComposedTrust | undefined> {
  const { directKeys: folder } = parts.config;
  if (folder === undefined) return undefined;
  const { composeDirectTrust } = await import('./compose-direct-trust.ts');
  const composed = composeDirectTrust({ ...parts, folder });
  closing.push(() => composed.close());
  return composed;
}

/** What the server says of itself. */
const composeDocuments = (config: Config, base: string): ReturnType<typeof createCapabilityDocuments> =>
  createCapabilityDocuments({
    types: RESOURCE_TYPES,
    interactions: OFFERED,
    operations: OPERATIONS,
    parametersOf: searchParameters,
    fullText: config.fullText,
    version: readVersion(),
    date: new Date(clock.now()).toISOString(),
    base,
    cors: config.corsOrigins.length > 0,
    updateCreate: config.putToUnusedId === 'everyone',
    issuer: {
      ...config,
      own:
        config.authorizationServer === 'off'
          ? undefined
          : { issuer: issuerOf(config, base), registration: registrationOf(config) !== undefined },
    },
  });

function warnOfOldValues({ dataDir }: Config, log: Log): void {
  if (hasCurrentValues(dataDir)) return;
  log.write(
    'warn',
    'searches do not find all that was written by an earlier version: stop, and npm run admin -- reindex',
  );
}

/** A message that was kept apart: its sender hears AE, and whoever runs the server should hear of it, too. */
function warnOfQuarantine(warnings: Warnings, link: string, { remarks }: Acknowledgment): void {
  const issues = [...new Set(remarks.map(({ issue }) => issue))];
  warnings.warn(`quarantine ${link}`, 'a message was quarantined: a work item asks a person', {
    link,
    issues,
  });
}

/** A file that could not be scanned goes nowhere; whoever runs the server should hear of it. */
const warnOfScanner = (warnings: Warnings, why: string): void =>
  warnings.warn(`scanner ${why}`, 'a file could not be scanned for malware: it is pending', { why });

/** What makes packages for auditors, and what it has made goes with the server. */
function openPackages({ config, base, log, closing }: Opening, store: Store): AuditPackages {
  const packages = createAuditPackages({
    config,
    store,
    base,
    version: readVersion(),
    now: () => clock.now(),
    failed: (error) => log.write('error', 'a package for an auditor could not be made', { error }),
  });
  closing.push(() => packages.close());
  return packages;
}

interface Opening {
  readonly config: Config;
  readonly base: string;
  readonly log: Log;
  readonly closing: (() => Promise<void> | void)[];
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version; // ours, beside this file
}
