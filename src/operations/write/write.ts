/**
 * The path of a write, from top to bottom: plan, check, commit, reply. A create, update, patch or delete plans one
 * resource, a transaction plans its entries; everything after is the same for all of them.
 */
import type { Body } from '../../fhir/body.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { isResourceType } from '../../resources/type-names.ts';
import type { Snapshot } from '../../ports/store.ts';
import { checkCompartment } from './custody.ts';
import { openDraft, type Draft } from './draft.ts';
import { checkScopeBefore } from './scoped.ts';
import { planCreate } from '../interactions/create.ts';
import { planDelete } from '../interactions/delete.ts';
import { planPatch } from '../interactions/patch.ts';
import { planUpdate } from '../interactions/update.ts';
import { bodyIs, type BodiedRequest, type WriteResult, type WriteRequest } from '../interactions/write.ts';
import { buildCommit, commitOnce, type PreparedReply } from './commit.ts';
import type { FullUrls } from './references.ts';
import type { Interaction, Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { COLUMNS, STEPS } from '../steps.ts';
import { createTurns } from '../turns.ts';
import { commitKeyOf, replyTemplate, type StoredReply } from '../stored-reply.ts';
import { replyTo } from '../reply.ts';

type Plan = (draft: Draft, request: WriteRequest) => Promise<WriteResult>;

/** How each writing interaction plans. */
export const PLANS: Readonly<Record<'create' | 'update' | 'patch' | 'delete', Plan>> = {
  create: withBody(planCreate),
  update: withBody(planUpdate),
  patch: planPatch,
  delete: planDelete,
};

/** A plan that needs a body. */
function withBody(plan: (draft: Draft, request: BodiedRequest) => Promise<WriteResult>): Plan {
  return (draft, request) => plan(draft, { ...request, body: bodyOfType(request) });
}

/** @throws OperationOutcomeError when the body is missing or of another type */
function bodyOfType({ type, body }: WriteRequest): Body {
  if (body === undefined) throw new OperationOutcomeError('body-missing');
  if (body.plain.resourceType !== type) {
    throw new OperationOutcomeError('resource-type-mismatch', {
      diagnostics: `the address is of ${type}, ${bodyIs(body.plain.resourceType)}`,
      ...(isResourceType(body.plain.resourceType) && { expression: [body.plain.resourceType] }),
    });
  }
  return body;
}

/** What planning a draft gives: what the entries of a Bundle are called, and what the reply shows once the steps have run. */
export interface PlannedDraft {
  readonly fullUrls: FullUrls;
  readonly content: () => StoredReply['answered'] | Promise<StoredReply['answered']>;
}

/** A write of one resource. */
export const performWrite = (context: OperationContext, request: Request, plan: Plan): Promise<Reply> =>
  performDraft(context, request, async (draft) => {
    const result = await planOne(draft, plan, writeRequestOf(request));
    return { fullUrls: new Map(), content: () => ({ kind: 'one', answer: resultOf(draft, result) }) };
  });

/** Plans one write: a request of its own, or an entry of a transaction. Scopes for one patient end at its compartment. */
export async function planOne(draft: Draft, plan: Plan, request: WriteRequest): Promise<WriteResult> {
  const result = await plan(draft, request);
  if (result.kind === 'planned') checkScopeBefore(draft, draft.planned.get(result.ref));
  const isForOne = !draft.sight.everything && draft.sight.patient !== undefined;
  if (isForOne && result.kind === 'planned') checkCompartment(draft.sight, draft.planned.get(result.ref));
  return result;
}

/** Plans, checks, commits and replies. The commit plans and checks again when its snapshot has become stale (rules 3.3). */
export async function performDraft(
  context: OperationContext,
  request: Request,
  plan: (draft: Draft) => Promise<PlannedDraft>,
): Promise<Reply> {
  const prepare = async (snapshot: Snapshot): Promise<PreparedReply> => {
    const draft = openDraft(context, request, snapshot);
    const { fullUrls, content } = await plan(draft);
    await runSteps(draft, request.interaction, fullUrls);
    const reply: StoredReply = { answered: await content(), notes: draft.notes, links: draft.links };
    const key = request.idempotencyKey && commitKeyOf(request, replyTemplate(reply));
    return { ...(await buildCommit(draft, request, key)), reply };
  };
  const { reply, templates } = await commitOnce(context, request, prepare);
  return replyTo(context, request, reply, templates);
}

/** Runs the steps of an interaction over a draft; the first refusal is thrown. */
export async function runSteps(draft: Draft, interaction: Interaction, fullUrls: FullUrls): Promise<void> {
  const column = COLUMNS[interaction] ?? 0;
  const turns = createTurns();
  for (const [step, taken, when] of STEPS) {
    if ((taken & column) === 0 || when?.(draft, fullUrls) === false) continue;
    const done = step(draft, fullUrls);
    if (done !== undefined) await done;
    for (const { after } of draft.planned.values()) {
      const turn = turns.after(after?.size ?? 0);
      if (turn !== undefined) await turn;
    }
  }
}

export function writeRequestOf(request: Request): WriteRequest {
  const { type = '', id, body, patch, ifMatch, ifNoneMatch, ifNoneExist, queryText } = request;
  return { type, id, condition: queryText, body, patch, ifMatch, ifNoneMatch, ifNoneExist };
}

/**
 * The result once the steps have run: the version that a write left as it was, or the next version of the resource that
 * adopted a create (rules 1.7: 201, Location = that Task's next version).
 */
export function resultOf(draft: Draft, result: WriteResult): WriteResult {
  if (result.kind !== 'planned') return result;
  const unchanged = draft.planned.has(result.ref) ? undefined : draft.unchanged.get(result.ref);
  if (unchanged !== undefined) return { kind: 'existing', ref: result.ref, seq: unchanged };
  const adopted = draft.adopted.get(result.ref);
  return adopted === undefined ? result : { ...result, ref: adopted };
}
