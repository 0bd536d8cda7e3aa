/**
 * The setting `validation`, rows such as `*:claimed` and `ServiceRequest:required`: how much the server checks on a
 * write, per type (rules 5.3), and the types to which a resource may refer although the server does not have them.
 */

/** From the least to the most; each level includes the checks of those before it. */
export const LEVELS = ['off', 'structural', 'claimed', 'required'] as const;

/**
 * - `off`: the elements of R4, each of its JSON type. Formats, cardinality, codes, targets and invariants are not asked.
 * - `structural`: R4 complete, and extensions that are known.
 * - `claimed`: also the profiles in `meta.profile` that are known.
 * - `required`: also one of the profiles of the type's declaration, whether it is claimed or not.
 */
export type Level = (typeof LEVELS)[number];

const ROW = /^(?<type>\*|[A-Z][A-Za-z]+):(?<level>off|structural|claimed|required)$/;

/** A row's type (`*` for every other) and level; undefined when the text is no row. */
export function parseLevelRow(row: string): readonly [type: string, level: Level] | undefined {
  const { type, level } = ROW.exec(row)?.groups ?? {};
  const known = LEVELS.find((each) => each === level);
  return type === undefined || known === undefined ? undefined : [type, known];
}

/** The level of a type: its own row overrides `*`, and a later row an earlier one. Without any row it is `claimed`. */
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

/**
 * The type of a row such as `Parameters:referable`: the server does not have it, and resources may refer to it all the
 * same.
 */
export const parseReferableRow = (row: string): string | undefined => REFERABLE.exec(row)?.groups?.['type'];

/** Whether a relative reference to a type that the server does not have is accepted. */
export const isReferableType = (rows: readonly string[], type: string): boolean =>
  rows.some((row) => [type, '*'].includes(parseReferableRow(row) ?? ''));
