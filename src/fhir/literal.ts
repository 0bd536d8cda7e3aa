/**
 * Numbers that keep their literal. FHIR forbids changing a decimal's precision
 * (http://hl7.org/fhir/R4/json.html#decimal): `1.50` must come back as `1.50`. The storing tree has a `JSON.rawJSON`
 * for each number whose literal differs from what the number prints (D6, rules 3.5).
 */
import type { Body } from './body.ts';
import type { Resource } from './types.ts';

declare global {
  // The type library does not have these yet: https://tc39.es/proposal-json-parse-with-source/
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
    rawJSON(text: string): object;
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}

/** A reviver for `JSON.parse` that makes a storing tree. */
export function keepLiteral(_key: string, value: unknown, context: { source?: string }): unknown {
  const { source } = context;
  return typeof value !== 'number' || source === undefined || source === String(value)
    ? value
    : JSON.rawJSON(source);
}

/** A body from its storing tree. Both trees are the same object when no literal was kept. */
export function bodyOf(storing: Resource): Body {
  return { plain: plainOf(storing), storing };
}

/** The same tree with plain numbers; the same object when nothing has to change. */
export function plainOf<T>(storing: T): T;
export function plainOf(storing: unknown): unknown {
  if (typeof storing !== 'object' || storing === null) return storing;
  if (JSON.isRawJSON(storing)) return Number(storing.rawJSON);
  return Array.isArray(storing) ? plainList(storing) : plainObject(storing);
}

function plainList(list: readonly unknown[]): readonly unknown[] {
  const plain = list.map((member) => plainOf(member));
  return plain.every((member, index) => member === list[index]) ? list : plain;
}

function plainObject(object: object): object {
  let plain: Record<string, unknown> | undefined;
  const members = object as Readonly<Record<string, unknown>>; // of JSON: its own members alone
  for (const name in members) {
    const member = members[name];
    const changed = plainOf(member);
    // -0 equals 0; but here the values are an object (a replaced rawJSON) and a number, so they differ.
    if (changed !== member) (plain ??= { ...object })[name] = changed;
  }
  return plain ?? object;
}
