/** Runs the rules of each type over every change of a draft, and adds the further writes that they ask for. */
import { EVERYTHING } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { Body } from '../../fhir/body.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { rewriteReferences } from '../../fhir/reference.ts';
import type { Ref } from '../../fhir/types.ts';
import { isTerminal, readState } from '../../referral/state.ts';
import type { DerivedWrite, Ruling, RuleContext } from '../../resources/rules.ts';
import { declarationOf, placesIn, plan, planStored, replan, type Draft, type Planned } from './draft.ts';
import { checkMoveRole } from '../role.ts';
import { ruleContextOf } from './rule-context.ts';
import { readPreview } from './preview.ts';

export async function applyRules(draft: Draft): Promise<void> {
  const ruleContext = ruleContextOf(draft);
  const written = [...draft.planned.values()]; // rules add to what is planned
  for (const planned of written) {
    const current = draft.planned.get(planned.ref) ?? planned;
    await applyRulesTo(draft, ruleContext, current);
  }
  redirectAdopted(draft);
  await nameParties(draft, ruleContext);
}

/** What the same bundle said about a create that was adopted, it said about the adopting resource. */
function redirectAdopted(draft: Draft): void {
  if (draft.adopted.size === 0) return;
  for (const { ref, after } of draft.planned.values()) {
    if (after !== undefined)
      replan(draft, ref, (tree) => rewriteReferences(tree, (text) => draft.adopted.get(text as Ref)));
  }
}

async function applyRulesTo(draft: Draft, ruleContext: RuleContext, planned: Planned): Promise<void> {
  const { rules } = declarationOf(planned.ref);
  if (rules === undefined || planned.origin === 'server') return;
  const ruling = await rules(
    { ref: planned.ref, before: planned.before, after: planned.after?.plain },
    ruleContext,
  );
  if (ruling.refused !== undefined) {
    const { refused } = ruling;
    throw OperationOutcomeError.of([{ ...refused, expression: placesIn(planned, refused.expression) }]);
  }
  for (const { event } of ruling.moves ?? []) checkMoveRole(draft.caller, event, draft.context.clock.now());
  const ref = ruling.adopts === undefined ? planned.ref : await adopt(draft, planned, ruling.adopts);
  if (ruling.transform !== undefined) replan(draft, ref, ruling.transform);
  for (const derived of ruling.derived ?? []) await addDerivedWrite(draft, derived);
  record(draft, planned, ruling);
}

function record(draft: Draft, planned: Planned, { moves = [], notes = [], links = [] }: Ruling): void {
  draft.moves.push(...moves);
  draft.notes.push(...notes.map((said) => ({ ...said, expression: placesIn(planned, said.expression) })));
  draft.links.push(...links);
}

/** A create becomes the next version of a resource that is already there. */
async function adopt(draft: Draft, planned: Planned, ref: Ref): Promise<Ref> {
  const version = await draft.snapshot.read(ref, EVERYTHING);
  if (version?.text === undefined) throw new Error(`${ref} cannot be adopted: it is gone`);
  draft.planned.delete(planned.ref);
  draft.preconditions.delete(`${ref} version`);
  draft.adopted.set(planned.ref, ref);
  plan(draft, {
    ...planned,
    ref,
    base: version.seq,
    before: parseStored(version.text),
    custodian: version.custodian,
  });
  return ref;
}

/** One write per resource: what a rule adds to a planned resource merges with what the client wrote (rules 3.1). */
export async function addDerivedWrite(draft: Draft, derived: DerivedWrite): Promise<void> {
  const { ref } = derived;
  if ('create' in derived) {
    const after: Body = { plain: derived.create, storing: derived.create };
    const custodian = draft.caller.organization ?? '';
    plan(draft, {
      ref,
      method: 'POST',
      base: 0,
      before: undefined,
      after,
      custodian,
      origin: 'server',
      parties: [],
    });
    return;
  }
  if (!draft.planned.has(ref)) await planCurrent(draft, ref);
  replan(draft, ref, derived.transform);
}

async function planCurrent(draft: Draft, ref: Ref): Promise<void> {
  const version = await draft.snapshot.read(ref, EVERYTHING);
  if (version?.text === undefined) throw new Error(`${ref} cannot be changed by a rule: it is gone`);
  draft.preconditions.delete(`${ref} version`);
  plan(draft, planStored(version));
}

async function nameParties(draft: Draft, ruleContext: RuleContext): Promise<void> {
  for (const planned of draft.planned.values()) {
    const { partiesOf } = declarationOf(planned.ref);
    const after = await readPreview(draft, planned.ref);
    if (partiesOf === undefined || after === undefined) continue;
    const parties = await stillParties(draft, planned, await partiesOf(after, ruleContext));
    draft.planned.set(planned.ref, { ...planned, parties });
  }
}

/** An ended referral gains no party by an edit: who became a member after its end does not see it (directory DR4). */
async function stillParties(
  { snapshot }: Draft,
  { ref, before }: Planned,
  named: readonly Ref[],
): Promise<readonly Ref[]> {
  const state = before && readState(before);
  if (state === undefined || !isTerminal(state)) return named;
  const seeing = await Promise.all(
    named.map((organization) => snapshot.read(ref, { everything: false, organization, denied: 'seen' })),
  );
  return named.filter((_organization, at) => seeing[at] !== undefined);
}
