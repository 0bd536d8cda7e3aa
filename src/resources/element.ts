/** Small readings of elements that several declarations share. */
import type { Ref } from '../fhir/types.ts';

const LOCAL = /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** `Type/id` of a local literal Reference (versioned or not); undefined for any other. */
export function localRef(reference: unknown): Ref | undefined {
  const literal = (reference as { reference?: unknown } | null | undefined)?.reference;
  return typeof literal === 'string' ? localRefOf(literal) : undefined;
}

/** `Type/id` of a local literal; undefined for absolute, contained, urn and malformed ones. */
export function localRefOf(literal: string): Ref | undefined {
  const match = LOCAL.exec(literal);
  return match === null ? undefined : `${match[1] ?? ''}/${match[2] ?? ''}`;
}

/** `Task` of `Task/1`. */
export const typeOf = (ref: string): string => ref.slice(0, ref.indexOf('/'));

/** `1` of `Task/1`. */
export const idOf = (ref: string): string => ref.slice(ref.indexOf('/') + 1);

/** The values at a dotted element path; lists are walked. `item*` is `item`, `item.item` and so on. */
export function valuesAt(tree: unknown, path: string): readonly unknown[] {
  return path
    .split('.')
    .reduce<readonly unknown[]>(
      (nodes, name) => (name.endsWith('*') ? repeat(nodes, name.slice(0, -1)) : children(nodes, name)),
      [tree],
    );
}

function children(nodes: readonly unknown[], name: string): readonly unknown[] {
  return nodes.flatMap((node) => {
    const value = (node as Record<string, unknown> | null)?.[name];
    return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  });
}

/** Bounded by the depth of the tree, which the parser bounds. */
function repeat(nodes: readonly unknown[], name: string): readonly unknown[] {
  const below = children(nodes, name);
  return below.length === 0 ? [] : [...below, ...repeat(below, name)];
}
