/** The codes of required bindings, from the generated table. */
import sets from '../generated/value-sets.json' with { type: 'json' };

/** Codes by system. */
export type Codes = Readonly<Record<string, readonly string[]>>;

const ROWS: ReadonlyMap<string, Codes | null> = new Map(Object.entries(sets));

/**
 * The codes of a value set by its short name. Undefined for one that this table does not have, so that it is not
 * checked: UCUM units, media types, LOINC answer lists.
 */
export function codesOf(valueSet: string): Codes | undefined {
  return ROWS.get(valueSet) ?? undefined;
}

/** The value sets of required bindings that cannot be checked here. */
export const UNCHECKED: readonly string[] = [...ROWS]
  .filter(([, codes]) => codes === null)
  .map(([name]) => name);
