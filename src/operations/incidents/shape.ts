/**
 * The work item of an incident that somebody reported (baa-messaging VR7): what is known of it, and its clocks, as inputs of
 * the Task. Patients and deliveries stand there as texts, so that the item carries nobody's record.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { TOLD_PARTIES, type BreachClock, type ToldParty } from '../../policies/breach-clocks.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { isClosedItem } from '../work-item.ts';

/** The system of the parties who must be told of a breach: the clocks of an incident, and what its outputs say of each. */
export const BREACH_CLOCK_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/breach-clock';

/** Patients, and deliveries, that one item lists. */
export const LISTED_MAX = 2000;

/** What is known of an incident. */
export interface IncidentFacts {
  /** Milliseconds since 1970. */
  readonly discovered: number;
  readonly vendors: readonly Ref[];
  readonly patients: readonly Ref[];
  /** Individuals: as many as are listed, or more. */
  readonly individuals: number;
  /** Numbers of deliveries, as their AuditEvents have them. */
  readonly deliveries: readonly string[];
  /** What was added later, in plain words. */
  readonly added: readonly string[];
}

/** A clock as the item has it. Milliseconds since 1970. */
export interface StoredClock {
  readonly tells: ToldParty;
  readonly by: number;
  /** The paragraph of the law, and what it asks. */
  readonly says: string;
}

const LABELS = {
  discovered: 'Discovered',
  vendor: 'Vendor',
  patient: 'Patient',
  delivery: 'Delivery',
  individuals: 'Individuals',
  added: 'Added',
} as const;

interface Line {
  readonly type?: { readonly text?: string; readonly coding?: readonly { system?: string; code?: string }[] };
  readonly valueString?: string;
  readonly valueCode?: string;
  readonly valueInstant?: string;
  readonly valueDateTime?: string;
  readonly valueUnsignedInt?: number;
  readonly valueReference?: unknown;
}

const linesIn = (item: Resource, element: 'input' | 'output'): readonly Line[] =>
  (item[element] ?? []) as readonly Line[]; // it was validated, or the server wrote it

/** What an item says. One that the server opened by itself says nothing of the discovery before a person does. */
export function factsIn(
  item: Resource,
): Omit<IncidentFacts, 'discovered'> & { readonly discovered: number | undefined } {
  const lines = linesIn(item, 'input');
  const of = (text: string): readonly Line[] => lines.filter(({ type }) => type?.text === text);
  const textsOf = (text: string): readonly string[] =>
    of(text).flatMap(({ valueString }) => (valueString === undefined ? [] : [valueString]));
  const [discovered] = of(LABELS.discovered);
  const patients = textsOf(LABELS.patient) as readonly Ref[]; // the server wrote them
  return {
    discovered: discovered?.valueInstant === undefined ? undefined : Date.parse(discovered.valueInstant),
    vendors: of(LABELS.vendor).flatMap(({ valueReference }) => localRef(valueReference) ?? []),
    patients,
    individuals: of(LABELS.individuals)[0]?.valueUnsignedInt ?? patients.length,
    deliveries: textsOf(LABELS.delivery),
    added: textsOf(LABELS.added),
  };
}

const instant = (ms: number): string => new Date(ms).toISOString();
const labelled = (text: string, value: object) => ({ type: { text }, ...value });

/** Who is told, as a type of inputs and outputs. */
export const clockType = (tells: ToldParty, text: string) => ({
  coding: [{ system: BREACH_CLOCK_SYSTEM, code: tells }],
  text,
});

/** The inputs of an item, whole. */
export const inputsOf = (facts: IncidentFacts, clocks: readonly BreachClock[]): readonly object[] => [
  labelled(LABELS.discovered, { valueInstant: instant(facts.discovered) }),
  ...clocks.map(({ tells, by, law, says }) => ({
    type: clockType(tells, `${law}: ${says}`),
    valueInstant: instant(by),
  })),
  labelled(LABELS.individuals, { valueUnsignedInt: facts.individuals }),
  ...facts.vendors.map((reference) => labelled(LABELS.vendor, { valueReference: { reference } })),
  ...facts.patients.slice(0, LISTED_MAX).map((valueString) => labelled(LABELS.patient, { valueString })),
  ...facts.deliveries.slice(0, LISTED_MAX).map((valueString) => labelled(LABELS.delivery, { valueString })),
  ...facts.added.map((valueString) => labelled(LABELS.added, { valueString })),
];

function tellsOf({ type }: Line): ToldParty | undefined {
  const code = type?.coding?.find(({ system }) => system === BREACH_CLOCK_SYSTEM)?.code ?? '';
  return Object.hasOwn(TOLD_PARTIES, code) ? (code as ToldParty) : undefined; // one of them
}

export const clocksIn = (item: Resource): readonly StoredClock[] =>
  linesIn(item, 'input').flatMap((line) => {
    const tells = tellsOf(line);
    return tells === undefined || line.valueInstant === undefined
      ? []
      : [{ tells, by: Date.parse(line.valueInstant), says: line.type?.text ?? '' }];
  });

/** The label of the output that says what the assessment came to. */
export const INCIDENT_RESULT = 'result';

/** What the last assessment of an item came to; undefined before the first. */
export const resultIn = (item: Resource): string | undefined =>
  linesIn(item, 'output').findLast(({ type }) => type?.text === INCIDENT_RESULT)?.valueCode;

/** Who has been told, by the outputs of an item. */
export const toldIn = (item: Resource): ReadonlySet<ToldParty> =>
  new Set(linesIn(item, 'output').flatMap((line) => tellsOf(line) ?? []));

/** The clocks that still run: of an incident that is open, for whoever has not been told. */
export function runningClocks(item: Resource): readonly StoredClock[] {
  const told = toldIn(item);
  return isClosedItem(item) ? [] : clocksIn(item).filter(({ tells }) => !told.has(tells));
}

/** The organizations that an item is about, as its focus or among its inputs. */
export const partiesNamedIn = (item: Resource): ReadonlySet<Ref> =>
  new Set(
    [item['focus'], ...valuesAt(item, 'input.valueReference')]
      .map(localRef)
      .filter((ref) => ref !== undefined),
  );
