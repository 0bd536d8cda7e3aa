/**
 * Whether two storing trees are equal: members in any order, list entries in their order, numbers by their literals
 * (D6).
 */

/** Recursion is safe here: the reader bounds the depth of a tree. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other)) return false;
  if (JSON.isRawJSON(one) || JSON.isRawJSON(other))
    return JSON.isRawJSON(one) && JSON.isRawJSON(other) && one.rawJSON === other.rawJSON;
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((member, index) => isSame(member, other[index]));
  }
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
