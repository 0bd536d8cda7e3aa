/**
 * Messages that wait (rules 7.5): parked until the one before them came, or received before their referral. After each
 * transition they are tried again in the order of MSH-7; after `parkMs` a person is asked.
 */
import type { Identifier, Ref } from '../fhir/types.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { SearchRefused, type Snapshot } from '../ports/store.ts';
import { typeOf, valuesAt } from '../resources/element.ts';
import { buildCommit, commitPlanned, type PreparedCommit } from '../operations/write/commit.ts';
import type { OperationContext } from '../operations/context.ts';
import { openDraft } from '../operations/write/write.ts';
import { remark } from './fate.ts';
import type { Incoming } from './hl7v2/incoming.ts';
import {
  findAllWaiting,
  findOverdue,
  findWaiting,
  ITEMS_MAX,
  turnItem,
  type OpenItem,
} from './work-items.ts';
import {
  inOrder,
  archivedMessageOf,
  numberKey,
  numbersOf,
  readArchived,
  readOpenItem,
} from './hl7v2/archived-message.ts';
import type { ReceiveParts, Waiting } from './hl7v2/door.ts';
import { renewNote } from './hl7v2/reapply-interim-note.ts';
import { processMessage, type ProcessedMessage } from './hl7v2/process-message.ts';
import { ownRequest, requestOf } from './message-caller.ts';

/** A message tried again. */
interface Tried extends PreparedCommit {
  readonly settled: ProcessedMessage;
}

/** Messages tried in a row at most, so that nobody can keep the server busy with what waits. */
const ROUNDS_MAX = 100;

export function createWaiting(context: OperationContext, parts: ReceiveParts): Waiting {
  const { store, clock } = context;
  const { settings, log } = parts;
  const expected = createExpected(() => findAllWaiting(store.snapshot()));

  return {
    after: (settled) =>
      quietly(async () => {
        const { verdict, number, draft } = settled;
        if (number === undefined) return;
        const waits = verdict.kind === 'message-parked' || verdict.kind === 'message-unmatched';
        if (waits) await expected.add(number);
        // What it waits for may have come while it was put aside.
        if (waits || draft.moves.length > 0) await renewAll([settled, ...(await tryAll(number))]);
      }),
    touched: (refs) =>
      quietly(async () => {
        const tasks = refs.filter((ref) => typeOf(ref) === 'Task');
        if (tasks.length === 0 || (await expected.isEmpty())) return;
        const snapshot = store.snapshot();
        for (const task of tasks) {
          for (const number of await numbersOf(snapshot, task)) await renewAll(await tryAll(number));
        }
      }),
    async askAboutOverdue() {
      try {
        for (const item of await findOverdue(store.snapshot(), clock.now() - settings.parkMs)) {
          await guarded(item.ref, () => askPerson(item));
        }
      } catch (error) {
        if (!isClosing(error)) throw error;
      }
    },
  };

  async function quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isClosing(error)) return;
      log('messages that wait could not be looked at', { error: nameOf(error) });
    }
  }

  /** Each that goes through may let others through: the earliest first, from the beginning again. What went through. */
  async function tryAll(number: Identifier): Promise<readonly ProcessedMessage[]> {
    const settled: ProcessedMessage[] = [];
    if (!(await expected.has(number))) return settled;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const snapshot = store.snapshot();
      const items = await inOrder(snapshot, await findWaiting(snapshot, number));
      if (items.length === 0) expected.remove(number);
      const one = await tryOne(items);
      if (one === undefined) break;
      settled.push(one);
    }
    return settled;
  }

  async function tryOne(items: readonly OpenItem[]): Promise<ProcessedMessage | undefined> {
    for (const item of items) {
      const settled = await guarded(item.ref, () => tryAgain(item));
      if (settled !== undefined) return settled;
    }
    return undefined;
  }

  /** An interim note that was written after one of these keeps its place (ADR 0019). */
  async function renewAll(settled: readonly ProcessedMessage[]): Promise<void> {
    for (const one of settled) await guarded(one.kept.document, () => renewNote(context, parts.links(), one));
  }

  /** What goes wrong with one message harms no other, and not the one that gave the occasion. */
  async function guarded<T>(about: Ref, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error !== STILL_WAITING) {
        log('a message that waits could not be tried again', { about, error: nameOf(error) });
      }
      return undefined;
    }
  }

  async function tryAgain(item: OpenItem): Promise<ProcessedMessage | undefined> {
    const incoming = await readArchived(context, store.snapshot(), item, parts.links());
    if (incoming === undefined) return undefined;
    const { committed, result } = await commitPlanned(context, (snapshot) =>
      prepare(snapshot, item.ref, incoming),
    );
    if (!committed.replayed) context.committed(result.commit.writes.map(({ ref }) => ref));
    return result.settled;
  }

  async function prepare(snapshot: Snapshot, ref: Ref, incoming: Incoming): Promise<Tried> {
    const item = await readOpenItem(snapshot, ref);
    if (item === undefined) throw STILL_WAITING;
    const request = requestOf(context, incoming);
    const settled = await processMessage(() => openDraft(context, request, snapshot), incoming, settings, {
      earlier: { kept: await archivedMessageOf(snapshot, item), item },
    });
    if (settled.verdict.kind === item.kind) throw STILL_WAITING;
    return { ...(await buildCommit(settled.draft, request, undefined)), settled };
  }

  async function askPerson({ ref }: OpenItem): Promise<void> {
    const { result } = await commitPlanned(context, async (snapshot) => {
      const item = await readOpenItem(snapshot, ref);
      if (item?.kind !== 'message-parked') throw STILL_WAITING;
      const request = ownRequest(context);
      const draft = openDraft(context, request, snapshot);
      const says = 'the message that must come before this one did not come in time';
      const remarks = [remark('transition-not-allowed', 'W', '', says)];
      await turnItem(draft, ref, 'message-unfit', { remarks, referral: undefined });
      return buildCommit(draft, request, undefined);
    });
    context.committed(result.commit.writes.map((write) => write.ref));
  }
}

