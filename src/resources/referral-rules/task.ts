/** The rules of a Task (rules 1): a referral Task follows the table; any other Task follows FHIR's own life cycle. */
import type { Ref, Reference, Resource } from '../../fhir/types.ts';
import { decideUpdate } from '../../referral/decide.ts';
import type { Evidence } from '../../referral/evidence.ts';
import { addsOutput, checkFields } from '../../referral/fields.ts';
import type { Refusal } from '../../referral/ruling.ts';
import { isOpen, isReferralTask, modifiedAt, readState, storedAs } from '../../referral/state.ts';
import type { Change, Ruling, RuleContext } from '../rules.ts';
import { notesOnClock } from './clock.ts';
import { consequencesOf, focusOf, moveOf, referralTasksOn } from './consequences.ts';
import { whyNobody } from './nobody.ts';
import { importTask } from './imported.ts';
import { isOpenedByServer, withoutOpenedMark } from './opened.ts';
import { numbersFor } from './numbers.ts';
import { actorsOf, partiesOf, type Parties } from './parties.ts';
import { visitEvidence } from './visits.ts';

export { taskParties } from './parties.ts';

export async function taskRules(change: Change, context: RuleContext): Promise<Ruling> {
  const { before, after } = change;
  const wasReferral = before !== undefined && isReferralTask(before);
  if (after === undefined) return wasReferral ? decideDelete(before, context) : {};
  if (!wasReferral && !isReferralTask(after)) return {};
  if (before === undefined) return decideCreate(change.ref, after, context);
  return wasReferral ? decideWrite(change, context) : refuseBecoming();
}

/** Refuses to make a Task a referral's after its creation: a client could bring it to any state before. */
const refuseBecoming = (): Ruling => ({
  refused: {
    code: 'referral-rule',
    diagnostics: 'A Task is a referral Task from its creation on; create a new one.',
    expression: ['Task.code', 'Task.focus'],
  },
});

async function decideDelete(before: Resource, context: RuleContext): Promise<Ruling> {
  if (readState(before) !== 'draft') {
    return {
      refused: {
        code: 'deletion-refused',
        diagnostics:
          'A referral Task past draft is never deleted (G13); it is cancelled, or entered in error.',
      },
    };
  }
  return (await isItsInitiator(before, context)) ? {} : refuseDraft('deletes');
}

async function isItsInitiator(before: Resource, context: RuleContext): Promise<boolean> {
  const actors = actorsOf(await partiesOf(before, context), context);
  return actors.has('referralInitiator') || context.administrator;
}

const refuseDraft = (what: 'edits' | 'deletes'): Ruling => ({
  refused: {
    code: 'not-your-move',
    diagnostics: `Only the Referral Initiator ${what} a draft (G11).`,
  },
});

/**
 * Rules a create: the sending of the referral, or a draft of it; it may adopt the Task that the server opened (rules
 * 1.7).
 */
async function decideCreate(ref: Ref, after: Resource, context: RuleContext): Promise<Ruling> {
  const parties = await partiesOf(after, context);
  const unnamed = missingParty(after, parties) ?? (await notItsOrder(after, parties, context));
  if (unnamed !== undefined) return unnamed;
  if (context.importing) {
    const alike = await openTaskAlike(ref, after, parties, context);
    return alike === undefined ? importTask(after, parties, context) : duplicateOf(alike);
  }
  const ruling = await decideWrite({ ref, before: undefined, after }, context);
  const other = ruling.refused === undefined ? await openTaskAlike(ref, after, parties, context) : undefined;
  if (other === undefined) return ruling;
  if (!isOpenedByServer(other) || readState(other) !== 'received') return duplicateOf(other);
  // The referral was sent when its Task opened, so the server does not send it again.
  const { transform, notes = [] } = ruling;
  return { ...(transform && { transform }), notes, adopts: `Task/${other.id}` };
}

const duplicateOf = ({ id }: Resource): Ruling => ({
  refused: { code: 'duplicate', diagnostics: `Task/${id} is open for the same request and recipient` },
});

/** A refusal when the order cannot fill in a party either. */
const LACKS = {
  requester: 'Task.requester is missing, and its order has no requester',
  owner: 'Task.owner is missing, and its order names no performer, or several',
} as const;

/** A referral that is sent names two parties that this server knows. */
function missingParty(after: Resource, { initiator, recipient }: Parties): Ruling | undefined {
  if (readState(after) === 'draft' || (initiator !== undefined && recipient !== undefined)) return undefined;
  const element = initiator === undefined ? 'requester' : 'owner';
  return {
    refused: {
      code: after[element] === undefined ? 'field-missing' : 'referral-rule',
      diagnostics:
        after[element] === undefined ? LACKS[element] : whyNobody(`Task.${element}`, after[element]),
      expression: [`Task.${element}`],
    },
  };
}

/**
 * The organization of the order sends the referral. Otherwise every caller who sees an order could open a Task on it,
 * and the moves of that Task would change the order and the visits of another referral.
 */
