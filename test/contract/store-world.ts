/** What the laws of the store are told with: organizations, writes, audit entries and commits with sensible defaults. */
import type { Ref } from '../../src/fhir/types.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Query, Sight } from '../../src/ports/query.ts';
import type {
  AuditEntry,
  Commit,
  OutboxEntry,
  Reach,
  Store,
  StampTemplate,
  Write,
} from '../../src/ports/store.ts';

/** How a suite opens the engine it tries. */
export interface StoreWorld {
  /** Copies of the store that are asked in turn, each with a queue of its own. Default: 1. */
  readonly nodes?: number;
  /** A new, empty store. */
  open(options?: WorldOptions): Promise<Store>;
  /** Closes the store and opens its data again. */
  reopen(store: Store, options?: WorldOptions): Promise<Store>;
  /** Opens what the disk holds at this moment, as after a crash of the process: nobody was told to close. */
  crash(store: Store, options?: WorldOptions): Promise<Store>;
  /** Lets the store do what it does while it is idle: forget what need not be known any more. */
  tidy(store: Store): Promise<void>;
  /** How many records that are physically there hold this text. */
  leftOf(store: Store, text: string): Promise<number>;
  /** Closes everything that was opened until now and deletes it. */
  end(): Promise<void>;
}

export interface WorldOptions {
  readonly clock?: Clock;
  readonly searchSnapshotMs?: number;
  readonly keyRetentionMs?: number;
  readonly commitsQueuedMax?: number;
  readonly reachMembersMax?: number;
  readonly turnMs?: number;
}

export const NORTH: Ref = 'Organization/north';
export const SOUTH: Ref = 'Organization/south';
export const WEST: Ref = 'Organization/west';

export const EVERYTHING: Sight = { everything: true };
export const seenBy = (organization: Ref, patient?: Ref): Sight =>
  patient === undefined ? { everything: false, organization } : { everything: false, organization, patient };

/** A clock that the test moves. */
export interface HandClock extends Clock {
  at: number;
}

export function handClock(at = Date.UTC(2026, 0, 1)): HandClock {
  return {
    at,
    now() {
      return this.at;
    },
  };
}

export const NO_REACH: Reach = { parties: [], outward: [], inward: [], everyone: false };

/** Reach of a resource that is told to these organizations, and refers to nothing. */
export const told = (...parties: Ref[]): Reach => ({ ...NO_REACH, parties });

/** A text that says which version it is: `{"is":"<what>","versionId":"<seq>","lastUpdated":"<at>"}`. */
export const textOf = (what: string): StampTemplate => ({
  pieces: [`{"is":"${what}","versionId":"`, `","lastUpdated":"`, '"}'],
  holes: ['seq', 'at'],
});

/** A write by NORTH that creates; what differs is given. */
export function write(ref: Ref, given: Partial<Write> & { is?: string } = {}): Write {
  const { is = 'new', ...rest } = given;
  const method = rest.base ? 'PUT' : 'POST';
  return { ref, method, base: 0, text: textOf(is), custodian: NORTH, values: [], reach: NO_REACH, ...rest };
}

export const remove = (ref: Ref, base: number): Write =>
  write(ref, { base, method: 'DELETE', text: undefined });

export function audit(given: Partial<AuditEntry> = {}): AuditEntry {
  return {
    event: 'update',
    action: 'U',
    outcome: '0',
    agent: { organization: NORTH, client: 'tests', subject: 'somebody' },
    requestId: 'r-1',
    entities: [],
    patients: [],
    viewers: [],
    ...given,
  };
}

/** A commit of these writes, audited. */
export function commitOf(writes: readonly Write[], given: Partial<Commit> = {}): Commit {
  const entities = writes.map(({ ref }) => `${ref}/_history/0`);
  return {
    writes,
    preconditions: [],
    expects: [],
    audit: [audit({ entities })],
    outbox: [],
    deliveryOutcomes: [],
    ...given,
  };
}

export function tell(subject: Ref, given: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    rail: 'capture',
    receiver: 'Subscription/1',
    orderingKey: subject,
    subject,
    event: 'update',
    sight: EVERYTHING,
    ...given,
  };
}

/** All resources of a type whose token `status` is this, as everybody's query. */
export function byStatus(type: string, status: string, given: Partial<Query> = {}): Query {
  return {
    type,
    where: { kind: 'token', param: 'status', code: status },
    sort: [],
    sight: EVERYTHING,
    count: 100,
    offset: 0,
    total: true,
    ...given,
  };
}

export const status = (code: string) => ({ param: 'status', low: code, high: '' });

/** The refs a store's latest snapshot finds. */
export async function find(store: Store, query: Query, seq?: number): Promise<readonly Ref[]> {
  const page = await store.snapshot(seq).search(query);
  return page.matches.map(({ ref }) => ref);
}

/** What a promise was refused with: the `reason` of its error, or `undefined` when it was not. */
export async function refusal(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return (error as { reason?: string }).reason ?? `not a refusal: ${String(error)}`;
  }
}

/** Waits for something that comes by itself; fails after two seconds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 2000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
