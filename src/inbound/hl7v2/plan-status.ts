/** A status of a referral (OSU^O51; crosswalk 4, 7 and 8): accepted, declined, interim note, outcome, cancellation. */
import type { Identifier, Resource } from '../../fhir/types.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { StatusReading } from '../../hl7v2/messages/reading.ts';
import type { Remark } from '../../ports/inbound.ts';
import { decideEvent } from '../../referral/decide.ts';
import { withState } from '../../referral/state.ts';
import { type Draft } from '../../operations/write/draft.ts';
import { remark, type MessageVerdict } from '../fate.ts';
import { planFeedback, withOutput } from './plan-feedback.ts';
import { changeOwn, changeSent } from '../../operations/write/planned-resources.ts';
import { pairNote, type ReferralNote } from './plan-note.ts';
import type { Referral } from '../find-referral.ts';
import { readPreview } from '../../operations/write/preview.ts';

/**
 * Plans what a status does to the Task, through the rules that everyone's writes meet.
 *
 * @throws OperationOutcomeError when the table has no row for it
 */
export async function planStatus(
  draft: Draft,
  reading: StatusReading,
  referral: Referral,
  note: ReferralNote | undefined,
): Promise<MessageVerdict> {
  const { event, findings } = reading;
  const { state, actors, task } = referral;
  const decided = decideEvent(state, event, actors);
  if (decided.kind === 'refused') {
    const { issue, diagnostics } = decided;
    throw new OperationOutcomeError(issue, { diagnostics });
  }
  await planFillerNumber(draft, referral, reading.fillerNumber);
  if (decided.kind === 'edit') return applied(referral, [...findings, ...decided.notes.map(told)]);
  const output = note === undefined ? undefined : await planFeedback(draft, referral, note, event);
  if (note !== undefined) await pairNote(draft, note);
  const { reason } = reading;
  await changeSent(draft, task, (tree) => {
    const moved = withState(tree, decided.state);
    const explained = reason === undefined ? moved : { ...moved, statusReason: reason };
    return output === undefined ? explained : withOutput(explained, output);
  });
  return applied(referral, [...findings, ...(await notFinal(draft, event, note))]);
}

/** An outcome with a note that is not finished (TXA-17) counts, and its sender is told. */
async function notFinal(
  draft: Draft,
  event: StatusReading['event'],
  note: ReferralNote | undefined,
): Promise<readonly Remark[]> {
  if (event !== 'send-referral-outcome' || note === undefined) return [];
  if ((await readPreview(draft, note.document))?.['docStatus'] !== 'preliminary') return [];
  const says = 'the note of this outcome is not final; it is taken as it is';
  return [remark('referral-rule', 'W', 'TXA-17', says)];
}

const applied = (referral: Referral, remarks: readonly Remark[]): MessageVerdict => ({
  fate: 'applied',
  referral,
  remarks,
});

const told = ({ diagnostics }: { readonly diagnostics: string }): Remark =>
  remark('referral-rule', 'I', '', diagnostics);

/** The recipient's own number of the order, which only it knows; it stands in the initiator's order. */
export async function planFillerNumber(
  draft: Draft,
  { request, order, actors }: Referral,
  number: Identifier | undefined,
): Promise<void> {
  const known = (order['identifier'] ?? []) as readonly Identifier[]; // validated structure
  const isKnown = known.some(isFiller);
  if (number === undefined || isKnown || !actors.has('referralRecipient')) return;
  await changeOwn(draft, request, (tree) => ({ ...tree, identifier: [...numbersOf(tree), number] }));
}

const numbersOf = (tree: Resource): readonly unknown[] => (tree['identifier'] ?? []) as readonly unknown[];

const isFiller = ({ type }: Identifier): boolean => (type?.coding ?? []).some(({ code }) => code === 'FILL');
