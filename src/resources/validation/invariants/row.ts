/** An invariant in this language, and the vocabulary of the tables of invariants. */
export type Tree = Readonly<Record<string, unknown>>;

export interface Invariant {
  readonly key: string;
  readonly says: string;
  readonly holds: (value: Tree) => boolean;
}

export const UCUM = 'http://unitsofmeasure.org';

export const row = (key: string, says: string, holds: Invariant['holds']): Invariant => ({
  key,
  says,
  holds,
});
export const together = (key: string, one: string, other: string): Invariant =>
  row(key, `${one} needs ${other}`, (value) => !has(value, one) || has(value, other));
export const atLeastOne = (key: string, ...names: readonly string[]): Invariant =>
  row(key, `one of ${names.join(', ')} must be there`, (value) => names.some((name) => has(value, name)));
export const notBoth = (key: string, one: string, other: string): Invariant =>
  row(key, `${one} and ${other} exclude each other`, (value) => !has(value, one) || !has(value, other));
export const oneOf = (key: string, one: string, other: string): Invariant =>
  row(
    key,
    `exactly one of ${one} and ${other} must be there`,
    (value) => has(value, one) !== has(value, other),
  );
export const notNegative = (key: string, name: string): Invariant =>
  row(key, `${name} must not be negative`, (value) => !(Number(value[name]) < 0));
export const notAtHome = (key: string, name: string): Invariant =>
  row(key, `${name} of an organization is never of use home`, (value) =>
    treesOf(value, name).every(({ use }) => use !== 'home'),
  );

/** Whether an element is present: by its value, or by extensions in place of it; `value[x]` in any of its types. */
export function has(value: Tree, name: string): boolean {
  if (!name.endsWith('[x]')) return value[name] !== undefined || value[`_${name}`] !== undefined;
  const start = name.slice(0, -3);
  return Object.keys(value).some((property) => {
    const plain = property.replace(/^_/, '');
    return plain.startsWith(start) && /^[A-Z]/.test(plain.slice(start.length));
  });
}

export function treeOf(value: Tree, name: string): Tree {
  return (value[name] ?? {}) as Tree; // asked only of what is sound, and only of structures
}

export function treesOf(value: Tree, name: string): readonly Tree[] {
  return (value[name] ?? []) as readonly Tree[]; // asked only of what is sound, and only of lists of structures
}

export function listOf(value: Tree, name: string): readonly unknown[] {
  return (value[name] ?? []) as readonly unknown[]; // asked only of what is sound, and only of lists
}

export function codings(value: Tree, name: string): readonly Tree[] {
  return treesOf(treeOf(value, name), 'coding');
}

export function isDistinct(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}
