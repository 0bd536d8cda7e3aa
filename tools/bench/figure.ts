/** The result of a workload: a figure beside its target, or one for information. */

export interface Target {
  readonly at: 'least' | 'most';
  readonly value: number;
}

export interface Figure {
  readonly name: string;
  /** NaN: not measured in this run. */
  readonly value: number;
  /** `/s`, `ms`, `×`, `MB`, `%`. */
  readonly unit: string;
  readonly target?: Target;
  /** Further information: ratios, and the circumstances of the measurement. */
  readonly note?: string;
}

export interface Options {
  /** Larger data sets and longer measurements. */
  readonly full: boolean;
  /** Seconds of one measurement. */
  readonly seconds: number;
  /** For stalls: the cases whose names contain this text. */
  readonly matching?: string;
}

/** Measures one row of the table of figures. */
export type Workload = (options: Options) => Promise<readonly Figure[]>;

export const atLeast = (value: number): Target => ({ at: 'least', value });
export const atMost = (value: number): Target => ({ at: 'most', value });

/** The target; undefined when there is none. */
export function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined || Number.isNaN(value)) return undefined;
  return target.at === 'least' ? value >= target.value : value <= target.value;
}

export function showNumber(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export function showTarget({ target, unit }: Figure): string {
  if (target === undefined) return '';
  return `${target.at === 'least' ? '≥' : '≤'} ${target.value.toLocaleString('en')} ${unit}`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The median of ratios and how far they spread: `0.85 (0.80–0.91)`. */
export function showSpread(values: readonly number[]): string {
  return `${showNumber(median(values))} (${showNumber(Math.min(...values))}–${showNumber(Math.max(...values))})`;
}
