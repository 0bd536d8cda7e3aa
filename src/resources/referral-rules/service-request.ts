/** The rules of a referral's order: it opens its Task, follows its Task, and cannot be deleted without it (rules 1). */
import { isDeepStrictEqual } from 'node:util';
import type { Ref, Resource } from '../../fhir/types.ts';
import { ROWS } from '../../referral/extensions.ts';
import { isSameReference } from '../../referral/fields.ts';
import { decideRequest } from '../../referral/request-status.ts';
import { note } from '../../referral/ruling.ts';
import { isOpen, isReferralTask, modifiedAt, readState, withState } from '../../referral/state.ts';
import { decideEvent } from '../../referral/decide.ts';
import { valuesAt } from '../element.ts';
import type { Change, DerivedWrite, Move, Ruling, RuleContext } from '../rules.ts';
import { changesBasis, withBasisOf } from './basis.ts';
import { focusOf, moveOf, referralTasksOn } from './consequences.ts';
import { buildOpenedTask } from './opened.ts';
import { whyNobody } from './nobody.ts';
import { numbersFor, placerOf, withPlacerOf } from './numbers.ts';
import { actorsOf, partiesOf } from './parties.ts';
import { notesOnClock } from './clock.ts';

export async function serviceRequestRules(
  { ref, before, after }: Change,
  context: RuleContext,
): Promise<Ruling> {
  if (after === undefined) return decideDelete(ref, context);
  if (before === undefined)
    return withNotes(await openTask(ref, after, context), notesOnClock(before, after, context));
  const ruling = await decideStatus(ref, before, after, context);
  if (ruling.refused !== undefined || before['status'] === 'active') return ruling;
  return merge(await openTask(ref, after, context), ruling);
}

/** Two rulings on one write; the second judges the result of the first. */
const merge = (first: Ruling, second: Ruling): Ruling => ({
  ...first,
  ...second,
  transform: (tree) => (second.transform ?? same)((first.transform ?? same)(tree)),
  derived: [...(first.derived ?? []), ...(second.derived ?? [])],
  moves: [...(first.moves ?? []), ...(second.moves ?? [])],
  notes: [...(first.notes ?? []), ...(second.notes ?? [])],
});

const same = (tree: Resource): Resource => tree;

const withNotes = (ruling: Ruling, notes: Ruling['notes'] = []): Ruling => ({
  ...ruling,
  notes: [...(ruling.notes ?? []), ...notes],
});

async function decideDelete(ref: Ref, context: RuleContext): Promise<Ruling> {
  const tasks = await referralTasksOn(ref, context);
  const open = tasks.find((task) => {
    const state = readState(task);
    return state !== undefined && isOpen(state);
  });
  if (open === undefined) return {};
  return {
    refused: {
      code: 'deletion-refused',
      diagnostics: `Task/${open.id} is open; cancel the referral first (G13).`,
    },
  };
}

/** An active order with one performer that is a party here opens one Task, unless the same bundle brings it. */
async function openTask(ref: Ref, after: Resource, context: RuleContext): Promise<Ruling> {
  if (!context.settings.openTaskForServiceRequest) return {};
  if (after['status'] !== 'active' || after['intent'] !== 'order') return {};
  if (await bringsTask(ref, context)) return {};
  const performers = valuesAt(after, 'performer');
  const initiator = await context.partyOf(after['requester']);
  const recipient = performers.length === 1 ? await context.partyOf(performers[0]) : undefined;
  if (recipient === undefined) return { notes: [notOpened('performer', whyNotSent(performers))] };
  if (initiator === undefined) {
    const why = whyNobody('ServiceRequest.requester', after['requester']);
    return { notes: [notOpened('requester', why)] };
  }
  if (initiator !== context.actor)
    return {
      notes: [notOpened('requester', 'ServiceRequest.requester is not the organization that asks')],
    };
  const numbers = await numbersFor(after, initiator, context);
  const id = context.newId();
  const task: Ref = `Task/${id}`;
  const [row] = ROWS;
  if (row === undefined) throw new Error('the table has a first row');
  return {
    ...(numbers.order !== undefined && { transform: numbers.order }),
    derived: [{ ref: task, create: buildOpenedTask(id, ref, after, context.now) }, ...numbers.derived],
    moves: [moveOf(task, row, { initiator, recipient })],
    links: [{ rel: 'related', ref: task }],
    notes: [
      note('information', `The server opened ${task} for this active order.`, ['ServiceRequest.performer']),
      ...numbers.notes,
    ],
  };
}

