/**
 * The systems of a patient's numbers, for an engine whose request gave the patient no record number (rules 1.14). The server
 * sends numbers of these systems alone, in its answers and onwards. The record holds the systems and none of the numbers.
 */
import type { Ref } from '../../fhir/types.ts';
import type { PatientReading } from '../../hl7v2/messages/reading.ts';
import type { CommitView } from '../../ports/rail.ts';
import { hasRecordNumber } from '../../resources/referral-rules/numbers.ts';
import type { Draft } from '../write/draft.ts';

/** Records by order. */
const KIND = 'patient-systems';

interface Kept {
  /** Null: a number whose authority could not be made out. */
  readonly systems: readonly (string | null)[];
}

/** Plans the record of a request; none for a patient with a record number. */
export function planPatientSystems(draft: Draft, request: Ref, { identifiers }: PatientReading): void {
  if (identifiers.length === 0 || hasRecordNumber(identifiers)) return;
  const body: Kept = { systems: [...new Set(identifiers.map(({ system }) => system ?? null))] };
  draft.records.push({ kind: KIND, key: request, expect: 'absent', body });
}

/** The systems of the numbers that the request of an order gave its patient, in their order. */
export async function patientSystemsOf(
  request: Ref,
  asOf: CommitView,
): Promise<readonly (string | undefined)[]> {
  const record = await asOf.record(KIND, request);
  const { systems } = (record?.body ?? { systems: [] }) as Kept; // this file writes it
  return systems.map((system) => system ?? undefined);
}
