/**
 * The notice that a program gives its patients (42 CFR 2.22; compliance P24): when the program takes a patient on, and no
 * Consent of kind `part2-patient-notice` says that the patient was given it, a person of the program is asked, once. Nothing
 * waits for it: the notice is the program's duty, and nobody else's.
 */
import type { Ref } from '../../fhir/types.ts';
import { kindOf } from '../../policies/consent/kinds.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { isReferralTask } from '../../referral/state.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { planWorkItem } from '../work-item.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';
import { plan, type Draft, type Planned } from './draft.ts';
import { programsIn } from './part2-source.ts';
import { findPreview } from './preview.ts';

/** The types by which a program takes somebody on: its own record, or the referral that it accepts. */
export const TAKING_ON: ReadonlySet<string> = new Set(['Patient', 'Task']);

/** An acceptance: the first move by which the person is a patient of the recipient. */
const ACCEPTED = '02';

export async function askForPatientNotices(draft: Draft): Promise<void> {
  const { organization } = draft.caller;
  if (organization === undefined || draft.importing) return;
  const programs = await programsIn(draft);
  if (programs === undefined || !(await programs.isProgram(organization))) return;
  for (const planned of draft.planned.values()) {
    const patient = takenOn(draft, planned, organization);
    if (patient === undefined || (await isOnRecord(draft, patient, organization))) continue;
    plan(
      draft,
      planWorkItem(draft.context.newId(), {
        kind: 'part2-patient-notice',
        says: 'No Consent of kind part2-patient-notice says that the patient was given the notice of 42 CFR 2.22.',
        focus: patient,
        authoredOn: draft.now,
        owner: organization,
      }),
    );
  }
}

function takenOn({ moves }: Draft, { ref, base, after, custodian }: Planned, program: Ref): Ref | undefined {
  if (after === undefined) return undefined;
  if (typeOf(ref) === 'Patient') return base === 0 && custodian === program ? ref : undefined;
  const isAccepted = moves.some(
    (move) => move.task === ref && move.tid === ACCEPTED && move.recipient === program,
  );
  return isReferralTask(after.plain) && isAccepted ? localRef(after.plain['for']) : undefined;
}

/** Whether the program has it in writing, or asks somebody already. */
async function isOnRecord(draft: Draft, patient: Ref, program: Ref): Promise<boolean> {
  for (const { ref, after, custodian } of draft.planned.values()) {
    const one = after?.plain;
    if (typeOf(ref) !== 'Consent' || custodian !== program || one === undefined) continue;
    if (localRef(one['patient']) === patient && kindOf(one) === 'part2-patient-notice') return true;
  }
  const { matches } = await draft.snapshot.search(consentsAbout(patient)).catch(searchRefusal);
  if (
    matches.some(
      ({ custodian, text }) => custodian === program && kindOf(parseStored(text)) === 'part2-patient-notice',
    )
  )
    return true;
  return (await findPreview(draft, itemsAbout(patient, program))).length > 0;
}

const queryOf = (type: string, of: Query['where'][], count: number): Query => ({
  type,
  where: { kind: 'all', of },
  sort: [],
  sight: EVERYTHING,
  count,
  offset: 0,
  total: false,
});

const CONSENTS_MAX = 500;

const consentsAbout = (patient: Ref): Query =>
  queryOf(
    'Consent',
    [
      { kind: 'reference', param: 'patient', to: [patient] },
      { kind: 'token', param: 'status', code: 'active' },
    ],
    CONSENTS_MAX,
  );

const itemsAbout = (patient: Ref, program: Ref): Query =>
  queryOf(
    'Task',
    [
      { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: 'part2-patient-notice' },
      { kind: 'reference', param: 'focus', to: [patient] },
      { kind: 'reference', param: 'owner', to: [program] },
    ],
    1,
  );
