/**
 * On the label of 42 CFR Part 2 stands whose words the content holds, and what comes back to them needs no consent. So the
 * server alone says it, from who speaks: a client's own word would be a way around the consent (compliance P2, S4).
 */
import { namesSource, withoutClaimedSources } from '../../policies/labels/claimed-sources.ts';
import { note } from '../../referral/ruling.ts';
import { typeOf } from '../../resources/element.ts';
import { placesIn, replan, type Draft } from './draft.ts';

/** Takes sources off the labels that a client wrote; what the version before says of them may be written back. */
export function dropClaimedSources(draft: Draft): void {
  if (draft.importing) return;
  for (const planned of draft.planned.values()) {
    const { ref, before, after, origin } = planned;
    if (origin === 'server' || after === undefined || !namesSource(after.plain)) continue;
    if (withoutClaimedSources(after.plain, before) === after.plain) continue;
    replan(draft, ref, (tree) => withoutClaimedSources(tree, before));
    draft.notes.push({
      ...note('information', 'Only the server names the source of a label; it dropped the one given.', []),
      expression: placesIn(planned, [`${typeOf(ref)}.meta.security`]),
    });
  }
}
