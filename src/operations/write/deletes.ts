/**
 * Refuses to delete what an open referral stands on (rules 1.13): its Task, its order, and the resources to which these
 * refer, step by step, as far as the referral reaches. One rule for every type and for every way to delete.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { isOpen, isReferralTask, readState } from '../../referral/state.ts';
import { typeOf } from '../../resources/element.ts';
import { referencesTo } from '../../resources/references-to.ts';
import { isIncident, isReview } from '../work-item.ts';
import { placesIn, type Draft } from './draft.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { readPreview } from './preview.ts';

export async function checkDeletes(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    const { ref, before, after, origin } = planned;
    if (after !== undefined || origin === 'server' || before === undefined) continue;
    if (isReview(before)) {
      throw new OperationOutcomeError('deletion-refused', {
        diagnostics: `${ref} is a review, which is kept for six years`,
        expression: placesIn(planned, ['Task']),
      });
    }
    if (isIncident(before) && planned.custodian !== '') {
      throw new OperationOutcomeError('deletion-refused', {
        diagnostics: `${ref} is an incident, whose assessment is kept for six years`,
        expression: placesIn(planned, ['Task']),
      });
    }
    const task = await openReferralOn(draft, ref);
    if (task === undefined) continue;
    throw new OperationOutcomeError('deletion-refused', {
      diagnostics: `an open referral stands on ${ref}; end it first`,
      expression: placesIn(planned, [typeOf(ref)]),
    });
  }
}

async function openReferralOn(draft: Draft, ref: Ref): Promise<Ref | undefined> {
  for (const one of await standingOn(draft, ref)) {
    if (typeOf(one) === 'Task' && one !== ref && (await isOpenReferral(draft, one))) return one;
    const roots = await draft.snapshot.roots(one);
    for (const root of roots) if (root !== ref && (await isOpenReferral(draft, root))) return root;
  }
  return undefined;
}

async function isOpenReferral(draft: Draft, ref: Ref): Promise<boolean> {
  const task = await readPreview(draft, ref);
  const state = task === undefined || !isReferralTask(task) ? undefined : readState(task);
  return state !== undefined && isOpen(state);
}

/** The directory is seen by all and carried by none: what refers to it is found by these parameters. */
const NAMED_BY: Readonly<Record<string, readonly (readonly [type: string, param: string])[]>> = {
  Organization: [
    ['Task', 'owner'],
    ['Task', 'requester'],
    ['ServiceRequest', 'performer'],
    ['ServiceRequest', 'requester'],
    ['PractitionerRole', 'organization'],
    ['HealthcareService', 'organization'],
    ['Location', 'organization'],
    ['Coverage', 'payor'],
    ['Patient', 'organization'],
  ],
  Practitioner: [
    ['Task', 'owner'],
    ['Task', 'requester'],
    ['ServiceRequest', 'performer'],
    ['ServiceRequest', 'requester'],
    ['PractitionerRole', 'practitioner'],
    ['Patient', 'general-practitioner'],
  ],
  PractitionerRole: [
    ['Task', 'owner'],
    ['Task', 'requester'],
    ['ServiceRequest', 'performer'],
    ['ServiceRequest', 'requester'],
    ['Patient', 'general-practitioner'],
  ],
  HealthcareService: [
    ['Task', 'owner'],
    ['ServiceRequest', 'performer'],
    ['PractitionerRole', 'service'],
  ],
  Location: [
    ['PractitionerRole', 'location'],
    ['HealthcareService', 'location'],
  ],
};

/** Referring resources of one kind that are looked at, and steps through the directory. */
const FOUND_MAX = 500;
const STEPS_MAX = 4;

/** The resource itself and, of the directory, whatever names it; no entry that the same draft deletes. */
async function standingOn(draft: Draft, ref: Ref): Promise<ReadonlySet<Ref>> {
  const seen = new Set<Ref>([ref]);
  let edge: readonly Ref[] = [ref];
  for (let step = 0; step < STEPS_MAX && edge.length > 0; step += 1) {
    const found: Ref[] = [];
    for (const one of edge)
      for (const [type, param] of NAMED_BY[typeOf(one)] ?? [])
        found.push(...(await refsTo(draft, type, param, one)));
    edge = [...new Set(found)].filter((one) => !seen.has(one) && !isDeleted(draft, one));
    for (const one of edge) seen.add(one);
  }
  return seen;
}

const isDeleted = ({ planned }: Draft, ref: Ref): boolean => {
  const own = planned.get(ref);
  return own !== undefined && own.after === undefined;
};

async function refsTo(draft: Draft, type: string, param: string, to: Ref): Promise<readonly Ref[]> {
  const query = referencesTo(type, param, to, FOUND_MAX);
  const { matches } = await draft.snapshot.search(query).catch(searchRefusal);
  return matches.map(({ ref }) => ref);
}
