/** Whether two records are of one person, as far as both say: family name, first given name and birth date. */
import { foldText } from '../fhir/fold.ts';
import type { HumanName, Resource } from '../fhir/types.ts';

interface Named {
  readonly family?: string | undefined;
  readonly given?: readonly string[] | undefined;
}

/** Whether two records are of one person, as far as they say: both name somebody, and nothing contradicts. */
export function isSameRecorded(one: Resource, other: Resource): boolean {
  const { name: names = [], birthDate } = one as { name?: HumanName[]; birthDate?: string }; // validated
  const isNamed = ((other['name'] ?? []) as readonly HumanName[]).length > 0; // validated
  return isNamed && names.some((name) => agrees({ name, birthDate }, other));
}

/** Family name, first given name and birth date, as far as both sides know them. */
export function agrees(
  { name, birthDate }: { readonly name: Named; readonly birthDate?: string | undefined },
  patient: Resource,
): boolean {
  const { name: names = [], birthDate: known } = patient as { name?: HumanName[]; birthDate?: string }; // validated
  return (names.length === 0 || names.some((one) => isSameName(name, one))) && isSameDate(birthDate, known);
}

function isSameName(read: Named, known: HumanName): boolean {
  return (
    isSameWord(read.family, known.family) &&
    isSameWord(read.given?.[0], known.given?.[0]) &&
    (read.family !== undefined || read.given?.[0] !== undefined)
  );
}

const isSameWord = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || foldText(one) === foldText(other);

/** A date without its day says less, not otherwise. */
const isSameDate = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || one.startsWith(other) || other.startsWith(one);
