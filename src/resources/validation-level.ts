/**
 * How much is asked of what is written, per type: the setting `validation`, rows such as `*:claimed` and
 * `ServiceRequest:required` (rules 5.3); and which types may be referred to although they are not served.
 */

/** From the least to the most; each asks for what the ones before it ask for, too. */
export const LEVELS = ['off', 'structural', 'claimed', 'required'] as const;

/**
 * - `off`: the elements of R4, each of its JSON type. Formats, cardinality, codes, targets and invariants are not asked.
 * - `structural`: R4 complete, and extensions that are known.
 * - `claimed`: also the profiles in `meta.profile` that are known.
 * - `required`: also one of the profiles of the type's declaration, whether it is claimed or not.
 */
export type Level = (typeof LEVELS)[number];

const ROW = /^(?<type>\*|[A-Z][A-Za-z]+):(?<level>off|structural|claimed|required)$/;

/** A row's type (`*` for every other) and level; undefined when it is no row. */
export function parseLevelRow(row: string): readonly [type: string, level: Level] | undefined {
  const { type, level } = ROW.exec(row)?.groups ?? {};
  const known = LEVELS.find((each) => each === level);
  return type === undefined || known === undefined ? undefined : [type, known];
}

/** The level of a type: its own row goes before `*`, a later one before an earlier. Without any it is `claimed`. */
export function levelFor(rows: readonly string[], type: string): Level {
  let general: Level = 'claimed';
  let own: Level | undefined;
  for (const row of rows) {
    const [of, level] = parseLevelRow(row) ?? [];
    if (level === undefined) continue;
    if (of === '*') general = level;
    else if (of === type) own = level;
  }
  return own ?? general;
}

const REFERABLE = /^(?<type>\*|[A-Z][A-Za-z]+):referable$/;

/** The type of a row such as `Account:referable`: it is not served, and may be referred to all the same. */
export const parseReferableRow = (row: string): string | undefined => REFERABLE.exec(row)?.groups?.['type'];

/** Whether a relative reference to a type that is not served is taken as it is. */
export const isReferableType = (rows: readonly string[], type: string): boolean =>
  rows.some((row) => [type, '*'].includes(parseReferableRow(row) ?? ''));
