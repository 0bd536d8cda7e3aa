/** The roof over the desk: one path for all requests, and delivery behind it. */
import { randomUUID } from 'node:crypto';
import type { Config } from './config.ts';
import { createAddress } from './delivery/address.ts';
import { createPolicyGate } from './delivery/disclosure.ts';
import { createDispatcher, type Dispatcher } from './delivery/dispatch.ts';
import { createAsk } from './delivery/gates.ts';
import { createSettle } from './delivery/settle.ts';
import { present } from './delivery/subject.ts';
import { createSubscriptionCache } from './delivery/subscriptions.ts';
import type { Log } from './http/log.ts';
import type { Metrics } from './http/metrics.ts';
import { createDesk, type Perform } from './operations/desk.ts';
import { writeDeliveryFailed } from './operations/work-item.ts';
import { createEndpointsOf } from './organizations.ts';
import type { Clock } from './ports/clock.ts';
import type { Store } from './ports/store.ts';
import { createRails, type Rails } from './rails/index.ts';
import { TRANSACTIONS } from './referral/transactions.ts';

/** A delivery must have ended, one way or the other, this long before its lease does. */
const LEASE_MARGIN_MS = 2500;

/** What the roof has already when it comes to the desk. */
export interface DeskParts {
  readonly config: Config;
  readonly log: Log;
  readonly base: string;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** The desk, and what tells others of its commits: Subscriptions, rails and the dispatcher. */
export function raiseDesk({ config, log, base, store, metrics, clock }: DeskParts): {
  readonly perform: Perform;
  readonly rails: Rails;
  readonly dispatcher: Dispatcher;
} {
  const rails = createRails({
    allowList: config.subscriptionAllowList,
    present,
    clock,
    transactionOf: (event) => TRANSACTIONS.find((transaction) => transaction.event === event)?.transaction,
  });
  const criteria = () => ({ base, now: clock.now() });
  const subscriptions = createSubscriptionCache({
    store,
    criteria,
    unreadable: (ref) => log.write('warn', 'a Subscription cannot be read and is told nothing', { ref }),
  });
  const dispatcher = createDispatcher({
    store,
    rails: rails.byName,
    ask: createAsk({ criteria, policies: createPolicyGate({ clock }), clock }),
    settle: createSettle({
      asOf: (seq) => store.snapshot(seq),
      workItem: (entry, why) => writeDeliveryFailed({ store, clock, newId: randomUUID }, entry, why),
    }),
    clock,
    random: Math.random,
    settings: {
      ...config,
      attemptTimeoutMs: config.leaseMs - LEASE_MARGIN_MS,
      inFlightMax: config.deliveriesInFlightMax,
    },
    log: (level, says, about) => log.write(level, says, about),
    onMetric: ({ rail, fate }) => metrics.delivered(rail, fate),
  });
  const { perform } = createDesk({
    store,
    clock,
    newId: randomUUID,
    settings: {
      ...config,
      publicBase: base,
      pageSizeDefault: config.pageSize,
      auditReads: config.auditReads === 'on',
      sourceName: base,
    },
    address: createAddress({
      subscriptions,
      endpointsOf: createEndpointsOf(store),
      rails: new Set(rails.byName.keys()),
      activePerOrganizationMax: config.subscriptionsPerOrganizationMax,
      activeMax: config.subscriptionsMax,
    }),
    committed: (refs) => {
      subscriptions.touched(refs);
      dispatcher.nudge();
    },
  });
  return { perform, rails, dispatcher };
}
