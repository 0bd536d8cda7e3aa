/**
 * What a row of the table of settings is made of: a kind (how its text is read, what is allowed), a default, a meaning,
 * and the values that are unsafe. A row's names follow from its key: `bodyBytesMax` is the variable `BODY_BYTES_MAX`
 * and the flag `--body-bytes-max`.
 */
export interface Setting<T> {
  readonly kind: 'text' | 'integer' | 'choice' | 'list' | 'switch';
  readonly fallback: T;
  readonly meaning: string;
  /** What is allowed, in words; ends an error and stands in the docs. */
  readonly allowed: string;
  /** The value, or undefined when the text is not allowed. */
  readonly parse: (text: string) => T | undefined;
  /** Why this value is unsafe; undefined when it is not. Said by name at every start. */
  readonly unsafe?: ((value: T) => string | undefined) | undefined;
  /** Never printed. */
  readonly secret?: boolean | undefined;
}

export type ValueOf<S> = S extends Setting<infer T> ? T : never;

interface Extras<T> {
  readonly unsafe?: (value: T) => string | undefined;
  readonly secret?: boolean;
  /** Words for what is allowed, and the test. */
  readonly shape?: readonly [allowed: string, test: (text: string) => boolean];
}

/** Any text; an empty text is the same as absent. */
export function text(fallback: string, meaning: string, extras?: Extras<string>): Setting<string>;
export function text(
  fallback: undefined,
  meaning: string,
  extras?: Extras<string | undefined>,
): Setting<string | undefined>;
export function text(
  fallback: string | undefined,
  meaning: string,
  { shape, ...extras }: Extras<string> | Extras<string | undefined> = {},
): Setting<string> | Setting<string | undefined> {
  const parse = (given: string): string | undefined =>
    shape === undefined || shape[1](given) ? given : undefined;
  // The two overloads differ only in whether the fallback, and so the value, may be absent.
  return {
    kind: 'text',
    fallback,
    meaning,
    allowed: shape?.[0] ?? 'any text',
    parse,
    ...extras,
  } as Setting<string>;
}

/** A whole number from `low` to `high`, both included. */
export function integer(
  fallback: number,
  [low, high]: readonly [low: number, high: number],
  meaning: string,
  extras: Extras<number> = {},
): Setting<number> {
  const parse = (given: string): number | undefined => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return value >= low && value <= high ? value : undefined;
  };
  return {
    kind: 'integer',
    fallback,
    meaning,
    allowed: `a whole number from ${low} to ${high}`,
    parse,
    ...extras,
  };
}

/** One of a few words; the first is the default. */
export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  meaning: string,
  extras: Extras<W[number]> = {},
): Setting<W[number]> {
  const parse = (given: string): W[number] | undefined => words.find((word) => word === given);
  return { kind: 'choice', fallback: words[0], meaning, allowed: words.join(' or '), parse, ...extras };
}

/** Texts with commas between them; in the settings file also a JSON array. */
export function list(
  fallback: readonly string[],
  meaning: string,
  { shape, ...extras }: Extras<readonly string[]> = {},
): Setting<readonly string[]> {
  const parse = (given: string): readonly string[] | undefined => {
    const parts = given.split(',').flatMap((part) => part.trim() || []);
    return shape === undefined || parts.every(shape[1]) ? parts : undefined;
  };
  const allowed = `${shape?.[0] ?? 'texts'}, with commas between them`;
  return { kind: 'list', fallback, meaning, allowed, parse, ...extras };
}

/** On or off. `--flag` alone is on, `--no-flag` is off. */
export function onOff(fallback: boolean, meaning: string, extras: Extras<boolean> = {}): Setting<boolean> {
  const words: Readonly<Record<string, boolean>> = { on: true, true: true, off: false, false: false };
  const parse = (given: string): boolean | undefined => words[given];
  return { kind: 'switch', fallback, meaning, allowed: 'on or off', parse, ...extras };
}

/** `bodyBytesMax` → `BODY_BYTES_MAX`. */
export const variableOf = (name: string): string => name.replaceAll(/[A-Z]/g, '_$&').toUpperCase();

/** `bodyBytesMax` → `--body-bytes-max`. */
export const flagOf = (name: string): string => `--${variableOf(name).toLowerCase().replaceAll('_', '-')}`;
