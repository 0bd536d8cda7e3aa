/**
 * The parties of a referral Task that names none: those of its order, as for the Task that opens by itself (rules 1.7).
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { note } from '../../referral/ruling.ts';
import { isReferralTask, readState } from '../../referral/state.ts';
import { valuesAt } from '../element.ts';
import type { Completion } from '../rules.ts';
import { focusOf } from './consequences.ts';

/** Undefined when nothing is missing, when the Task was sent already, or when the order names no party. */
export async function partiesFromOrder(
  before: Resource | undefined,
  after: Resource,
  read: (ref: Ref) => Promise<Resource | undefined>,
): Promise<Completion | undefined> {
  const isNew = before === undefined || readState(before) === 'draft';
  const isWhole = after['requester'] !== undefined && after['owner'] !== undefined;
  const focus = focusOf(after);
  if (!isNew || isWhole || focus === undefined || !isReferralTask(after)) return undefined;
  const order = await read(focus);
  const taken = order === undefined ? [] : PARTIES.flatMap((party) => take(party, after, order));
  if (taken.length === 0) return undefined;
  return {
    transform: (tree) => ({
      ...tree,
      ...Object.fromEntries(taken.map(([{ element }, value]) => [element, value])),
    }),
    notes: taken.map(([{ element, from }]) =>
      note('information', `The server took Task.${element} from ServiceRequest.${from}.`, [
        `Task.${element}`,
      ]),
    ),
  };
}

/** The element of the order for each party. */
const PARTIES = [
  { element: 'requester', from: 'requester' },
  { element: 'owner', from: 'performer' },
] as const;

type Party = (typeof PARTIES)[number];

/**
 * The party in an element of the order. Of several performers none is meant, and nobody outside the order can refer to
 * a resource contained in it.
 */
function take(party: Party, task: Resource, order: Resource): readonly (readonly [Party, unknown])[] {
  const values = valuesAt(order, party.from);
  const [value] = values;
  if (task[party.element] !== undefined || value === undefined || values.length > 1) return [];
  return isContained(value) ? [] : [[party, value]];
}

const isContained = (value: unknown): boolean =>
  valuesAt(value, 'reference').some((reference) => String(reference).startsWith('#'));
