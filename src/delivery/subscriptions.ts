/**
 * The active Subscriptions, kept in memory and read again when a commit touches one, so that selecting the recipients of
 * a commit asks the store nothing (http://hl7.org/fhir/R4/subscription.html).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { EVERYTHING, type Narrowing, type Query } from '../ports/query.ts';
import type { Store, Version } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { typeOf } from '../resources/element.ts';
import { KEPT_SCOPES, scopesInRecord, type KeptScopes } from './kept-scopes.ts';
import { mayStillAsk, writerOf, type Writer } from './writer.ts';
import { type Criteria, type CriteriaOptions, parseCriteria } from '../resources/subscription-rules.ts';

/** A Subscription that is told of changes. */
export interface ActiveSubscription extends Criteria {
  readonly ref: Ref;
  /** Its custodian: the subscriber, in whose sight the criteria are evaluated. */
  readonly organization: Ref;
  /** What narrowed scopes left its writer of the type; part of the criteria, and asked again before it is told. */
  readonly narrow?: Narrowing;
  /** `channel.type`: the name of its rail. */
  readonly rail: string;
  /** Milliseconds since 1970; Infinity when it has no end. */
  readonly end: number;
  /** Who of this server wrote it; absent: a client of another issuer. */
  readonly writer?: Writer;
}

export interface SubscriptionCache {
  /** All that are active as of every commit announced by `touched`. Rejects when the store cannot be read. */
  current(): Promise<ReadonlyMap<Ref, ActiveSubscription>>;
  /** A commit wrote these resources; those that are no Subscriptions are passed over. */
  touched(refs: Iterable<Ref>): void;
  /** Whether who wrote a Subscription may still ask for what it tells. @param at milliseconds since 1970 */
  isHeard(subscription: Pick<ActiveSubscription, 'writer'>, at: number): Promise<boolean>;
}

interface CacheParts {
  readonly store: Pick<Store, 'snapshot'>;
  readonly criteria: () => CriteriaOptions;
  /** A stored Subscription whose criteria this version cannot read: it is told nothing, and that is said. */
  readonly unreadable: (ref: Ref) => void;
}

const PAGE = 500;

export function createSubscriptionCache(parts: CacheParts): SubscriptionCache {
  const { store } = parts;
  const active = new Map<Ref, ActiveSubscription>();
  const stale = new Set<Ref>();
  let isLoaded = false;
  const isCurrent = (): boolean => isLoaded && stale.size === 0;
  let reading: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    if (!isLoaded) await load();
    // `stale` may grow while one is read; what could not be read stays stale, and the next who asks tries again.
    for (const ref of stale) {
      stale.delete(ref);
      await read(ref).catch((error: unknown) => {
        stale.add(ref);
        throw error;
      });
    }
  }

  async function load(): Promise<void> {
    const snapshot = store.snapshot();
    for (let offset = 0; ; offset += PAGE) {
      const page = await snapshot.search({ ...ACTIVE, count: PAGE, offset });
      for (const { ref } of page.matches) stale.add(ref);
      if (!page.more) break;
    }
    isLoaded = true;
  }

  async function read(ref: Ref): Promise<void> {
    const snapshot = store.snapshot();
    const version = await snapshot.read(ref, EVERYTHING);
    const found =
      version && understand(parts, version, scopesInRecord(await snapshot.record(KEPT_SCOPES, ref)));
    const writer = await writerOf(snapshot, ref);
    if (found === undefined) active.delete(ref);
    else active.set(ref, { ...found, ...(writer !== undefined && { writer }) });
  }

  return {
    async current() {
      while (!isCurrent()) {
        reading ??= refresh().finally(() => {
          reading = undefined;
        });
        await reading;
      }
      return active;
    },
    touched(refs) {
      for (const ref of refs) if (typeOf(ref) === 'Subscription') stale.add(ref);
    },
    isHeard: async ({ writer }, at) => writer === undefined || mayStillAsk(store.snapshot(), writer, at),
  };
}

/** A version as an active Subscription; undefined where it is none, or cannot be read. */
function understand(
  { criteria, unreadable }: CacheParts,
  version: Version,
  scopes: KeptScopes | undefined,
): ActiveSubscription | undefined {
  const { ref, custodian: organization } = version;
  const resource = resourceOf(version);
  if (resource?.['status'] !== 'active' || organization === '') return undefined;
  try {
    const { where, ...read } = readSubscription(resource, criteria());
    if (scopes === undefined) return { ref, organization, where, ...read };
    const narrow = { [scopes.type]: scopes.where };
    return { ref, organization, ...read, where: { kind: 'all', of: [where, scopes.where] }, narrow };
  } catch {
    unreadable(ref);
    return undefined;
  }
}

/** What the selection of recipients needs of a Subscription. @throws OperationOutcomeError when its criteria cannot be read. */
export function readSubscription(
  resource: Resource,
  options: CriteriaOptions,
): Pick<ActiveSubscription, 'rail' | 'end' | 'type' | 'where'> {
  const { channel, end, criteria } = resource;
  const { type: rail } = channel as { readonly type: string };
  return {
    rail,
    end: typeof end === 'string' ? Date.parse(end) : Infinity,
    ...parseCriteria(String(criteria), options),
  };
}

const ACTIVE: Omit<Query, 'count' | 'offset'> = {
  type: 'Subscription',
  where: { kind: 'token', param: 'status', code: 'active' },
  sort: [],
  sight: EVERYTHING,
  total: false,
};
