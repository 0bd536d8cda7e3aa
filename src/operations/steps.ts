/**
 * The order of checks, as a table. Read down a column to see what an interaction goes through, across to see which
 * interactions take a step. When several refusals apply, the step that stands first answers.
 */
import { checkActors } from './actors.ts';
import { completeDraft } from './complete.ts';
import { checkConsents } from './consents.ts';
import { resolveAddressees } from './addressees.ts';
import { checkCustody } from './custody.ts';
import type { Draft } from './draft.ts';
import { checkDeletes } from './deletes.ts';
import { admitImport } from './import.ts';
import { dropClaimedSteps } from './past-steps.ts';
import { checkReferences, resolveReferences, type FullUrls } from './references.ts';
import { guardParties } from './party-guard.ts';
import { claimRoles } from './role-claims.ts';
import { applyRules } from './rule.ts';
import { checkQuery } from './query-of-write.ts';
import { checkOrganization, checkScope } from './scope.ts';
import { guardMarks } from './server-marks.ts';
import { nameStandings } from './standings.ts';
import { leaveUnchanged } from './unchanged.ts';
import { createTurns } from './turns.ts';
import { tellSubjects } from './subjects.ts';
import { validateDraft } from './validate-draft.ts';
import { checkMovesTold } from './told-moves.ts';
import { wrapOutputs } from './wrap-outputs.ts';
import type { Interaction, Request } from './request.ts';

/** Steps that every door's request meets before anything is planned. */
export const ADMIT: readonly ((request: Request) => void)[] = [checkOrganization, checkScope, checkQuery];

type DraftStep = (draft: Draft, fullUrls: FullUrls) => Promise<void> | void;

const CREATE = 1;
const UPDATE = 2;
const PATCH = 4;
const DELETE = 8;
const TRANSACTION = 16;

/** Steps that a draft takes after planning, before it is offered as one commit. */
// prettier-ignore
export const SETTLE: readonly (readonly [step: DraftStep, taken: number])[] = [
  //                     create   update   patch   delete   transaction
  [admitImport,                                             TRANSACTION],
  [resolveReferences,    CREATE | UPDATE | PATCH          | TRANSACTION],
  [completeDraft,        CREATE | UPDATE | PATCH          | TRANSACTION],
  [wrapOutputs,          CREATE | UPDATE | PATCH          | TRANSACTION],
  [validateDraft,        CREATE | UPDATE | PATCH          | TRANSACTION],
  [nameStandings,        CREATE | UPDATE | PATCH          | TRANSACTION],
  [checkCustody,         CREATE | UPDATE | PATCH | DELETE | TRANSACTION],
  [checkReferences,      CREATE | UPDATE | PATCH          | TRANSACTION],
  [checkActors,          CREATE | UPDATE | PATCH          | TRANSACTION],
  [tellSubjects,         CREATE | UPDATE | PATCH          | TRANSACTION],
  [guardMarks,           CREATE | UPDATE | PATCH          | TRANSACTION],
  [dropClaimedSteps,     CREATE | UPDATE | PATCH          | TRANSACTION],
  [checkConsents,        CREATE | UPDATE | PATCH          | TRANSACTION],
  [guardParties,         CREATE | UPDATE | PATCH | DELETE | TRANSACTION],
  [claimRoles,           CREATE | UPDATE | PATCH          | TRANSACTION],
  [resolveAddressees,    CREATE | UPDATE | PATCH          | TRANSACTION],
  [leaveUnchanged,                UPDATE | PATCH          | TRANSACTION],
  [applyRules,           CREATE | UPDATE | PATCH | DELETE | TRANSACTION],
  [checkDeletes,                                   DELETE | TRANSACTION],
  [checkMovesTold,       CREATE | UPDATE | PATCH | DELETE | TRANSACTION],
  [leaveUnchanged,                UPDATE | PATCH          | TRANSACTION],
];

const COLUMNS: Partial<Record<Interaction, number>> = {
  create: CREATE,
  update: UPDATE,
  patch: PATCH,
  delete: DELETE,
  transaction: TRANSACTION,
};

/** Runs the steps of an interaction over a draft; the first refusal is thrown. */
export async function settleDraft(draft: Draft, interaction: Interaction, fullUrls: FullUrls): Promise<void> {
  const column = COLUMNS[interaction] ?? 0;
  const turns = createTurns();
  for (const [step, taken] of SETTLE) {
    if ((taken & column) === 0) continue;
    await step(draft, fullUrls);
    for (const { after } of draft.planned.values()) await turns.after(after?.size ?? 0);
  }
}
