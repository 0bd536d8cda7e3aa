/**
 * The rule of a referral that ran elsewhere before (rules 1.16): an administrator who acts for nobody brings it in, in
 * the state that it has there. An import is no move: the server tells nobody, and applies no other rule except that the
 * order agrees with the Task.
 */
import type { Ref, Reference, Resource } from '../../fhir/types.ts';
import { checkFields } from '../../referral/fields.ts';
import { note } from '../../referral/ruling.ts';
import { ALL_STATES, businessStatusOf, readState, storedAs, type State } from '../../referral/state.ts';
import type { DerivedWrite, Ruling, RuleContext } from '../rules.ts';
import { consequencesOf, focusOf } from './consequences.ts';
import { numbersFor } from './numbers.ts';
import type { Parties } from './parties.ts';

/** The ruling on a Task that an import brings; its parties are known, and no other open Task is like it. */
export async function importTask(after: Resource, parties: Parties, context: RuleContext): Promise<Ruling> {
  const state = readState(after);
  if (state === undefined) return unreadable(after);
  const focus = focusOf(after);
  const request = await context.read(focus);
  const broken = checkFields({
    before: undefined,
    after,
    actors: new Set(['referralInitiator', 'referralRecipient']),
    ownerBefore: parties.recipient,
    ownerAfter: parties.recipient,
    subject: request?.['subject'] as Reference | undefined, // validated structure
  });
  if (broken !== undefined) {
    const { issue, diagnostics, expression } = broken;
    return { refused: { code: issue, diagnostics, expression } };
  }
  const opened = state !== 'draft' && request !== undefined && parties.initiator !== undefined;
  const numbers = opened ? await numbersFor(request, parties.initiator, context) : undefined;
  return {
    transform: (tree) => storedAs(tree, state, undefined),
    derived: [
      ...(await orderOf(after, parties, state, context)),
      ...(numbers?.order === undefined || focus === undefined
        ? []
        : [{ ref: focus, transform: numbers.order }]),
      ...(numbers?.derived ?? []),
    ],
    notes: [
      ...(numbers?.notes ?? []),
      note('information', 'The referral was brought in as it stands; nobody was told.', ['Task']),
    ],
  };
}

/** The order's status by its Tasks. Visits stay as the import brought them. */
async function orderOf(
  after: Resource,
  parties: Parties,
  state: State,
  context: RuleContext,
): Promise<readonly DerivedWrite[]> {
  const derived = await consequencesOf(after, parties, state, context);
  return derived.filter(({ ref }: { readonly ref: Ref }) => ref === focusOf(after));
}

function unreadable(after: Resource): Ruling {
  const known = ALL_STATES.map((state) => `${state}${codeOf(state)}`).join(', ');
  const diagnostics = `Task.status ${String(after['status'])} with this businessStatus is not a state of a referral; these are: ${known}.`;
  return {
    refused: {
      code: 'transition-not-allowed',
      diagnostics,
      expression: ['Task.status', 'Task.businessStatus'],
    },
  };
}

function codeOf(state: State): string {
  const code = businessStatusOf(state);
  return code === undefined ? '' : ` (${code})`;
}
