/** Plans a write and runs the steps over it, and commits nothing: what the write would meet. */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { openDraft, type Draft, type ToldTo } from './draft.ts';
import type { Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { checkRole } from '../role.ts';
import { checkScope } from '../scope.ts';
import { planOne, PLANS, runSteps, writeRequestOf } from './write.ts';

export interface DryRun {
  /** Why it would be refused. */
  readonly issues: readonly IssueDetail[];
  /** What would be said beside success. */
  readonly notes: readonly IssueDetail[];
  /** Whether it would change anything. */
  readonly planned: boolean;
  /** What would be written, as far as it came. */
  readonly written: readonly Resource[];
  /** Whom it would tell, as far as the policies were asked. */
  readonly told: readonly ToldTo[];
}

/** @param request a create, update or delete as its client would send it */
export async function dryRun(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
): Promise<DryRun> {
  let draft: Draft | undefined;
  try {
    checkScope(request);
    checkRole(request, context.clock.now());
    draft = openDraft(context, request, snapshot);
    draft.isDry = true;
    const planned = await run(draft, request);
    return { issues: [], planned, ...reachedBy(draft) };
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return { issues: error.issues, ...reachedBy(draft), planned: false };
  }
}

/** As far as it came. */
const reachedBy = (draft: Draft | undefined): Pick<DryRun, 'notes' | 'written' | 'told'> =>
  draft === undefined
    ? { notes: [], written: [], told: [] }
    : { notes: notesOf(draft), written: writtenIn(draft), told: draft.policiesSaid };

async function run(draft: Draft, request: Request): Promise<boolean> {
  const { interaction } = request;
  if (interaction !== 'create' && interaction !== 'update' && interaction !== 'delete')
    throw new Error(`${interaction} is no write that can be run dry`);
  const result = await planOne(draft, PLANS[interaction], writeRequestOf(request));
  await runSteps(draft, interaction, new Map());
  return result.kind === 'planned';
}

const writtenIn = ({ planned }: Draft): readonly Resource[] =>
  [...planned.values()].flatMap(({ after }) => after?.plain ?? []);

/** What its rules say; what is said of its structure and profiles was told before. */
const notesOf = ({ notes }: Draft): readonly IssueDetail[] =>
  notes.filter(({ code }) => code !== 'profile-invalid' && code !== 'structure-invalid');
