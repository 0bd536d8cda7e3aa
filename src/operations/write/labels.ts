/**
 * Writes the security labels of what a draft writes into its texts, in the same commit: what travels carries them
 * (compliance S1, S2). The reply says that labels were added, and never which: a warning stands in headers, and headers are
 * logged (S8).
 */
import { learnSensitivities } from '../../policies/labels/derive.ts';
import { planLabels, writeLabels } from '../../policies/labels/label-plan.ts';
import type { Resource } from '../../fhir/types.ts';
import { note } from '../../referral/ruling.ts';
import { typeOf } from '../../resources/element.ts';
import { isDirectory } from '../../resources/index.ts';
import { LARGE } from '../heavy.ts';
import { createTurns, type Turns } from '../turns.ts';
import { placesIn, replan, type Draft, type Planned } from './draft.ts';

/** Trees that have their labels. */
const labelled = new WeakSet<Resource>();

export async function labelDraft(draft: Draft): Promise<void> {
  const turns = createTurns();
  for (const planned of draft.planned.values()) await labelOne(draft, planned, turns);
}

async function labelOne(draft: Draft, planned: Planned, turns: Turns): Promise<void> {
  const { ref, after, origin } = planned;
  if (after === undefined || labelled.has(after.plain)) return;
  const isKnowledge = isDirectory(typeOf(ref));
  if (!isKnowledge && (after.size ?? 0) >= LARGE) await learnSensitivities(after.plain, turns.after);
  const labels = planLabels(after.plain, isKnowledge);
  if (labels !== undefined) {
    replan(draft, ref, (tree) => writeLabels(tree, labels));
    if (origin === 'client') tell(draft, planned);
  }
  const tree = draft.planned.get(ref)?.after?.plain;
  if (tree !== undefined) labelled.add(tree);
}

function tell(draft: Draft, planned: Planned): void {
  const type = typeOf(planned.ref);
  draft.notes.push(
    note(
      'information',
      `The server added security labels to ${type}, as its content asks for them.`,
      placesIn(planned, [`${type}.meta.security`]),
    ),
  );
}
