/** The row that a person adds to the ConceptMap of a link, which ends the work item that asked for it. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { MappedCode } from '../../operations/extended/message-actions.ts';
import type { Request } from '../../operations/request.ts';
import type { OperationContext } from '../../operations/context.ts';
import { runSteps } from '../../operations/write/write.ts';
import { closeItem } from '../../operations/write/close-item.ts';
import { buildCommit } from '../../operations/write/commit.ts';
import { openDraft } from '../../operations/write/draft.ts';
import { findCodeMap } from './link-code-maps.ts';
import { valueOfInput } from '../work-items.ts';
import { changeSent } from '../../operations/write/planned-resources.ts';
import type { Resolvable, Resolved } from '../resolve-work-item.ts';

/** @throws OperationOutcomeError `referral-rule` when the item asks for no code, `not-found` when the map is not the caller's */
export async function addRow(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  row: MappedCode,
): Promise<Resolved> {
  const canonical = valueOfInput(item.task, 'map');
  const code = valueOfInput(item.task, 'code');
  if (item.kind !== 'code-unmapped' || canonical === undefined || code === undefined)
    throw new OperationOutcomeError('referral-rule', { diagnostics: `${item.ref} asks for no code` });
  const draft = openDraft(context, request, snapshot);
  const map = await findCodeMap(draft, canonical, [request.caller.organization]);
  if (map === undefined) {
    const diagnostics = `${canonical} is not kept here by you, so that you could add to it`;
    throw new OperationOutcomeError('not-found', { diagnostics });
  }
  await changeSent(draft, map.ref, (tree) => withRow(tree, code, row));
  await runSteps(draft, 'transaction', new Map());
  await closeItem(draft, item.ref, 'the row was added');
  const offered = await buildCommit(draft, request, undefined);
  return { ...offered, fate: 'mapped', says: [] };
}

interface Group {
  readonly target?: string;
  readonly element: readonly object[];
}

/** In the group of the target's system; a new one, where there is none. */
function withRow(tree: Resource, code: string, { system, ...target }: MappedCode): Resource {
  const groups = (tree['group'] ?? []) as readonly Group[]; // validated structure
  const meant = {
    code: target.code,
    ...(target.display !== undefined && { display: target.display }),
    equivalence: 'equivalent',
  };
  const element = { code, target: [meant] };
  const at = groups.findIndex((group) => group.target === system);
  const extended = groups.map((group, index) =>
    index === at ? { ...group, element: [...group.element, element] } : group,
  );
  return { ...tree, group: at === -1 ? [...groups, { target: system, element: [element] }] : extended };
}
