/** Vital signs that US Core has as one Observation with components: blood pressure, and oxygen beside saturation. */
import type { CodeableConcept, Reference } from '../../../fhir/types.ts';
import { LOINC } from '../../systems.ts';
import { trimmed, urnOf, type Converted, type Reading } from '../reading.ts';

const SYSTOLIC = '8480-6';
const DIASTOLIC = '8462-4';
const BLOOD_PRESSURE = {
  system: LOINC,
  code: '85354-9',
  display: 'Blood pressure panel with all children optional',
};
const SATURATIONS: readonly string[] = ['2708-6', '59408-5'];
const OXYGEN: readonly string[] = ['3150-0', '3151-8'];

/** The members of a panel after joining: what became a component is no resource of its own any more. */
export function joinVitals(reading: Reading, members: readonly Reference[]): readonly Reference[] {
  const found = members.flatMap(
    (member) => reading.resources.find((one) => urnOf(one) === member.reference) ?? [],
  );
  const gone = new Set<Converted>();
  for (const systolic of found.filter((one) => isOf(one, SYSTOLIC))) {
    const diastolic = found.find(
      (one) => isOf(one, DIASTOLIC) && isTogether(one, systolic) && !gone.has(one),
    );
    if (diastolic === undefined || gone.has(systolic)) continue;
    gone.add(diastolic);
    replace(reading, systolic, {
      ...systolic,
      identifier: [...listOf(systolic, 'identifier'), ...listOf(diastolic, 'identifier')],
      code: { coding: [BLOOD_PRESSURE] },
      ...NO_VALUE,
      component: [componentOf(systolic), componentOf(diastolic)],
    });
  }
  for (const saturation of found.filter((one) => SATURATIONS.some((code) => isOf(one, code)))) {
    const flows = found.filter(
      (one) => OXYGEN.some((code) => isOf(one, code)) && isTogether(one, saturation),
    );
    if (flows.length === 0 || gone.has(saturation)) continue;
    for (const flow of flows) gone.add(flow);
    replace(reading, saturation, { ...saturation, component: flows.map(componentOf) });
  }
  for (const one of gone) reading.resources.splice(reading.resources.indexOf(one), 1);
  return found.filter((one) => !gone.has(one)).map((one) => ({ reference: urnOf(one) }));
}

/** Members of a value that move into a component. */
const NO_VALUE = {
  valueQuantity: undefined,
  dataAbsentReason: undefined,
  interpretation: undefined,
  referenceRange: undefined,
};

function replace({ resources }: Reading, old: Converted, next: Converted): void {
  resources[resources.indexOf(old)] = trimmed(next);
}

const isOf = (one: Converted, code: string): boolean =>
  (one['code'] as CodeableConcept | undefined)?.coding?.some((coding) => coding.code === code) === true;

const isTogether = (one: Converted, other: Converted): boolean =>
  one['effectiveDateTime'] === other['effectiveDateTime'] && one['status'] === other['status'];

const listOf = (one: Converted, name: string): readonly unknown[] => (one[name] ?? []) as readonly unknown[]; // ours

const componentOf = (one: Converted): object =>
  trimmed({
    code: one['code'],
    valueQuantity: one['valueQuantity'],
    dataAbsentReason: one['dataAbsentReason'],
    interpretation: one['interpretation'],
    referenceRange: one['referenceRange'],
  });
