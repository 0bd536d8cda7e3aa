/**
 * Messages that wait (rules 7.5): parked until the one before them came, or received before their referral. After each
 * transition they are tried again in the order of MSH-7; after `parkMs` a person is asked.
 */
import type { Identifier, Ref } from '../../fhir/types.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Snapshot } from '../../ports/store.ts';
import { typeOf, valuesAt } from '../../resources/element.ts';
import { buildOffer, offer, type Offer } from '../offer.ts';
import type { Room } from '../room.ts';
import { openDraft } from '../write.ts';
import { remark } from './fates.ts';
import type { Incoming } from './incoming.ts';
import { findAllWaiting, findOverdue, findWaiting, turnItem, type OpenItem } from './items.ts';
import { inOrder, keptOf, keyOf, numbersOf, readKept, readOpenItem } from './kept.ts';
import type { ReceiveParts } from './receive.ts';
import { settleMessage, type Settled } from './settle.ts';
import { requestOf } from './speak.ts';

export interface Waiting {
  /** What a message that was settled may have made possible. */
  after(settled: Settled): Promise<void>;
  /** What a commit of somebody else may have made possible; called with what it wrote. */
  touched(refs: readonly Ref[]): Promise<void>;
  /** Asks a person about what has waited too long. To be called now and then. */
  sweep(): Promise<void>;
}

/** Messages tried in a row at most, so that nobody can keep the server busy with what waits. */
const ROUNDS_MAX = 100;

export function createWaiting(room: Room, parts: ReceiveParts): Waiting {
  const { store, clock } = room;
  const { settings, log } = parts;
  /** Numbers that something may wait for; undefined until the store was asked. */
  let expected: Set<string> | undefined;

  return {
    after: async ({ verdict, number, draft }) => {
      if (number === undefined) return;
      if (verdict.kind === 'message-parked' || verdict.kind === 'message-unmatched') await expect(number);
      else if (draft.moves.length > 0) await tryAll(number);
    },
    touched: async (refs) => {
      const tasks = refs.filter((ref) => typeOf(ref) === 'Task');
      if (tasks.length === 0 || (await expectedNumbers()).size === 0) return;
      for (const task of tasks)
        for (const number of await numbersOf(store.snapshot(), task)) await tryAll(number);
    },
    sweep: async () => {
      for (const item of await findOverdue(store.snapshot(), clock.now() - settings.parkMs)) {
        await guarded(item, () => askPerson(item));
      }
    },
  };

  async function expectedNumbers(): Promise<Set<string>> {
    if (expected !== undefined) return expected;
    const items = await findAllWaiting(store.snapshot());
    expected ??= new Set(
      items.flatMap(({ task }) => (valuesAt(task, 'groupIdentifier') as Identifier[]).map(keyOf)),
    ); // validated
    return expected;
  }

  async function expect(number: Identifier): Promise<void> {
    (await expectedNumbers()).add(keyOf(number));
  }

  /** Each that goes through may let others through: the earliest first, from the beginning again. */
  async function tryAll(number: Identifier): Promise<void> {
    const numbers = await expectedNumbers();
    if (!numbers.has(keyOf(number))) return;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const items = await inOrder(store.snapshot(), await findWaiting(store.snapshot(), number));
      if (items.length === 0) numbers.delete(keyOf(number));
      if (!(await tryOne(items))) return;
    }
  }

  async function tryOne(items: readonly OpenItem[]): Promise<boolean> {
    for (const item of items) if (await guarded(item, () => tryAgain(item))) return true;
    return false;
  }

  /** What goes wrong with one message harms no other, and not the one that gave the occasion. */
  async function guarded(item: OpenItem, work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (error !== STILL_WAITING) {
        const name = error instanceof Error ? error.name : typeof error;
        log('a message that waits could not be tried again', { item: item.ref, error: name });
      }
      return false;
    }
  }

  async function tryAgain(item: OpenItem): Promise<boolean> {
    const incoming = await readKept(store.snapshot(), item, parts.links());
    if (incoming === undefined) return false;
    const { committed, result } = await offer(room, (snapshot) => prepare(snapshot, item.ref, incoming));
    if (!committed.replayed) room.committed(result.commit.writes.map(({ ref }) => ref));
    return true;
  }

  async function prepare(snapshot: Snapshot, ref: Ref, incoming: Incoming): Promise<Offer> {
    const item = await readOpenItem(snapshot, ref);
    if (item === undefined) throw STILL_WAITING;
    const request = requestOf(room, incoming);
    const settled = await settleMessage(() => openDraft(room, request, snapshot), incoming, settings, {
      earlier: { kept: await keptOf(snapshot, item), item },
    });
    if (settled.verdict.kind === item.kind) throw STILL_WAITING;
    return buildOffer(settled.draft, request, undefined);
  }

  async function askPerson({ ref }: OpenItem): Promise<boolean> {
    const { committed, result } = await offer(room, async (snapshot) => {
      const item = await readOpenItem(snapshot, ref);
      if (item?.kind !== 'message-parked') throw STILL_WAITING;
      const incoming = await readKept(snapshot, item, parts.links());
      if (incoming === undefined) throw STILL_WAITING;
      const request = requestOf(room, incoming);
      const draft = openDraft(room, request, snapshot);
      const says = `nothing came within ${settings.parkMs} ms that would let this message happen`;
      const remarks = [remark('transition-not-allowed', 'W', '', says)];
      await turnItem(draft, ref, 'message-unfit', { remarks, referral: undefined });
      return buildOffer(draft, request, undefined);
    });
    room.committed(result.commit.writes.map((write) => write.ref));
    return committed.seq > 0;
  }
}

/** Nothing changed: the message waits on. Told by throwing, since a commit that is not made writes nothing. */
const STILL_WAITING = new OperationOutcomeError('transition-not-allowed');
