/**
 * From a draft to a commit, and from a stale commit to another try. Versions, audit and outbox are one value (the store
 * applies it whole or not at all); a commit that was refused because something changed meanwhile is planned again, alone
 * in the writer's turn (rules 3.3).
 */
import type { Ref } from '../../fhir/types.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { encodeInTurns } from '../../fhir/json-encode.ts';
import { learnReferences } from '../../fhir/references-of.ts';
import { auditedCommit, wasForestalled } from '../../ports/commit.ts';
import {
  CommitRefused,
  type Commit,
  type CommitKey,
  type CommitRefusal,
  type Committed,
  type OutboxEntry,
  type Snapshot,
  type StampTemplate,
  type Write,
} from '../../ports/store.ts';
import type { RecordPrecondition } from '../../ports/record.ts';
import { typeOf, valuesAt } from '../../resources/element.ts';
import { guardMarksOf } from '../../policies/guards/marks.ts';
import { isDirectory } from '../../resources/index.ts';
import { PARTY_TYPES } from '../../resources/parties/standing.ts';
import { reachOf } from '../../resources/reach.ts';
import { buildTemplate } from '../../resources/template.ts';
import { auditRefusal, auditWrite, untoldIn } from '../audit/audit.ts';
import { denialsIn } from './denials.ts';
import { readPreview } from './preview.ts';
import { kindsIn } from './kept-kinds.ts';
import { declarationOf, keyOfEntry, type Draft, type Planned } from './draft.ts';
import { LARGE } from '../heavy.ts';
import type { Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import {
  commitKeyOf,
  readStoredReply,
  refusalTemplate,
  type CommittedReply,
  type StoredReply,
} from '../stored-reply.ts';
import { createTurns, type Turns } from '../turns.ts';
import { valuesOf } from '../values.ts';

/** A draft that passed every step, with the texts it will store. */
export interface PreparedCommit {
  readonly commit: Commit;
  readonly templates: ReadonlyMap<Ref, StampTemplate>;
}

/** What a write of these may change: a patient's denials and permits, whom their actors stand for, or what parties are. */
const DENYING: ReadonlySet<string> = new Set(['Consent', 'CareTeam', 'Device', ...PARTY_TYPES]);

/** Everything a draft wants written, as one commit. */
export async function buildCommit(
  draft: Draft,
  request: Request,
  key: CommitKey | undefined,
): Promise<PreparedCommit> {
  const planned = [...draft.planned.values()];
  const turns = createTurns();
  const writes: Write[] = [];
  for (const one of planned) {
    await prepareWrite(one, turns);
    writes.push(buildWrite(one));
    const turn = turns.after(one.after?.size ?? 0);
    if (turn !== undefined) await turn;
  }
  const templates = new Map(
    writes.flatMap(({ ref, text }) => (text === undefined ? [] : [[ref, text] as const])),
  );
  const entries = draft.importing
    ? []
    : await draft.context.selectRecipients(planned, draft.moves, Date.parse(draft.now), (ref) =>
        readPreview(draft, ref),
      );
  const bears = draft.records.length > 0 || planned.some(({ ref }) => DENYING.has(typeOf(ref)));
  const denials = bears ? await denialsIn(draft) : [];
  const kinds = bears ? await kindsIn(draft) : [];
  const commit: Commit = {
    ...(key !== undefined && { key }),
    writes,
    preconditions: [...draft.preconditions.values()].filter(({ ref }) => !draft.planned.has(ref)),
    expects: draft.expects,
    audit: auditWrite(draft, request),
    outbox: traced(
      [...draft.tells, ...entries.filter((entry) => !draft.untold.has(keyOfEntry(entry)))],
      request.traceparent,
    ),
    deliveryOutcomes: [],
    ...(denials.length > 0 && { denials }),
    ...(kinds.length > 0 && { kinds }),
    ...(draft.records.length > 0 && { records: draft.records }),
    ...(draft.recordPreconditions.size > 0 && { recordPreconditions: keptRecords(draft) }),
  };
  return { commit, templates };
}

/** What is told carries on the trace of the request that caused it. */
const traced = (entries: readonly OutboxEntry[], traceparent: string | undefined): readonly OutboxEntry[] =>
  traceparent === undefined ? entries : entries.map((entry) => ({ ...entry, traceparent }));

/** What the same commit writes is compared by its write. */
const keptRecords = ({ records, recordPreconditions: recordKeeps }: Draft): readonly RecordPrecondition[] =>
  [...recordKeeps.values()].filter(
    (relied) => !records.some(({ kind, key }) => kind === relied.kind && key === relied.key),
  );

/** What of a large resource takes long, in turns. */
async function prepareWrite({ after }: Planned, turns: Turns): Promise<void> {
  if (after === undefined || (after.size ?? 0) < LARGE) return;
  await learnReferences(after.plain, turns.after);
  await encodeInTurns(after.storing, turns.after);
}

/** One planned change as the engine needs it: text, search values, edges of reach. */
export function buildWrite({ ref, method, base, after, custodian, parties }: Planned): Write {
  const type = typeOf(ref);
  const marks = after === undefined ? [] : guardMarksOf(after.plain);
  const declared = declarationOf(ref);
  return {
    ref,
    method,
    base,
    custodian,
    text:
      after === undefined ? undefined : buildTemplate(after.storing, ref.slice(type.length + 1), after.data),
    values: after === undefined ? [] : valuesOf(after.plain),
    reach: reachOf(declared, after?.plain, parties, isDirectory),
    ...(marks.length > 0 && { marks }),
  };
}

/** What a refused commit means to a client. */
const REFUSALS: Readonly<Record<CommitRefusal, ConstructorParameters<typeof OperationOutcomeError>>> = {
  stale: ['write-conflict', { retryAfter: 1 }],
  unexpected: ['write-conflict', { retryAfter: 1 }],
  'key-reused': ['idempotency-key-reused'],
  'not-leased': ['write-conflict'],
  'reach-exceeded': [
    'referral-rule',
    { diagnostics: 'the referral reaches more resources than the server allows' },
  ],
  'disk-full': ['storage-full'],
  'read-only': ['storage-read-only', { retryAfter: 30 }],
  'too-busy': ['busy', { retryAfter: 1 }],
  unsure: ['commit-unsure', { retryAfter: 5 }],
  closed: ['server-stopping', { retryAfter: 5 }],
};

/** The refusal a client is told when the store refused a commit; any other error is passed on. */
export function refusalOfCommit(error: unknown): unknown {
  return error instanceof CommitRefused ? new OperationOutcomeError(...REFUSALS[error.reason]) : error;
}

interface Done<T> {
  readonly committed: Committed;
  readonly result: T;
}

/**
 * Plans on the latest snapshot and commits; when that was refused as stale, plans again in the writer's turn. `alone`:
 * there at once, for what relies on nobody's beginning to refer to something meanwhile.
 */
export async function commitPlanned<T extends PreparedCommit>(
  { store }: Pick<OperationContext, 'store'>,
  prepare: (snapshot: Snapshot) => Promise<T>,
  alone = false,
): Promise<Done<T>> {
  if (alone) return commitExclusively(store, prepare);
  const result = await prepare(store.snapshot());
  try {
    return { committed: await store.commit(result.commit), result };
  } catch (error) {
    if (!wasForestalled(error)) throw refusalOfCommit(error);
  }
  return commitExclusively(store, prepare);
}

async function commitExclusively<T extends PreparedCommit>(
  store: OperationContext['store'],
  prepare: (snapshot: Snapshot) => Promise<T>,
): Promise<Done<T>> {
  let result: T | undefined;
  try {
    const committed = await store.commitExclusively(async (latest) => {
      result = await prepare(latest);
      return result.commit;
    });
    if (result === undefined) throw new Error('a turn that committed has planned');
    return { committed, result };
  } catch (error) {
    throw refusalOfCommit(error);
  }
}

/** A prepared commit, and the reply to its request. */
export interface PreparedReply extends PreparedCommit {
  readonly reply: StoredReply;
}

/** The reply, committed now or stored when the same key was first used; the texts of what was committed now. */
interface CommittedOnce {
  readonly reply: CommittedReply;
  readonly templates: PreparedCommit['templates'];
}

/** Commits what was prepared. Under an Idempotency-Key the server stores refusals and gives them again, too (rules 3.6). */
export async function commitOnce(
  context: OperationContext,
  request: Request,
  prepare: (snapshot: Snapshot) => Promise<PreparedReply>,
): Promise<CommittedOnce> {
  try {
    const { committed, result } = await commitPlanned(context, prepare, deletes(request));
    if (committed.replayed) return { reply: readStoredReply(committed.reply), templates: new Map() };
    const { writes } = result.commit;
    if (writes.length > 0) context.committed(writes.map(({ ref }) => ref));
    const { seq, at } = committed;
    return { reply: { ...result.reply, seq, at }, templates: result.templates };
  } catch (error) {
    const reply = await storeRefusal(context, request, error);
    if (reply === undefined) throw error;
    return { reply, templates: new Map() };
  }
}

/** What is deleted must not be referred to by what is committed meanwhile. */
function deletes({ interaction, body }: Request): boolean {
  if (interaction === 'delete') return true;
  return interaction === 'transaction' && valuesAt(body?.plain, 'entry.request.method').includes('DELETE');
}

/** Under a key: the first reply if there was one, else this refusal becomes the first reply. */
async function storeRefusal(
  context: OperationContext,
  request: Request,
  error: unknown,
): Promise<CommittedReply | undefined> {
  if (!(error instanceof OperationOutcomeError) || error.outcome.issue[0] === undefined) return undefined;
  const key = commitKeyOf(request, refusalTemplate(error));
  if (key === undefined || error.retryAfter !== undefined || error.code === 'idempotency-key-reused')
    return undefined;
  const commit = auditedCommit([auditRefusal(request, error.code, undefined, untoldIn(error))], { key });
  const { committed } = await commitPlanned(context, async () => ({ commit, templates: new Map() }));
  return committed.replayed ? readStoredReply(committed.reply) : undefined;
}
