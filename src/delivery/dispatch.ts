/**
 * Delivery at our own pace, after the commit and apart from it: the dispatcher claims what is due under a lease, and a
 * delivery of its own takes each entry to its outcome (rules 6.1). One receiver is served by one delivery at a time and
 * holds up nobody else.
 */
import type { Ref } from '../fhir/types.ts';
import { reasonOf } from '../ports/reason.ts';
import type { ClaimedEntry } from '../ports/store.ts';
import { ABORT_GRACE_MS } from './abandoned.ts';
import { deliverEntry, type DeliveryParts, type DeliverySettings, type EntryLease } from './deliver-entry.ts';
import { createHostPlaces } from './host-places.ts';

export interface DispatchSettings extends DeliverySettings {
  /** A claimed entry is ours alone for so long. */
  readonly leaseMs: number;
  /** Deliveries under way at the same time, each to another receiver. */
  readonly inFlightMax: number;
  /** Of them, to one organization at most (harmless to the others, however silent its receivers are). */
  readonly deliveriesPerOrganizationMax: number;
  /** Of them, to one host at most. */
  readonly deliveriesPerHostMax: number;
  /** How long a stopping dispatcher lets deliveries finish before it aborts them. */
  readonly drainMs: number;
}

interface DispatcherParts extends DeliveryParts {
  readonly settings: DispatchSettings;
}

export interface Dispatcher {
  /** Claims nothing more; resolves when the deliveries under way have ended or were aborted and put back. */
  stop(): Promise<void>;
  /** There may be something due now: called after every commit that wrote to the outbox, and now and then by a job. */
  nudge(): void;
}

/** @throws RangeError when an attempt could outlast its lease. */
export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { timers, settings } = parts;
  if (settings.attemptTimeoutMs + 2 * ABORT_GRACE_MS > settings.leaseMs)
    throw new RangeError('leaseMs must be at least 2 s longer than attemptTimeoutMs');
  const underWay = createUnderWay();
  const hosts = createHostPlaces(settings.deliveriesPerHostMax);
  const stopped = new AbortController();
  let stopping = false;
  let wanted = false;
  let claiming: Promise<void> | undefined;

  function nudge(): void {
    if (stopping) return;
    wanted = true;
    claiming ??= claimWhileWanted();
  }

  async function claimWhileWanted(): Promise<void> {
    // Between the last look at `wanted` and the end of this function nothing is awaited, so that no nudge is lost.
    while (wanted) {
      wanted = false;
      const leases = stopping ? [] : await claimDue(parts, underWay);
      for (const lease of leases) if (!underWay.has(lease.entry)) void serve(lease);
    }
    claiming = undefined;
  }

  /** The receiver's next entry is claimed together with the receipt of this one: one flush for both. */
  async function serve(lease: EntryLease): Promise<void> {
    const { entry } = lease;
    let isCrowded = false;
    await underWay.begin(entry, async (leave) => {
      const offered = (): void => {
        // A lease that is about to end might end before the receipt is written, and the entry would be claimed again.
        if (parts.clock.now() + settings.leaseMs / 2 > lease.until) return;
        leave();
        nudge();
      };
      await deliverEntry(parts, { ...lease, offered }, { hosts, stopped: stopped.signal });
      isCrowded = underWay.unended() >= settings.inFlightMax;
    });
    // Whoever is served again claims its next entry itself; what its lane held back is among them.
    if (isCrowded || !underWay.receivers().has(entry.receiver)) nudge();
  }

  return {
    nudge,
    async stop() {
      stopping = true;
      await claiming;
      const callOff = timers.after(settings.drainMs, () => stopped.abort());
      await underWay.ended();
      callOff();
    },
  };
}

/** Leases what is due, as much as there are places for. An outbox that cannot be claimed is looked at again. */
async function claimDue(
  { store, clock, settings, log }: DispatcherParts,
  { receivers, perOrganization, unended }: UnderWay,
): Promise<readonly EntryLease[]> {
  const { inFlightMax, leaseMs, deliveriesPerOrganizationMax: perOrganizationMax } = settings;
  // Receipts that the store does not take hold up what comes after them.
  const free = Math.min(inFlightMax - receivers().size, 2 * inFlightMax - unended());
  if (free <= 0 || !store.status().writable) return [];
  const until = clock.now() + leaseMs;
  try {
    const share = { perOrganizationMax, serving: perOrganization };
    const entries = await store.claim(free, leaseMs, receivers(), share);
    return entries.map((entry) => ({ entry, until }));
  } catch (error) {
    log('warn', 'the outbox could not be claimed', { reason: reasonOf(error) });
    return [];
  }
}

/** The deliveries under way, one for each receiver. */
interface UnderWay {
  readonly receivers: () => ReadonlySet<Ref>;
  /** How many of them go to an organization. */
  readonly perOrganization: ReadonlyMap<Ref, number>;
  /** How many deliveries have not ended, also those whose receivers are served again while their receipts are written. */
  readonly unended: () => number;
  /** Whether the entry is one of these: its lease ended, by the clock, while its receipt was on its way to the disk. */
  has(entry: ClaimedEntry): boolean;
  /** Resolves when it has ended, and left its place. `deliver` is given what frees the receiver before. */
  begin(entry: ClaimedEntry, deliver: (leave: () => void) => Promise<void>): Promise<void>;
  /** Resolves when those that are under way now have ended. */
  ended(): Promise<void>;
}

function createUnderWay(): UnderWay {
  const served = new Set<Ref>();
  const running = new Map<string, Promise<void>>();
  const perOrganization = new Map<Ref, number>();

  function count({ sight }: ClaimedEntry, by: 1 | -1): void {
    if (sight.everything) return;
    const sum = (perOrganization.get(sight.organization) ?? 0) + by;
    if (sum > 0) perOrganization.set(sight.organization, sum);
    else perOrganization.delete(sight.organization);
  }

  return {
    receivers: () => new Set(served),
    perOrganization,
    unended: () => running.size,
    has: ({ id }) => running.has(id),
    begin(entry, deliver) {
      let isServed = true;
      const leave = (): void => {
        if (!isServed) return;
        isServed = false;
        served.delete(entry.receiver);
        count(entry, -1);
      };
      count(entry, 1);
      served.add(entry.receiver);
      const delivery = deliver(leave).finally(() => {
        leave();
        running.delete(entry.id);
      });
      running.set(entry.id, delivery);
      return delivery;
    },
    async ended() {
      await Promise.allSettled(running.values());
    },
  };
}