/** Says why an active order opens no Task: its sender expects it to arrive. */
const notOpened = (element: string, why: string) =>
  note('information', `No referral was opened: ${why}.`, [`ServiceRequest.${element}`]);

function whyNotSent(performers: readonly unknown[]): string {
  if (performers.length > 1)
    return 'ServiceRequest.performer names several; create a Task for each that shall have it';
  return whyNobody('ServiceRequest.performer', performers[0]);
}

async function bringsTask(ref: Ref, context: RuleContext): Promise<boolean> {
  const brings = ({ after }: Change): boolean =>
    after !== undefined && isReferralTask(after) && focusOf(after) === ref;
  if (context.changes('Task').some(brings)) return true;
  return (await referralTasksOn(ref, context)).length > 0;
}

/**
 * The order's status. While Tasks are open, their states decide it; `revoked` by the initiator asks for cancellation
 * (rules 1.5, G14).
 */
async function decideStatus(
  ref: Ref,
  before: Resource,
  after: Resource,
  context: RuleContext,
): Promise<Ruling> {
  const tasks = await referralTasksOn(ref, context);
  const states = tasks.map(readState).filter((state) => state !== undefined);
  const frozen = states.some((state) => state !== 'draft') ? brokenField(before, after) : undefined;
  if (frozen !== undefined) return frozen;
  const initiator = await context.partyOf(before['requester']);
  const decided = decideRequest({
    before,
    after,
    actors: actorsOf({ initiator, recipient: undefined }, context),
    states,
  });
  if (decided.kind === 'refused') {
    const { issue, diagnostics, expression } = decided;
    return { refused: { code: issue, diagnostics, expression } };
  }
  const { status, notes } = decided;
  const sent = states.some((state) => state !== 'draft');
  const based = sent ? withBasisOf(before) : same;
  const numbered = sent && placerOf(after) === undefined ? withPlacerOf(before) : same;
  const kept = (tree: Resource): Resource => numbered(based(tree));
  const transform = (tree: Resource): Resource => ({ ...kept(tree), status });
  if (decided.kind === 'edit') return { transform, notes };
  const asked = await askCancellation(tasks, context);
  return { transform, notes, ...asked };
}

/**
 * The elements that stay for the referral's life: the referral ID and the patient (360X: the referral ID never
 * changes), and the basis of telling its recipient (compliance D3).
 */
function brokenField(before: Resource, after: Resource): Ruling | undefined {
  if (!isSameReference(before['subject'], after['subject'])) {
    return frozen('subject', 'the patient of a referral');
  }
  if (changesBasis(before, after)) return frozen('extension', 'the basis of a disclosure');
  const placer = placerOf(after);
  return placer === undefined || isDeepStrictEqual([placer.system, placer.value], numberOf(before))
    ? undefined
    : frozen('identifier', 'the referral ID');
}

const frozen = (element: string, what: string): Ruling => ({
  refused: {
    code: 'field-frozen',
    diagnostics: `${what} does not change once the referral was sent`,
    expression: [`ServiceRequest.${element}`],
  },
});

const numberOf = (request: Resource): readonly (string | undefined)[] => {
  const placer = placerOf(request);
  return [placer?.system, placer?.value];
};

async function askCancellation(
  tasks: readonly (Resource & { readonly id: string })[],
  context: RuleContext,
): Promise<{ readonly derived: readonly DerivedWrite[]; readonly moves: readonly Move[] }> {
  const derived: DerivedWrite[] = [];
  const moves: Move[] = [];
  for (const task of tasks) {
    const state = readState(task);
    if (state === undefined || !isOpen(state)) continue;
    const parties = await partiesOf(task, context);
    const decided = decideEvent(state, 'send-cancellation-request', actorsOf(parties, context));
    if (decided.kind !== 'move') continue;
    const taskRef: Ref = `Task/${task.id}`;
    const { now } = context;
    derived.push({
      ref: taskRef,
      transform: (tree) => modifiedAt(withState(tree, decided.state), now),
    });
    moves.push(moveOf(taskRef, decided.transition, parties));
  }
  return { derived, moves };
}
