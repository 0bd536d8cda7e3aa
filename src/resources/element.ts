/** Small functions that read elements, shared by several declarations. */
import { relativeTo } from '../fhir/reference.ts';
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

/** `Type/id` of a literal that refers to this server, with its address or without; undefined for anything else. */
export const ownRefOf = (base: string, literal: string): Ref | undefined =>
  localRefOf(relativeTo(base, literal));

/** `Task` of `Task/1`. */
export const typeOf = (ref: string): string => ref.slice(0, ref.indexOf('/'));

/** `1` of `Task/1`. */
export const idOf = (ref: string): string => ref.slice(ref.indexOf('/') + 1);

/** The values at a dotted element path; the function walks lists. `item*` is `item`, `item.item` and so on. */
export function valuesAt(tree: unknown, path: string): readonly unknown[] {
  const values: unknown[] = [];
  collect(tree, stepsOf(path), 0, values);
  return values;
}

/** The tree with other values at a dotted element path. The function visits them in the order of `valuesAt`. */
export function mapValuesAt<T>(tree: T, path: string, change: (value: unknown) => unknown): T {
  return mapped(tree, stepsOf(path), 0, change) as T; // the same members
}

function mapped(
  node: unknown,
  steps: readonly Step[],
  at: number,
  change: (value: unknown) => unknown,
): unknown {
  if (node === undefined || node === null) return node;
  if (Array.isArray(node)) return node.map((member) => mapped(member, steps, at, change));
  const step = steps[at];
  if (step === undefined) return change(node);
  const below = (node as Readonly<Record<string, unknown>>)[step.name]; // a primitive has none
  if (below === undefined) return node;
  const once = mapped(below, steps, at + 1, change);
  return { ...node, [step.name]: step.again ? mapped(once, steps, at, change) : once };
}

interface Step {
  readonly name: string;
  /** Whether the element repeats below itself. The parser bounds the depth of the tree. */
  readonly again: boolean;
}

/** Paths of declarations, read once. */
const known = new Map<string, readonly Step[]>();

function stepsOf(path: string): readonly Step[] {
  const steps = known.get(path) ?? path.split('.').map(readStep);
  known.set(path, steps);
  return steps;
}

const readStep = (text: string): Step => ({ name: text.replace('*', ''), again: text.endsWith('*') });

function collect(node: unknown, steps: readonly Step[], at: number, into: unknown[]): void {
  if (node === undefined || node === null) return;
  if (Array.isArray(node)) {
    for (const member of node) collect(member, steps, at, into);
    return;
  }
  const step = steps[at];
  if (step === undefined) {
    into.push(node);
    return;
  }
  const below = (node as Readonly<Record<string, unknown>>)[step.name]; // a primitive has none
  collect(below, steps, at + 1, into);
  if (step.again) collect(below, steps, at, into);
}
