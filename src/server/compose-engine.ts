/** The roof over the FHIR engine: one path for all requests, and delivery behind it. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AccountParts } from '../accounts/acting.ts';
import { createAccountAdministration } from '../accounts/administration.ts';
import type { Config } from './config.ts';
import { outreachCarriers, outreachPartsOf } from './compose-outreach.ts';
import { withOutreachGate } from '../delivery/outreach/gate.ts';
import { createDeliverAgain, type DeliverAgain } from '../delivery/deliver-again.ts';
import { createRecipientSelection, type SelectRecipients } from '../delivery/recipients.ts';
import { readCarriers, readWay } from '../delivery/carriers.ts';
import { createPolicyGate } from '../delivery/policy-gate.ts';
import { createFindWays, createOtherWays, type WayParts } from '../delivery/ways.ts';
import { createNoteEvidence } from '../delivery/delivered/note-evidence.ts';
import { createDispatcher, type Dispatcher } from '../delivery/dispatch.ts';
import { createGates, type Gate } from '../delivery/gates.ts';
import { createPayloads } from '../delivery/payloads.ts';
import { createNoticeOfEntry } from '../delivery/notice.ts';
import { present } from '../delivery/subject.ts';
import { createSubscriptionCache } from '../delivery/subscriptions.ts';
import type { Log } from '../http/log.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Heavy } from '../operations/heavy.ts';
import { createFhirEngine, type FhirEngine } from './fhir-engine.ts';
import { createDeliveryItems } from '../operations/delivery-items.ts';
import { writeNoticeItem } from '../operations/notice-items.ts';
import { openOutreachItem } from '../operations/outreach/withheld.ts';
import { openWithheld } from '../operations/withheld-delivery.ts';
import { writeDeliveryFailed } from '../operations/work-item.ts';
import { createEndpoints } from './organizations.ts';
import type { Ref } from '../fhir/types.ts';
import type { Clock, Timers } from '../ports/clock.ts';
import type { NoteEvidence } from '../ports/delivered.ts';
import type { ClientAdministration } from '../ports/clients.ts';
import type { ProviderAdministration } from '../ports/sign-on.ts';
import type { AuditPackages } from '../ports/audit-packages.ts';
import type { ScanTold } from '../delivery/scanned-view.ts';
import type { MalwareScanner } from '../ports/scanner.ts';
import type { Store } from '../ports/store.ts';
import type { Listening } from '../rails/hl7v2-mllp/index.ts';
import type { DirectRail } from '../rails/direct/index.ts';
import { createRails, type Rails } from '../rails/index.ts';
import type { Outgoing } from './compose-outgoing.ts';
import { readCameBy } from '../resources/parties/came-by.ts';
import { isVouchedFor, readVerification } from '../resources/parties/direct-addresses.ts';
import { MEMBER_KIND } from '../resources/parties/standing.ts';
import { TRANSACTIONS } from '../referral/transactions.ts';
import { policyPartsOf } from './policy-parts.ts';

/** A delivery must have ended, one way or the other, this long before its lease does. */
const LEASE_MARGIN_MS = 2500;

/** Bytes of acknowledgments that a peer may leave unread, and of one that it may send. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** MSH-10 of our acknowledgments: unlike any other of this or an earlier process, at most twenty characters. */
function createControlIds(): () => string {
  const prefix = randomUUID().replaceAll('-', '').slice(0, 10);
  let last = 0;
  return () => `A${prefix}${(last += 1).toString(36)}`;
}

/** What the roof has already when it comes to the FHIR engine. */
interface EngineParts {
  readonly config: Config;
  readonly log: Log;
  readonly base: string;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The ports and links of HL7 v2 peers. */
  readonly listening: readonly Listening[];
  readonly outgoing: Outgoing;
  /** Does heavy work in threads; without it, it is done in place. */
  readonly heavy?: Heavy;
  /** Makes packages for auditors. */
  readonly packages?: AuditPackages;
  /** Administers clients and signing keys. */
  readonly clients?: ClientAdministration | undefined;
  /** Administers providers of logins. */
  readonly providers?: ProviderAdministration | undefined;
  /** Scans files for malware. */
  readonly scanner?: MalwareScanner | undefined;
  /** The rail of Direct mail, where it is set up. */
  readonly directRail?: DirectRail | undefined;
}

