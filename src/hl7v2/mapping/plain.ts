/** A v2 value as a FHIR string: without the control characters that FHIR forbids, trimmed; undefined when nothing is left. */
export function toFhirString(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const plain = value.replaceAll(FORBIDDEN, '').trim();
  return plain === '' ? undefined : plain;
}

// oxlint-disable-next-line no-control-regex -- these are what the type string does not hold; lone surrogates are no text
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\p{Surrogate}/gu;

/** The object without its undefined members: FHIR knows no empty elements. */
export function filled<Shape extends object>(
  object: Shape,
): { [Key in keyof Shape]: Exclude<Shape[Key], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Shape]: Exclude<Shape[Key], undefined> }; // what was filtered
}

/** The list, or undefined when it is empty. */
export const some = <Item>(items: readonly (Item | undefined)[]): Item[] | undefined => {
  const present = items.filter((item) => item !== undefined);
  return present.length === 0 ? undefined : present;
};
