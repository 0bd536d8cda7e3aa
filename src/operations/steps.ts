/**
 * The order of checks, as a table. Read down a column to see what an interaction goes through, across to see which
 * interactions take a step. When several refusals apply, the step that stands first answers.
 */
import { ACTING, checkActors } from './write/actors.ts';
import { typeOf } from '../resources/element.ts';
import { PARTY_TYPES } from '../resources/parties/standing.ts';
import { COMPLETED, completeDraft } from './write/complete.ts';
import { checkConsents } from './write/consents.ts';
import { ADDRESSING, resolveAddressees } from './write/addressees.ts';
import { checkCustody } from './write/custody.ts';
import type { Draft } from './write/draft.ts';
import { checkDeletes } from './write/deletes.ts';
import { admitImport } from './write/import.ts';
import { dropClaimedSteps } from './write/past-steps.ts';
import { checkReferences, resolveReferences, type FullUrls } from './write/references.ts';
import { guardParties } from './write/party-guard.ts';
import { claimRoles } from './write/role-claims.ts';
import { applyRules } from './write/rule.ts';
import { checkQuery } from './write/query-of-write.ts';
import { checkOrganization, checkScope } from './scope.ts';
import { guardMarks, MARKED_TYPES } from './write/server-marks.ts';
import { nameStandings } from './write/standings.ts';
import { leaveUnchanged } from './write/unchanged.ts';
import { createTurns } from './turns.ts';
import { tellSubjects } from './write/subjects.ts';
import { validateDraft } from './write/validate-draft.ts';
import { checkMovesTold } from './write/told-moves.ts';
import { wrapOutputs } from './write/wrap-outputs.ts';
import type { Interaction, Request } from './request.ts';

/** Steps that every door's request meets before anything is planned. */
export const ADMIT: readonly ((request: Request) => void)[] = [checkOrganization, checkScope, checkQuery];

type DraftStep = (draft: Draft, fullUrls: FullUrls) => Promise<void> | void;

const CREATE = 1;
const UPDATE = 2;
const PATCH = 4;
const DELETE = 8;
const TRANSACTION = 16;

/** Only drafts that write one of these types take the step; every draft without. */
type About = ReadonlySet<string>;

const CONSENT: About = new Set(['Consent']);
const PROVENANCE: About = new Set(['Provenance']);
const ROLES: About = new Set(['PractitionerRole']);
const TASK: About = new Set(['Task']);

/** Steps that a draft takes after planning, before its commit. */
// prettier-ignore
const STEPS: readonly (readonly [step: DraftStep, taken: number, about?: About])[] = [
  //                     create   update   patch   delete   transaction
  [admitImport,                                             TRANSACTION],
  [resolveReferences,    CREATE | UPDATE | PATCH          | TRANSACTION],
  [completeDraft,        CREATE | UPDATE | PATCH          | TRANSACTION, COMPLETED],
  [wrapOutputs,          CREATE | UPDATE | PATCH          | TRANSACTION, TASK],
  [validateDraft,        CREATE | UPDATE | PATCH          | TRANSACTION],
  [nameStandings,        CREATE | UPDATE | PATCH          | TRANSACTION, PARTY_TYPES],
  [checkCustody,         CREATE | UPDATE | PATCH | DELETE | TRANSACTION],
  [checkReferences,      CREATE | UPDATE | PATCH          | TRANSACTION],
  [checkActors,          CREATE | UPDATE | PATCH          | TRANSACTION, ACTING],
  [tellSubjects,         CREATE | UPDATE | PATCH          | TRANSACTION],
  [guardMarks,           CREATE | UPDATE | PATCH          | TRANSACTION, MARKED_TYPES],
  [dropClaimedSteps,     CREATE | UPDATE | PATCH          | TRANSACTION, PROVENANCE],
  [checkConsents,        CREATE | UPDATE | PATCH          | TRANSACTION, CONSENT],
  [guardParties,         CREATE | UPDATE | PATCH | DELETE | TRANSACTION, PARTY_TYPES],
  [claimRoles,           CREATE | UPDATE | PATCH          | TRANSACTION, ROLES],
  [resolveAddressees,    CREATE | UPDATE | PATCH          | TRANSACTION, ADDRESSING],
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
export async function runSteps(draft: Draft, interaction: Interaction, fullUrls: FullUrls): Promise<void> {
  const column = COLUMNS[interaction] ?? 0;
  const turns = createTurns();
  for (const [step, taken, about] of STEPS) {
    if ((taken & column) === 0 || (about !== undefined && !writesAny(draft, about))) continue;
    const done = step(draft, fullUrls);
    if (done !== undefined) await done;
    for (const { after } of draft.planned.values()) {
      const turn = turns.after(after?.size ?? 0);
      if (turn !== undefined) await turn;
    }
  }
}

/** Asked before each step, because a step may plan more. */
function writesAny({ planned }: Draft, types: About): boolean {
  for (const ref of planned.keys()) if (types.has(typeOf(ref))) return true;
  return false;
}
