/**
 * Delivery at our own pace, after the commit and apart from it: claim what is due under a lease, ask the gates again as
 * of now, hand it to its rail, record the outcome (rules 6.1). At least once: after a crash between sending and recording
 * an entry is sent again with the same id. One receiver is served by one delivery at a time and holds up nobody else.
 */
import type { Ref } from '../fhir/types.ts';
import { pause, type Clock, type Timers } from '../ports/clock.ts';
import type { Rail, Receipt } from '../ports/rail.ts';
import { reasonOf } from '../ports/reason.ts';
import { type ClaimedEntry, CommitRefused, type Snapshot, type Store } from '../ports/store.ts';
import { type BackoffSettings, backoffMs } from './backoff.ts';
import type { Gate } from './gates.ts';
import { createHostPlaces } from './host-places.ts';
import type { EndedDelivery, BuildOutcomeCommit } from './outcome.ts';

export interface DispatchSettings extends BackoffSettings {
  /** A claimed entry is ours alone for so long. */
  readonly leaseMs: number;
  /** One attempt lasts at most so long; with the grace of an abort it must end before the lease does. */
  readonly attemptTimeoutMs: number;
  readonly attemptsMax: number;
  /** Deliveries under way at the same time, each to another receiver. */
  readonly inFlightMax: number;
  /** Of them, to one organization at most (harmless to the others, however silent its receivers are). */
  readonly deliveriesPerOrganizationMax: number;
  /** Of them, to one host at most. */
  readonly deliveriesPerHostMax: number;
  /** How long a stopping dispatcher lets deliveries finish before it aborts them. */
  readonly drainMs: number;
}

/** One thing that happened to an entry, for metrics. `lost`: another process records its outcome, or it will be sent again. */
export interface DeliveryMetric {
  readonly rail: string;
  readonly fate: 'accepted' | 'refused' | 'withheld' | 'retry' | 'lost';
  readonly attempt: number;
  /** From the commit to this moment. */
  readonly ageMs: number;
}

/** Says something to an operator; ids only, nothing that a patient could be known by. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  says: string,
  about: Readonly<Record<string, string | number>>,
) => void;

interface DispatcherParts {
  readonly store: Store;
  readonly rails: ReadonlyMap<string, Rail>;
  readonly gates: Gate;
  readonly buildOutcomeCommit: BuildOutcomeCommit;
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  readonly settings: DispatchSettings;
  readonly log: Log;
  readonly onMetric: (metric: DeliveryMetric) => void;
}

export interface Dispatcher {
  /** Claims nothing more; resolves when the deliveries under way have ended or were aborted and put back. */
  stop(): Promise<void>;
  /** There may be something due now: called after every commit that wrote to the outbox, and now and then by a job. */
  nudge(): void;
}

/** A rail that does not heed its signal is given up after this. */
const ABORT_GRACE_MS = 1_000;
/** Between two tries to write a receipt that the store could not take. */
const RECORD_PAUSE_MS = 250;

