/** A real store in a folder of its own, with one subject in two versions and one receiver: what a rail is handed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ref, Resource } from '../../src/fhir/types.ts';
import type { AuditEntry, ClaimedEntry, Commit, OutboxEntry, Store, Write } from '../../src/ports/store.ts';
import { typeOf } from '../../src/resources/element.ts';
import { searchValues } from '../../src/resources/search-values.ts';
import { type StoreOptions, openStore } from '../../src/stores/index.ts';

export const SUBSCRIBER: Ref = 'Organization/subscriber';

export interface World {
  readonly store: Store;
  readonly folder: string;
  /** Commits a version of a resource kept by the subscriber, with what shall be told of it. */
  /** @param custodian who keeps it, when it is new */
  put(resource: Stored, outbox?: readonly OutboxEntry[], custodian?: Ref): Promise<number>;
  remove(ref: Ref): Promise<number>;
  close(): Promise<void>;
}

export type Stored = Resource & { readonly id: string };

export async function openWorld(options: Partial<StoreOptions> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'closeloop-delivery-'));
  const store = await openStore({ folder, writer: 'turn', reserveBytes: 0, ...options });
  const put = async (
    ref: Ref,
    text: string | undefined,
    outbox: readonly OutboxEntry[],
    custodian: Ref = SUBSCRIBER,
  ): Promise<number> => {
    const current = await store.snapshot().read(ref, { everything: true });
    const base = current?.text === undefined ? 0 : current.seq;
    const { seq } = await store.commit({
      ...EMPTY,
      writes: [{ ...buildWrite(ref, base, text), custodian }],
      outbox,
    });
    return seq;
  };
  return {
    store,
    folder,
    put: (resource, outbox = [], custodian) =>
      put(`${resource.resourceType}/${resource.id}`, JSON.stringify(resource), outbox, custodian),
    remove: (ref) => put(ref, undefined, []),
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

export function buildWrite(ref: Ref, base: number, text: string | undefined): Write {
  return {
    ref,
    method: text === undefined ? 'DELETE' : 'PUT',
    base,
    text: text === undefined ? undefined : { pieces: [text], holes: [] },
    custodian: SUBSCRIBER,
    values: text === undefined ? [] : searchValues(JSON.parse(text), typeOf(ref)),
    reach: { parties: [], outward: [], inward: [], everyone: false },
  };
}

const AUDIT: AuditEntry = {
  event: 'update',
  action: 'U',
  outcome: '0',
  agent: { organization: SUBSCRIBER, client: 'test', subject: 'test' },
  requestId: 'test',
  entities: [],
  patients: [],
  viewers: [],
};

const EMPTY: Commit = {
  writes: [],
  preconditions: [],
  expects: [],
  audit: [AUDIT],
  outbox: [],
  deliveryOutcomes: [],
};

/** The pointer to a subject for a receiver, seen by the subscriber. */
export const buildEntry = (rail: string, receiver: Ref, subject: Ref, order: Ref = subject): OutboxEntry => ({
  rail,
  receiver,
  orderingKey: order,
  subject,
  event: 'send-acceptance',
  sight: { everything: false, organization: SUBSCRIBER },
});

/** An entry as a rail gets it. */
export const buildClaimed = (entry: OutboxEntry, seq: number, attempt = 1): ClaimedEntry => ({
  ...entry,
  id: `${seq}-0`,
  seq,
  at: '2026-01-01T00:00:00.000Z',
  attempt,
});
