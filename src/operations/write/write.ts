/** The path of everything that writes: plan, run the steps, commit, reply from what was committed. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Commit, CommitKey, Snapshot, Template } from '../../ports/store.ts';
import { valuesAt } from '../../resources/element.ts';
import { auditRefusal } from '../audit/audit.ts';
import { checkCompartment } from './custody.ts';
import { nothingSpent } from '../../resources/patch/meter.ts';
import type { Draft } from './draft.ts';
import { planCreate } from '../interactions/create.ts';
import { planDelete } from '../interactions/delete.ts';
import { planPatch } from '../interactions/patch.ts';
import { planUpdate } from '../interactions/update.ts';
import type { WriteResult, WriteRequest } from '../interactions/write.ts';
import { buildCommit, commitPlanned, type PreparedCommit } from './commit.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { sightFor } from '../scope.ts';
import { runSteps } from '../steps.ts';
import {
  commitKeyOf,
  replyTemplate,
  readStoredReply,
  refusalTemplate,
  type StoredReply,
} from '../stored-reply.ts';
import { replyTo } from '../reply.ts';

type Plan = (draft: Draft, request: WriteRequest) => Promise<WriteResult>;

/** How each writing interaction plans. */
export const PLANS: Readonly<Record<'create' | 'update' | 'patch' | 'delete', Plan>> = {
  create: planCreate,
  update: planUpdate,
  patch: planPatch,
  delete: planDelete,
};

interface Prepared extends PreparedCommit {
  readonly reply: StoredReply;
}

export async function performWrite(
  context: OperationContext,
  request: Request,
  planOne: Plan,
): Promise<Reply> {
  const done = await commitOnce(context, request, (snapshot) => prepare(context, request, planOne, snapshot));
  if (done.kept !== undefined) return replyTo(context, request, done.kept);
  return replyTo(context, request, { ...done.reply, seq: done.seq, at: done.at }, done.templates);
}

/** An empty draft on a snapshot. */
export function openDraft(context: OperationContext, request: Request, snapshot: Snapshot): Draft {
  return {
    context,
    snapshot,
    caller: request.caller,
    byMessage: request.byMessage === true,
    sight: sightFor(request),
    now: new Date(context.clock.now()).toISOString(),
    planned: new Map(),
    preconditions: new Map(),
    expects: [],
    records: [],
    recordPreconditions: new Map(),
    moves: [],
    notes: [],
    seen: [],
    links: [],
    aliases: new Set(),
    untold: new Set(),
    tells: [],
    adopted: new Map(),
    unchanged: new Map(),
    interaction: request.interaction,
    importing: request.importing === true,
    patched: nothingSpent(),
  };
}

async function prepare(
  context: OperationContext,
  request: Request,
  planOne: Plan,
  snapshot: Snapshot,
): Promise<Prepared> {
  const draft = openDraft(context, request, snapshot);
  const result = await planOne(draft, writeRequestOf(request));
  if (result.kind === 'planned') checkCompartment(draft.sight, draft.planned.get(result.ref));
  await runSteps(draft, request.interaction, new Map());
  return finish(draft, request, { kind: 'one', answer: redirect(draft, result) });
}

export function writeRequestOf(request: Request): WriteRequest {
  const { type = '', id, body, patch, ifMatch, ifNoneMatch, ifNoneExist, queryText } = request;
  return { type, id, condition: queryText, body, patch, ifMatch, ifNoneMatch, ifNoneExist };
}

/** The answer names the version that a write left as it was, or the resource that adopted a create (rules 1.7: 201, Location = that Task's next version). */
export function redirect(draft: Draft, result: WriteResult): WriteResult {
  if (result.kind !== 'planned') return result;
  const unchanged = draft.planned.has(result.ref) ? undefined : draft.unchanged.get(result.ref);
  if (unchanged !== undefined) return { kind: 'existing', ref: result.ref, seq: unchanged };
  const adopted = draft.adopted.get(result.ref);
  return adopted === undefined ? result : { ...result, ref: adopted };
}

/** The last step: one commit, and what will be told when it is on disk. */
export async function finish(
  draft: Draft,
  request: Request,
  answered: StoredReply['answered'],
): Promise<Prepared> {
  const reply: StoredReply = { answered, notes: draft.notes, links: draft.links };
  const prepared = await buildCommit(draft, request, commitKeyOf(request, replyTemplate(reply)));
  return { ...prepared, reply };
}

/** What came of a commit: committed now, or stored when the same key was first used. */
interface Outcome {
  readonly kept?: StoredReply & { readonly seq: number; readonly at: string };
  readonly reply: StoredReply;
  readonly seq: number;
  readonly at: string;
  readonly templates: ReadonlyMap<Ref, Template>;
}

/** Commits what was prepared. Under an Idempotency-Key the server stores refusals and gives them again, too (rules 3.6). */
export async function commitOnce(
  context: OperationContext,
  request: Request,
  prepareOne: (snapshot: Snapshot) => Promise<Prepared>,
): Promise<Outcome> {
  try {
    const { committed, result } = await commitPlanned(context, prepareOne, deletes(request));
    const { seq, at } = committed;
    const { reply, templates, commit } = result;
    if (committed.replayed) return { kept: readStoredReply(committed.reply), reply, seq, at, templates };
    if (commit.writes.length > 0) context.committed(commit.writes.map(({ ref }) => ref));
    return { reply, seq, at, templates };
  } catch (error) {
    const kept = await keepRefusal(context, request, error);
    if (kept === undefined) throw error;
    return { kept, reply: kept, seq: kept.seq, at: kept.at, templates: new Map() };
  }
}

/** What is deleted must not be referred to by what is committed meanwhile. */
function deletes({ interaction, body }: Request): boolean {
  if (interaction === 'delete') return true;
  return interaction === 'transaction' && valuesAt(body?.plain, 'entry.request.method').includes('DELETE');
}

/** Under a key: the first answer if there was one, else this refusal becomes the first answer. */
async function keepRefusal(context: OperationContext, request: Request, error: unknown) {
  if (!(error instanceof OperationOutcomeError) || error.outcome.issue[0] === undefined) return undefined;
  const key: CommitKey | undefined = commitKeyOf(request, refusalTemplate(error));
  if (key === undefined || error.retryAfter !== undefined || error.code === 'idempotency-key-reused')
    return undefined;
  const commit: Commit = {
    key,
    writes: [],
    preconditions: [],
    expects: [],
    audit: [auditRefusal(request, error.code)],
    outbox: [],
    deliveryOutcomes: [],
  };
  const { committed } = await commitPlanned(context, async () => ({ commit, templates: new Map() }));
  if (!committed.replayed) return undefined;
  return readStoredReply(committed.reply);
}