/** @throws RangeError when an attempt could outlast its lease. */
export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, rails, gates, buildOutcomeCommit, clock, timers, random, settings, log, onMetric } = parts;
  if (settings.attemptTimeoutMs + 2 * ABORT_GRACE_MS > settings.leaseMs) {
    throw new RangeError('leaseMs must be at least 2 s longer than attemptTimeoutMs');
  }
  const serving = new Map<Ref, Promise<void>>();
  const perOrganization = new Map<Ref, number>();
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
      await claimDue();
    }
    claiming = undefined;
  }

  async function claimDue(): Promise<void> {
    const free = settings.inFlightMax - serving.size;
    if (stopping || free <= 0 || !store.status().writable) return;
    const claimedAt = clock.now();
    try {
      const entries = await store.claim(free, settings.leaseMs, new Set(serving.keys()), {
        perOrganizationMax: settings.deliveriesPerOrganizationMax,
        serving: perOrganization,
      });
      for (const entry of entries) serve(entry, claimedAt + settings.leaseMs);
    } catch (error) {
      log('warn', 'the outbox could not be claimed', { reason: reasonOf(error) });
    }
  }

  function serve(entry: ClaimedEntry, leasedUntil: number): void {
    countFor(entry, 1);
    const served = deliver(entry, leasedUntil)
      .catch((error: unknown) => lose(entry, reasonOf(error)))
      .finally(() => {
        serving.delete(entry.receiver);
        countFor(entry, -1);
        nudge();
      });
    serving.set(entry.receiver, served);
  }

  function countFor({ sight }: ClaimedEntry, by: 1 | -1): void {
    if (sight.everything) return;
    const count = (perOrganization.get(sight.organization) ?? 0) + by;
    if (count > 0) perOrganization.set(sight.organization, count);
    else perOrganization.delete(sight.organization);
  }

  async function deliver(entry: ClaimedEntry, leasedUntil: number): Promise<void> {
    // Its last attempts ended without a receipt (a crash, a full disk): sending it for ever would help nobody.
    if (entry.attempt > settings.attemptsMax) {
      return conclude(
        entry,
        { outcome: 'retry', why: 'no receipt could be written' },
        'not-asked',
        leasedUntil,
      );
    }
    const asOf = store.snapshot(entry.seq);
    const now = store.snapshot();
    const decision = await gates(entry, now, asOf).catch(unasked);
    if ('outcome' in decision) return conclude(entry, decision, 'not-asked', leasedUntil);

    const { policy, why = policy } = decision;
    if (!decision.permitted) return recordOutcome({ entry, fate: 'withheld', policy, why }, leasedUntil);

    return conclude(entry, await attempt(entry, asOf, now), policy, leasedUntil);
  }

  async function conclude(
    entry: ClaimedEntry,
    receipt: Receipt,
    policy: string,
    leasedUntil: number,
  ): Promise<void> {
    const isLast = entry.attempt >= settings.attemptsMax;
    if (receipt.outcome === 'retry' && !isLast) {
      const delay = backoffMs(entry.attempt, settings, random(), receipt.afterMs);
      await store.postpone(entry.id, delay, receipt.why);
      return count(entry, 'retry');
    }
    if (receipt.outcome === 'retry') {
      const why = `given up after ${entry.attempt} attempts: ${receipt.why}`;
      return recordOutcome({ entry, fate: 'refused', policy, why }, leasedUntil);
    }
    const why = receipt.outcome === 'accepted' ? receipt.says : receipt.why;
    return recordOutcome({ entry, fate: receipt.outcome, policy, why }, leasedUntil);
  }

  /** One attempt by the entry's rail, ended by its deadline whether the rail heeds it or not. */
  async function attempt(entry: ClaimedEntry, asOf: Snapshot, now: Snapshot): Promise<Receipt> {
    const rail = rails.get(entry.rail);
    if (rail === undefined) return { outcome: 'retry', why: `this server has no rail ${entry.rail}` };
    const deadline = new AbortController();
    const callOff = timers.after(settings.attemptTimeoutMs, () => deadline.abort());
    const signal = AbortSignal.any([deadline.signal, stopped.signal]);
    const ended = new AbortController();
    const sent = inTurn(rail, entry, now, signal, () => rail.deliver(entry, asOf, now, signal)).catch(
      (error: unknown): Receipt => ({ outcome: 'retry', why: reasonOf(error) }),
    );
    const receipt = await Promise.race([sent, abandoned(timers, signal, ended.signal)]);
    ended.abort();
    callOff();
    return receipt;
  }

  /** A host has so many places; whoever waits for one holds a place of its own organization alone. */
  async function inTurn(
    rail: Rail,
    entry: ClaimedEntry,
    now: Snapshot,
    signal: AbortSignal,
    send: () => Promise<Receipt>,
  ): Promise<Receipt> {
    const host = await rail.hostOf?.(entry, now);
    if (host === undefined) return send();
    const leave = await hosts.enter(host, signal);
    if (leave === undefined) return { outcome: 'retry', why: 'timeout' };
    return send().finally(leave);
  }

  async function recordOutcome(ended: EndedDelivery, leasedUntil: number): Promise<void> {
    const { entry, fate } = ended;
    for (;;) {
      try {
        await store.commit(await buildOutcomeCommit(ended));
        count(entry, fate);
        if (fate === 'refused') log('warn', 'a delivery was refused for good', about(entry));
        return;
      } catch (error) {
        const last = clock.now() + RECORD_PAUSE_MS >= leasedUntil;
        if (last || !mayPass(error)) return lose(entry, reasonOf(error));
      }
      await pause(timers, RECORD_PAUSE_MS);
    }
  }

  /** The receipt could not be written. When the lease has ended the entry is sent again, with the same id. */
  function lose(entry: ClaimedEntry, reason: string): void {
    log('error', 'the receipt of a delivery could not be written', { ...about(entry), reason });
    count(entry, 'lost');
  }

  function count(entry: ClaimedEntry, fate: DeliveryMetric['fate']): void {
    const ageMs = clock.now() - Date.parse(entry.at);
    onMetric({ rail: entry.rail, fate, attempt: entry.attempt, ageMs });
  }

  return {
    nudge,
    async stop() {
      stopping = true;
      await claiming;
      const callOff = timers.after(settings.drainMs, () => stopped.abort());
      await Promise.allSettled(serving.values());
      callOff();
    },
  };
}

/** The gates could not be asked: nothing is sent, and the entry waits like after any failed attempt. */
const unasked = (error: unknown): Receipt => ({ outcome: 'retry', why: `gates: ${reasonOf(error)}` });

/** Resolves when a rail has had its grace after the signal aborted; never, when `ended` aborts first. */
function abandoned(timers: Timers, signal: AbortSignal, ended: AbortSignal): Promise<Receipt> {
  return new Promise((resolve) => {
    const giveUp = (): void => {
      const callOff = timers.after(ABORT_GRACE_MS, () => resolve({ outcome: 'retry', why: 'deadline' }));
      ended.addEventListener('abort', callOff, { once: true });
    };
    signal.addEventListener('abort', giveUp, { once: true });
    ended.addEventListener('abort', () => signal.removeEventListener('abort', giveUp), { once: true });
  });
}

/** Whether the same commit may be taken a moment later. */
const mayPass = (error: unknown): boolean =>
  error instanceof CommitRefused && error.reason !== 'not-leased' && error.reason !== 'closed';

const about = ({ id, rail, receiver, subject, attempt }: ClaimedEntry): Record<string, string | number> => ({
  entry: id,
  rail,
  receiver,
  subject,
  attempt,
});
