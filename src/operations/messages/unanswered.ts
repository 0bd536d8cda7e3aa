/**
 * Messages that ask for an answer by a time (baa-messaging MS17): the extension `respond-by` of a message that was sent. Past
 * that time its owner is asked, once; a day later what nobody has dealt with is urgent. An answer ends it.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { RESPOND_BY, THREAD_OWNER } from '../../messaging/extensions.ts';
import { threadOf } from '../../messaging/shape.ts';
import { isUnsent } from '../../messaging/statuses.ts';
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit, wasForestalled } from '../../ports/commit.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../../ports/record.ts';
import type { Snapshot, Write } from '../../ports/store.ts';
import { parseStored, resourceOf } from '../../ports/stored-resource.ts';
import { valuesAt } from '../../resources/element.ts';
import type { OperationContext } from '../context.ts';
import { isClosedItem, planWorkItem } from '../work-item.ts';
import { buildWrite } from '../write/commit.ts';
import { planStored, type Draft, type Planned } from '../write/draft.ts';
import { organizationNamed, organizationsNamed } from './senders.ts';
import { headerOf } from './threads.ts';

/** The kind of the records of messages that wait for an answer; their key is the message. */
const KIND = 'respond-by';
const WAITING = ['state', 'waiting'] as const;

interface Awaited {
  /** The thread, or the message itself where it is a thread of its own. */
  readonly thread: Ref;
  /** Milliseconds since 1970. */
  readonly due: number;
  /** Organizations whose people are asked. */
  readonly owners: readonly Ref[];
  /** The work items of those who were asked; empty before that. */
  readonly asked: readonly Ref[];
}

/** How long a work item may lie before it is urgent. */
const URGENT_AFTER_MS = 24 * 60 * 60_000;

/** Notes that a message which is being sent waits for an answer. What is no instant waits for none. */
export async function awaitAnswer(draft: Draft, { ref }: Planned): Promise<void> {
  const message = draft.planned.get(ref)?.after?.plain;
  const due = message === undefined ? Number.NaN : respondBy(message);
  if (message === undefined || Number.isNaN(due)) return;
  const header = await headerOf(draft, message);
  const owner = header && (await organizationNamed(draft, extensionOf(header, THREAD_OWNER)?.valueReference));
  const told = new Set(await organizationsNamed(draft, valuesAt(message, 'recipient')));
  const sender = await organizationNamed(draft, message['sender']);
  if (sender !== undefined && told.size > 1) told.delete(sender);
  const body: Awaited = {
    thread: threadOf(message) ?? ref,
    due,
    owners: owner === undefined ? [...told] : [owner],
    asked: [],
  };
  draft.records.push({ kind: KIND, key: ref, expect: 'any', body, index: [WAITING] });
}

interface Extension {
  readonly url?: unknown;
  readonly valueInstant?: unknown;
  readonly valueReference?: unknown;
}

const extensionOf = (resource: Resource, url: string): Extension | undefined =>
  (valuesAt(resource, 'extension') as readonly Extension[]).find((one) => one.url === url); // Extensions

function respondBy(message: Resource): number {
  const instant = extensionOf(message, RESPOND_BY)?.valueInstant;
  return typeof instant === 'string' ? Date.parse(instant) : Number.NaN;
}

type Parts = Pick<OperationContext, 'store' | 'clock' | 'newId' | 'committed'>;

/** Asks about messages that nobody answered in time; what a job does. */
export async function askAboutUnanswered(parts: Parts, signal: AbortSignal): Promise<void> {
  for (const record of await allRecords(parts.store.snapshot(), KIND, ...WAITING)) {
    if (signal.aborted) return;
    await lookAt(parts, record);
  }
}

async function lookAt(parts: Parts, record: StoredRecord): Promise<void> {
  const { store, clock } = parts;
  const snapshot = store.snapshot();
  const awaited = record.body as Awaited; // `awaitAnswer` alone writes this kind
  if (!(await isStillAwaited(snapshot, record.key, awaited))) return commit(parts, record, undefined, []);
  if (clock.now() < awaited.due) return;
  if (awaited.asked.length === 0) return ask(parts, record, awaited);
  if (clock.now() < awaited.due + URGENT_AFTER_MS) return;
  const items = await Promise.all(awaited.asked.map((ref) => snapshot.read(ref, EVERYTHING)));
  const open = items.flatMap((one) =>
    one?.text === undefined || isClosedItem(parseStored(one.text)) ? [] : [one],
  );
  const urgent = open.map((one) =>
    planStored(one, (tree) => ({
      ...tree,
      priority: 'stat',
      lastModified: new Date(clock.now()).toISOString(),
      businessStatus: { text: 'overdue' },
    })),
  );
  await commit(parts, record, undefined, urgent);
}

/** Whether the message still stands, and nobody but its sender has written in its thread since. */
async function isStillAwaited(snapshot: Snapshot, key: string, { thread }: Awaited): Promise<boolean> {
  const ref = key as Ref; // as `awaitAnswer` wrote it
  const version = await snapshot.read(ref, EVERYTHING);
  const message = resourceOf(version);
  if (version === undefined || message === undefined || ENDED.has(message['status'])) return false;
  const sentAt = Date.parse(String(message['sent']));
  const query: Query = {
    type: 'Communication',
    where: { kind: 'reference', param: 'part-of', to: [thread, ref] },
    sort: [{ param: '_lastUpdated', descending: true }],
    sight: EVERYTHING,
    count: ANSWERS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await snapshot.search(query);
  return matches.every((other) => {
    const answer = parseStored(other.text);
    const isLater = other.ref !== ref && Date.parse(String(answer['sent'])) >= sentAt;
    return !isLater || isUnsent(answer) || other.custodian === version.custodian;
  });
}

const ENDED: ReadonlySet<unknown> = new Set(['stopped', 'not-done', 'entered-in-error']);
/** Later messages of a thread that are looked at. */
const ANSWERS_MAX = 100;

async function ask(parts: Parts, record: StoredRecord, awaited: Awaited): Promise<void> {
  const due = new Date(awaited.due).toISOString();
  const items = awaited.owners.map((owner) =>
    planWorkItem(parts.newId(), {
      kind: 'message-unanswered',
      says: `Nobody answered ${record.key} by ${due}.`,
      focus: record.key as Ref, // as `awaitAnswer` wrote it
      authoredOn: new Date(parts.clock.now()).toISOString(),
      owner,
      due,
    }),
  );
  await commit(parts, record, { ...awaited, asked: items.map(({ ref }) => ref) }, items);
}

/** One commit with the record, so that of two servers one asks. */
async function commit(
  { store, committed }: Parts,
  { key, version }: StoredRecord,
  body: Awaited | undefined,
  planned: readonly Planned[],
): Promise<void> {
  const writes: readonly Write[] = planned.map(buildWrite);
  const record: RecordWrite = { kind: KIND, key, expect: version, body, index: [WAITING] };
  const audit = jobEntry('unanswered', {
    entities: writes.map(({ ref }) => `${ref}/_history/0`),
    origin: 'server',
    viewers: [...new Set(planned.flatMap(({ custodian }) => custodian || []))],
  });
  try {
    await store.commit(auditedCommit([audit], { writes, records: [record] }));
    committed(writes.map(({ ref }) => ref));
  } catch (error) {
    if (!wasForestalled(error)) throw error; // it is looked at again
  }
}
