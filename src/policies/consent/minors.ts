/**
 * Who signs for a minor under 42 CFR 2.14 (compliance P16): where the law of a state lets a minor apply for treatment alone,
 * the minor alone; else both, the minor and who acts for the minor. The table is empty as shipped: both sign.
 */

/** A state whose law lets a minor of an age apply for treatment alone. */
interface MinorAlone {
  /** Two letters, as `Address.state`. */
  readonly state: string;
  /** From this age on, in years. */
  readonly age: number;
  readonly law: string;
}

const MINORS_ALONE: readonly MinorAlone[] = [];

/** Whoever is younger is a minor. */
const ADULT_AGE = 18;

type Signers = 'patient' | 'both';

/** Whose signatures a consent under Part 2 needs. An unknown age is an adult's, an unknown state has no row. */
export function signersFor(
  { age, state }: { readonly age: number | undefined; readonly state: string | undefined },
  table: readonly MinorAlone[] = MINORS_ALONE,
): Signers {
  if (age === undefined || age >= ADULT_AGE) return 'patient';
  return table.some((row) => row.state === state && age >= row.age) ? 'patient' : 'both';
}