/** The rails as the settings have them; doctor examines the same. */
export function raiseRails({
  config,
  base,
  log,
  clock,
  listening,
  outgoing,
  directRail,
}: Pick<EngineParts, 'config' | 'base' | 'log' | 'clock' | 'listening' | 'outgoing' | 'directRail'>): Rails {
  return createRails({
    direct: directRail,
    ...outreachPartsOf(config, base, outgoing, clock),
    allowList: config.subscriptionAllowList,
    http: outgoing.httpFor('rest-hook'),
    present,
    clock,
    transactionOf: (event) => TRANSACTIONS.find((transaction) => transaction.event === event)?.transaction,
    mllp: {
      listening,
      clock,
      newControlId: createControlIds(),
      settings: {
        messageBytesMax: config.hl7MessageBytesMax,
        messageTimeoutMs: config.hl7MessageTimeoutMs,
        idleTimeoutMs: config.hl7IdleTimeoutMs,
        tlsMinVersion: config.tlsMinVersion,
        connectionsMax: config.hl7ConnectionsMax,
        connectionsPerPeerMax: config.hl7ConnectionsPerPeerMax,
        heldBytesMax: config.hl7HeldBytesMax,
        connect: (destination, signal) => outgoing.guard.connect(destination, { signal }),
        unreadBytesMax: UNREAD_BYTES_MAX,
        replyBytesMax: UNREAD_BYTES_MAX,
        drainMs: config.drainMs,
      },
      log: (level, says, about) => log.write(level, says, about),
    },
  });
}

/** What the dispatcher has of the roof: whom it asks for work items and notices, and how it is set. */
const dispatching = ({
  store,
  clock,
  timers,
  config,
  log,
  metrics,
}: EngineParts): Omit<Parameters<typeof createDispatcher>[0], 'payloads' | 'rails' | 'gates'> => ({
  store,
  workItem: (entry, why) => writeDeliveryFailed({ store, clock, newId: randomUUID }, entry, why),
  noticeOf: createNoticeOfEntry({ clock, partyKindDefault: config.partyKindDefault, present }),
  noticeItem: (entry, failure) => writeNoticeItem({ store, clock, newId: randomUUID }, entry, failure),
  withheldItem: async (ended) =>
    (await openOutreachItem({ store, clock, newId: randomUUID }, ended)) ??
    openWithheld({ store, clock, newId: randomUUID }, ended),
  clock,
  timers,
  random: Math.random,
  settings: {
    ...config,
    attemptTimeoutMs: config.leaseMs - LEASE_MARGIN_MS,
    inFlightMax: config.deliveriesInFlightMax,
  },
  log: (level, says, about) => log.write(level, says, about),
  onMetric: (metric) => metrics.delivered(metric),
});

/** What may be absent. */
const passedOn = ({
  heavy,
  packages,
  clients,
  providers,
  scanner,
}: EngineParts): Pick<EngineParts, 'heavy' | 'packages' | 'clients' | 'providers' | 'scanner'> => ({
  clients,
  providers,
  scanner,
  ...(heavy !== undefined && { heavy }),
  ...(packages !== undefined && { packages }),
});

/** What changes of accounts work with. */
const accountPartsOf = (
  { config, store, clock }: Pick<EngineParts, 'config' | 'store' | 'clock'>,
  selectRecipients: SelectRecipients,
  committed: AccountParts['committed'],
): AccountParts => ({
  store,
  clock,
  newId: randomUUID,
  random: randomBytes,
  selectRecipients,
  committed,
  soleAdministrator: config.soleAdministrator,
});

/** What says by which ways a party is told. */
const wayPartsOf = (
  { config, store, clock }: Pick<EngineParts, 'config' | 'store' | 'clock'>,
  endpoints: ReturnType<typeof createEndpoints>,
  rails: Rails,
): WayParts => ({
  endpointsOf: (organization) => endpoints.of(organization),
  direct: {
    cameBy: async (order) => (await readCameBy(store.snapshot(), order))?.endpoint,
    isMember: async (organization) =>
      (await store.snapshot().record(MEMBER_KIND, organization)) !== undefined,
    isVerified: async (endpoint, resource) =>
      isVouchedFor(resource, await readVerification(store.snapshot(), endpoint)),
  },
  wayTo: (teller, rail, endpoint) =>
    readWay(store.snapshot(), { rail, endpoint }, readCarriers(config.carriers), teller, clock.now()),
  rails: new Set(rails.byName.keys()),
});

