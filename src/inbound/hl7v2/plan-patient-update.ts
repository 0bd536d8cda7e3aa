/**
 * What a message says about a patient alone (ADT; rules 7.6): "ADT updates only patients already known; others are
 * acknowledged and not stored". Merging two charts is a person's decision.
 */
import type { Identifier, Resource } from '../../fhir/types.ts';
import type { PatientUpdateReading } from '../../hl7v2/messages/reading.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { asked, quarantined, remark, type MessageVerdict } from '../fate.ts';
import type { Incoming } from './incoming.ts';
import { changeSent } from '../../operations/write/planned-resources.ts';
import { findPatient, mistaken } from './find-patient.ts';

/** What an update comes to. */
interface Updated {
  readonly verdict: MessageVerdict;
  /** Nobody here knows the patient, so nothing of the message is kept. */
  readonly forget: boolean;
}

export async function planPatientUpdate(
  draft: Draft,
  { link }: Incoming,
  { patient, merges, findings }: PatientUpdateReading,
): Promise<Updated> {
  if (patient === undefined) return stored(quarantined(findings));
  const person = await findPatient(draft, patient, link);
  if (person.kind === 'new') {
    const says = 'nobody here knows this patient; nothing was stored';
    const remarks = [...findings, remark('not-found', 'I', 'PID-3', says)];
    return { verdict: { fate: 'applied', remarks }, forget: true };
  }
  if (person.kind === 'contradicted') {
    return stored(quarantined([...findings, mistaken(person.says)]));
  }
  if (merges) {
    const says = 'only a person merges charts';
    return stored(asked('message-unfit', [...findings, remark('referral-rule', 'E', 'MRG-1', says)]));
  }
  const said = patient.resource as unknown as Resource; // every FHIR type is one
  await changeSent(draft, person.ref, (tree) => ({
    ...tree,
    ...said,
    identifier: [...numbersOf(tree), ...numbersOf(said).filter((one) => !isKnown(tree, one))],
  }));
  return stored({ fate: 'applied', remarks: findings });
}

const stored = (verdict: MessageVerdict): Updated => ({ verdict, forget: false });

const numbersOf = ({ identifier }: Resource): readonly Identifier[] =>
  (identifier ?? []) as readonly Identifier[]; // validated structure

const isKnown = (tree: Resource, { system, value }: Identifier): boolean =>
  numbersOf(tree).some((one) => one.system === system && one.value === value);
