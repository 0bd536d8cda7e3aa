/**
 * The Consents on which a referral is sent go into the audit of its order. One that names its recipient is also referenced by
 * the order (compliance K5; BSeR's slice of supportingInfo), so that a copy of it goes with the referral (42 CFR 2.32(b)).
 */
import type { Ref, Reference, Resource } from '../../fhir/types.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Permit } from '../../policies/consent/permit.ts';
import { note } from '../../referral/ruling.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import type { Draft } from './draft.ts';
import { readPreview } from './preview.ts';
import { addDerivedWrite } from './rule.ts';

/** @param relied what the disclosure relies on */
export async function fileConsents(
  draft: Draft,
  order: Ref,
  to: Ref,
  relied: readonly Permit[],
): Promise<void> {
  await noteDeciding(
    draft,
    order,
    relied.map(({ source }) => source),
  );
  const named = relied.filter((permit) => permit.to.named.includes(to)).map(({ source }) => source);
  if (named.length === 0) return;
  const there = valuesAt(await readPreview(draft, order), 'supportingInfo').map((one) => localRef(one));
  const added = [...new Set(named)].filter((source) => !there.includes(source));
  if (added.length === 0) return;
  await addDerivedWrite(draft, { ref: order, transform: (tree) => withConsents(tree, added) });
  draft.notes.push(
    note('information', `The server added the Consent on file to the order: ${added.join(', ')}.`, [PLACE]),
  );
}

/** Notes for the audit which Consents and Contracts decided about what is written. */
export async function noteDeciding(draft: Draft, ref: Ref, sources: readonly Ref[]): Promise<void> {
  const noted = draft.deciding.get(ref) ?? [];
  draft.deciding.set(ref, [...new Set([...noted, ...(await versionsOf(draft, sources))])]);
}

/** Which versions decided; one that the same commit writes has none yet. */
async function versionsOf(draft: Draft, sources: readonly Ref[]): Promise<readonly string[]> {
  const versions = new Set<string>();
  for (const source of sources) {
    const stored = draft.planned.has(source) ? undefined : await draft.snapshot.read(source, EVERYTHING);
    versions.add(`${source}/_history/${stored?.seq ?? 0}`);
  }
  return [...versions];
}

const PLACE = 'ServiceRequest.supportingInfo';

function withConsents(order: Resource, sources: readonly Ref[]): Resource {
  const { supportingInfo = [] } = order as { supportingInfo?: readonly Reference[] }; // validated structure
  return { ...order, supportingInfo: [...supportingInfo, ...sources.map((reference) => ({ reference }))] };
}