const composeRecipients = (
  config: Config,
  subscriptions: ReturnType<typeof createSubscriptionCache>,
  wayParts: WayParts,
): SelectRecipients =>
  createRecipientSelection({
    ...wayParts,
    subscriptions,
    activePerOrganizationMax: config.subscriptionsPerOrganizationMax,
    activeMax: config.subscriptionsMax,
  });

/** Takes evidence of deliveries that comes after their entries have ended. */
const composeEvidence = ({
  store,
  clock,
  metrics,
}: Pick<EngineParts, 'store' | 'clock' | 'metrics'>): NoteEvidence =>
  createNoteEvidence({
    store,
    items: createDeliveryItems({ store, clock, newId: randomUUID }),
    onState: ({ rail, state }) => metrics.deliveryState(rail, state),
  });

/** How messages are received. */
const receivingOf = ({ config, listening, log }: Pick<EngineParts, 'config' | 'listening' | 'log'>) => ({
  settings: config,
  links: () => listening.flatMap(({ links }) => links.map(({ link }) => link)),
  log: (says: string, about: Readonly<Record<string, string>>) => log.write('warn', says, about),
});

/** The policies as a delivery asks them, with the gates of texts to patients before them. */
const composePolicies = ({ config, clock }: Pick<EngineParts, 'config' | 'clock'>): Gate =>
  withOutreachGate(
    createPolicyGate({ ...config, clock, carriers: readCarriers(config.carriers) }),
    outreachCarriers(config),
    clock,
  );

const engineSettings = ({ config, base }: Pick<EngineParts, 'config' | 'base'>) => ({
  ...config,
  publicBase: base,
  pageSizeDefault: config.pageSize,
  auditReads: config.auditReads === 'on',
  sourceName: base,
  exampleOids: config.demo,
  outreach: outreachCarriers(config),
});

/** What scans files that are about to leave; nothing where there is no scanner. The engine stands before anything is delivered. */
const scanning = ({ scanner }: EngineParts, engine: () => FhirEngine): { readonly scanTold?: ScanTold } =>
  scanner === undefined ? {} : { scanTold: (version) => engine().scanTold(version) };

/** The FHIR engine, and what tells others of its commits: Subscriptions, rails and the dispatcher. */
export function composeEngine(parts: EngineParts): FhirEngine & {
  readonly rails: Rails;
  readonly dispatcher: Dispatcher;
  /** What changes of accounts work with. */
  readonly accountParts: AccountParts;
  readonly selectRecipients: SelectRecipients;
  readonly noteEvidence: NoteEvidence;
  readonly deliverAgain: DeliverAgain;
} {
  const { config, log, base, store, clock, outgoing } = parts;
  const rails = raiseRails(parts);
  const criteria = () => ({ base, now: clock.now() });
  const subscriptions = createSubscriptionCache({
    store,
    criteria,
    unreadable: (ref) => log.write('warn', 'a Subscription cannot be read and is told nothing', { ref }),
  });
  const payloads = createPayloads(store, clock);
  const gates = createGates({ criteria, policies: composePolicies(parts), clock });
  const endpoints = createEndpoints(store);
  const wayParts = wayPartsOf(parts, endpoints, rails);
  const delivering = {
    ...dispatching(parts),
    payloads,
    rails: rails.byName,
    gates,
    otherWays: createOtherWays(wayParts, clock),
    ...scanning(parts, () => fhir),
  };
  const dispatcher = createDispatcher(delivering);
  const selectRecipients = composeRecipients(config, subscriptions, wayParts);
  const committed = (refs: readonly Ref[]): void => {
    subscriptions.touched(refs);
    endpoints.touched(refs);
    dispatcher.nudge();
    // What waited for this commit is tried after it, at its own pace.
    void fhir.messages.waiting.touched(refs);
  };
  const accountParts = accountPartsOf(parts, selectRecipients, committed);
  const fhir = createFhirEngine({
    payloads,
    ...passedOn(parts),
    accounts: createAccountAdministration(accountParts),
    policyParts: () => policyPartsOf(config),
    store,
    clock,
    newId: randomUUID,
    settings: engineSettings(parts),
    selectRecipients,
    findWays: createFindWays(wayParts, clock),
    lacks: (rail) => rails.byName.get(rail)?.lacks,
    admitAddress: outgoing.admitAddress,
    committed,
    messages: receivingOf(parts),
  });
  return {
    ...fhir,
    accountParts,
    rails,
    dispatcher,
    selectRecipients,
    noteEvidence: composeEvidence(parts),
    deliverAgain: createDeliverAgain(delivering),
  };
}
