/** Sends what was withheld because a Direct address was not verified, once an administrator has verified it (rules 1.15). */
import type { Ref } from '../../fhir/types.ts';
import { readVerification, writeVerification } from '../../resources/parties/direct-addresses.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { OperationContext } from '../context.ts';
import type { Request } from '../request.ts';
import { buildCommit, commitPlanned } from './commit.ts';
import { openDraft, type Draft } from './draft.ts';
import { runSteps } from './write.ts';

export async function sendVerified(
  context: OperationContext,
  request: Request,
  endpoint: Ref,
): Promise<void> {
  const first = await draftOf(context, request, endpoint, context.store.snapshot());
  if (first.tells.length === 0) return;
  const { result } = await commitPlanned(context, async (snapshot) => {
    const draft = await draftOf(context, request, endpoint, snapshot);
    return buildCommit(draft, request, undefined);
  });
  context.committed(result.commit.writes.map(({ ref }) => ref));
}

/** A draft that writes what is known of the address as it is known: its steps find what waited for it. */
async function draftOf(
  context: OperationContext,
  request: Request,
  endpoint: Ref,
  snapshot: Snapshot,
): Promise<Draft> {
  const draft = openDraft(context, request, snapshot);
  const known = await readVerification(snapshot, endpoint);
  if (known?.state === 'verified') draft.records.push(writeVerification(endpoint, known));
  await runSteps(draft, 'update', new Map());
  return draft;
}
