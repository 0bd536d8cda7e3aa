/**
 * A person resolves a work item about a message: the message is tried again in the light of what the person says, in the
 * name of who sent it, and the audit names who did so. One commit holds what comes of it and the end of the work item.
 */
import { notHere, OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { AuditEntry, Snapshot, StampTemplate } from '../ports/store.ts';
import { agentOf, auditRefusal } from '../operations/audit/audit.ts';
import { commitPlanned, type PreparedCommit } from '../operations/write/commit.ts';
import { readItem, type OpenItem } from './work-items.ts';
import { readCurrent } from '../operations/write/preview.ts';
import type { Reply, Request } from '../operations/request.ts';
import type { OperationContext } from '../operations/context.ts';
import { parametersOf } from '../operations/extended/output.ts';
import { commitKeyOf, readStoredReply, refusalTemplate } from '../operations/stored-reply.ts';
import { openDraft } from '../operations/write/draft.ts';

/** What came of an operation, to be told. */
export interface Resolved extends PreparedCommit {
  readonly fate: string;
  readonly says: readonly string[];
  /** What others may wait for. */
  readonly afterwards?: () => Promise<void>;
}

/** A work item that the caller may resolve. */
export interface Resolvable {
  readonly item: OpenItem;
  readonly custodian: Ref | '';
}

type ResolveWorkItem = (snapshot: Snapshot, about: Resolvable) => Promise<Resolved>;

/** @throws OperationOutcomeError `not-found`, `not-custodian`, or `referral-rule` for what is no open work item */
export async function performResolution(
  context: OperationContext,
  request: Request,
  resolve: ResolveWorkItem,
): Promise<Reply> {
  const asUpdate: Request = { ...request, interaction: 'update' };
  try {
    return await offerResolution(context, asUpdate, resolve);
  } catch (error) {
    const first = await firstAnswer(context, request, error);
    if (first === undefined) throw error;
    return first;
  }
}

async function offerResolution(
  context: OperationContext,
  request: Request,
  resolve: ResolveWorkItem,
): Promise<Reply> {
  const { committed, result } = await commitPlanned(context, async (snapshot) => {
    const about = await readResolvable(context, request, snapshot);
    const resolved = await resolve(snapshot, about);
    const key = commitKeyOf(request, replyTemplate(resolved));
    const audit = [...resolved.commit.audit, auditResolution(request, about)];
    return { ...resolved, commit: { ...resolved.commit, ...(key !== undefined && { key }), audit } };
  });
  if (committed.replayed) return readReply(committed.reply);
  context.committed(result.commit.writes.map(({ ref }) => ref));
  await result.afterwards?.();
  return { status: 200, resource: buildParameters(result) };
}

/** Under an Idempotency-Key, what is refused now may have been done before: then that is told (rules 3.6). */
async function firstAnswer(
  context: OperationContext,
  request: Request,
  error: unknown,
): Promise<Reply | undefined> {
  if (!(error instanceof OperationOutcomeError) || error.retryAfter !== undefined) return undefined;
  const key =
    error.code === 'idempotency-key-reused' ? undefined : commitKeyOf(request, refusalTemplate(error));
  if (key === undefined) return undefined;
  const audit = [auditRefusal(request, error.code)];
  const commit = auditedCommit(audit, { key });
  const { committed } = await commitPlanned(context, async () => ({ commit, templates: new Map() }));
  return committed.replayed ? readReply(committed.reply) : undefined;
}

/** @throws the kept refusal, when the first answer was one */
function readReply(reply: string | undefined): Reply {
  const stored = JSON.parse(reply ?? '') as Partial<Resource>; // replyTemplate's, or refusedReply's
  if (stored.resourceType === undefined) readStoredReply(reply);
  return { status: 200, resource: stored as Resource };
}

async function readResolvable(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
): Promise<Resolvable> {
  const draft = openDraft(context, request, snapshot);
  const ref: Ref = `Task/${request.id ?? ''}`;
  const current = await readCurrent(draft, ref);
  if (current === undefined) throw notHere(ref);
  const { version, resource } = current;
  const { caller } = request;
  if (!caller.administrator && version.custodian !== caller.organization) {
    throw new OperationOutcomeError('not-custodian', {
      diagnostics: `${ref} is another organization's work`,
    });
  }
  const item = readItem(ref, resource);
  if (item === undefined) {
    throw new OperationOutcomeError('referral-rule', {
      diagnostics: `${ref} is not an open work item about a message`,
    });
  }
  return { item, custodian: version.custodian };
}

function auditResolution(request: Request, { item, custodian }: Resolvable): AuditEntry {
  const { caller, operation = '', requestId } = request;
  return {
    event: 'operation',
    action: 'E',
    outcome: '0',
    agent: agentOf(caller),
    requestId,
    entities: [item.ref, item.document],
    patients: [],
    query: `$${operation}`,
    viewers: custodian === '' ? [] : [custodian],
  };
}

const buildParameters = ({ fate, says }: Pick<Resolved, 'fate' | 'says'>): Resource =>
  parametersOf([
    { name: 'fate', valueCode: fate },
    ...says.map((valueString) => ({ name: 'remark', valueString })),
  ]);

const replyTemplate = (resolved: Resolved): StampTemplate => ({
  pieces: [JSON.stringify(buildParameters(resolved))],
  holes: [],
});
