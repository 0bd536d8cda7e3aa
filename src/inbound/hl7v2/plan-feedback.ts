/** The recipient's feedback as a Task.output: a document Bundle around its note (BSeR feedback; crosswalk 7). */
import type { Ref, Resource } from '../../fhir/types.ts';
import { type Draft } from '../../operations/write/draft.ts';
import { buildFeedback, FEEDBACK_TITLES } from '../../operations/write/feedback-document.ts';
import type { ReferralNote } from './plan-note.ts';
import { planSent } from '../../operations/write/planned-resources.ts';
import type { Referral } from '../find-referral.ts';
import { readPreview } from '../../operations/write/preview.ts';

export interface Output {
  readonly type: { readonly text: string };
  readonly valueReference: { readonly reference: Ref };
}

/** Plans the Bundle; undefined for an event that brings none. */
export async function planFeedback(
  draft: Draft,
  referral: Referral,
  note: ReferralNote,
  event: string,
): Promise<Output | undefined> {
  const title = FEEDBACK_TITLES[event];
  if (title === undefined) return undefined;
  const bundle = planSent(draft, await buildBundle(draft, referral, note, title));
  return { type: { text: title }, valueReference: { reference: bundle } };
}

/** The Task with one output more, the newest last. */
export const withOutput = (task: Resource, output: Output): Resource => ({
  ...task,
  output: [...((task['output'] ?? []) as readonly unknown[]), output], // validated structure
});

/** The outcome is final unless its note says that it is not. */
const isFinal = (stored: Resource | undefined, title: string): boolean =>
  title === FEEDBACK_TITLES['send-referral-outcome'] && stored?.['docStatus'] !== 'preliminary';

async function buildBundle(
  draft: Draft,
  referral: Referral,
  note: ReferralNote,
  title: string,
): Promise<Resource> {
  const { document } = note;
  const stored = await readPreview(draft, document);
  return buildFeedback(draft, {
    title,
    final: isFinal(stored, title),
    order: { reference: referral.request },
    patient: referral.patient === undefined ? undefined : { reference: referral.patient },
    author: { reference: referral.recipient },
    type: stored?.['type'],
    date: stored?.['date'],
    lists: [document],
    resources: stored === undefined ? [] : [stored],
  });
}
