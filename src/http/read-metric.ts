/** A metric that is counted elsewhere, as a table describes it. */

/** A metric that is counted elsewhere: how it is read off each of them. */
export interface ReadMetric<T> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (traffic: T) => readonly (readonly [labels: Record<string, string>, value: number])[];
}
