/** Numbers of a storing tree, which keeps the digits they were written with. */

/** A number as it was written. */
export const numberText = (value: unknown): string => (JSON.isRawJSON(value) ? value.rawJSON : String(value));

/** A number to calculate with: that of `1.0` is no plain number. */
export const plainNumberOf = (value: unknown): number => Number(numberText(value));