/** Nothing changed: the message waits on. Told by throwing, since a commit that is not made writes nothing. */
const STILL_WAITING = new OperationOutcomeError('transition-not-allowed');

/** Never the message of an error, which may quote a patient. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** The numbers that some message waits under: asked of the store once, so that ordinary commits need not ask. */
interface Expected {
  has(number: Identifier): Promise<boolean>;
  isEmpty(): Promise<boolean>;
  add(number: Identifier): Promise<void>;
  remove(number: Identifier): void;
}

/** Beyond so many, every number may be waited under. */
const NUMBERS_MAX = 10_000;

function createExpected(findAll: () => Promise<readonly OpenItem[]>): Expected {
  let known: Set<string> | undefined;
  let tooMany = false;
  const numbers = async (): Promise<Set<string>> => {
    if (known !== undefined) return known;
    const items = await findAll();
    tooMany ||= items.length >= ITEMS_MAX;
    known ??= new Set(items.flatMap(({ task }) => valuesAt(task, 'groupIdentifier').map(asKey)));
    return known;
  };
  return {
    has: async (number) => (await numbers()).has(numberKey(number)) || tooMany,
    isEmpty: async () => (await numbers()).size === 0 && !tooMany,
    add: async (number) => {
      const all = await numbers();
      if (all.size < NUMBERS_MAX) all.add(numberKey(number));
      else tooMany = true;
    },
    remove: (number) => void known?.delete(numberKey(number)),
  };
}

const asKey = (number: unknown): string => numberKey(number as Identifier); // validated structure

/** Nobody else ends these searches: the store closes, and what waits is looked at after the next start. */
const isClosing = (error: unknown): boolean => error instanceof SearchRefused && error.reason === 'aborted';