async function notItsOrder(
  after: Resource,
  { initiator }: Parties,
  context: RuleContext,
): Promise<Ruling | undefined> {
  const focus = focusOf(after);
  const request = await context.read(focus);
  if (request === undefined || focus === undefined) return undefined;
  const orderer =
    (await context.partyOf(request['requester'])) ?? (await firstInitiator(focus, context)) ?? initiator;
  if (orderer === initiator) return undefined;
  return {
    refused: {
      code: 'not-your-move',
      diagnostics: 'A referral is sent by the organization that ServiceRequest.requester stands for.',
      expression: ['Task.requester'],
    },
  };
}

/** The initiator of an order's first referral: it sends an order that names none. Before, only the keeper sees it. */
async function firstInitiator(focus: Ref, context: RuleContext): Promise<Ref | undefined> {
  for (const task of await referralTasksOn(focus, context)) {
    const state = readState(task);
    if (state !== undefined && state !== 'draft') return context.partyOf(task['requester']);
  }
  return undefined;
}

/** The reason why a draft cannot be sent. */
async function refuseSending(
  ref: Ref,
  after: Resource,
  parties: Parties,
  context: RuleContext,
): Promise<Ruling | undefined> {
  const unnamed = missingParty(after, parties) ?? (await notItsOrder(after, parties, context));
  if (unnamed !== undefined) return unnamed;
  const other = await openTaskAlike(ref, after, parties, context);
  return other === undefined ? undefined : duplicateOf(other);
}

/** Refuses a second open referral Task of a ServiceRequest for the same recipient. */
async function openTaskAlike(ref: Ref, after: Resource, { recipient }: Parties, context: RuleContext) {
  const focus = focusOf(after);
  const written = readState(after);
  if (focus === undefined || written === undefined || !isOpen(written)) return undefined;
  for (const task of await referralTasksOn(focus, context)) {
    const state = readState(task);
    if (`Task/${task.id}` === ref || state === undefined || !isOpen(state)) continue;
    if ((await context.partyOf(task['owner'])) === recipient) return task;
  }
  return undefined;
}

async function decideWrite({ ref, before, after }: Change, context: RuleContext): Promise<Ruling> {
  if (after === undefined) throw new Error('a write has a new version');
  const sent = before !== undefined && readState(before) !== 'draft';
  if (before !== undefined && !sent && !(await isItsInitiator(before, context))) return refuseDraft('edits');
  const parties = await partiesOf(sent ? before : after, context);
  const actors = actorsOf(parties, context);
  const focus = focusOf(after);
  const request = await context.read(focus);
  const evidence = await evidenceFor(before, after, parties, context);
  const decided = decideUpdate({ before, after, actors, evidence, administrator: context.administrator });
  if (decided.kind === 'refused') return refused(decided);
  const opens = before !== undefined && !sent && decided.state !== 'draft';
  const unsendable = opens ? await refuseSending(ref, after, parties, context) : undefined;
  if (unsendable !== undefined) return unsendable;
  const broken = checkFields({
    before,
    after: decided.task,
    actors,
    ownerBefore: parties.recipient,
    ownerAfter: await context.partyOf(after['owner']),
    subject: request?.['subject'] as Reference | undefined, // validated when it was written
  });
  if (broken !== undefined) return refused(broken);
  const { state, notes } = decided;
  const moved = decided.kind === 'move';
  const stamp = moved && before !== undefined;
  const sends = moved && !sent && request !== undefined && parties.initiator !== undefined;
  const numbers = sends ? await numbersFor(request, parties.initiator, context) : undefined;
  return {
    transform: (tree) =>
      withoutOpenedMark(stampModified(storedAs(tree, state, before), stamp ? context.now : undefined)),
    notes: [
      ...notes,
      ...notesOnClock(before, stamp ? stampModified(after, context.now) : after, context),
      ...(numbers?.notes ?? []),
    ],
    ...(moved && {
      moves: [moveOf(ref, decided.transition, parties)],
      derived: [
        ...(await consequencesOf(after, parties, state, context)),
        ...(numbers?.order === undefined || focus === undefined
          ? []
          : [{ ref: focus, transform: numbers.order }]),
        ...(numbers?.derived ?? []),
      ],
    }),
  };
}

/** Sets Task.lastModified to the time of a move; an edit keeps the client's value. */
const stampModified = (tree: Resource, now: string | undefined): Resource =>
  now === undefined ? tree : modifiedAt(tree, now);

/** The evidence in the same commit: a new output, and the Appointments of the referral. */
async function evidenceFor(
  before: Resource | undefined,
  after: Resource,
  { recipient }: Parties,
  context: RuleContext,
): Promise<readonly Evidence[]> {
  const focus = focusOf(after);
  const visits = focus === undefined ? [] : await visitEvidence(focus, recipient, context);
  return addsOutput(before, after) ? ['output', ...visits] : visits;
}

const refused = ({ issue, diagnostics, expression }: Refusal): Ruling => ({
  refused: { code: issue, diagnostics, expression },
});
