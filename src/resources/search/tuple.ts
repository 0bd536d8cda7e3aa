/**
 * Composite parameters (http://hl7.org/fhir/R4/search.html#combining): values of several elements that belong together.
 * There is one search value for each element of the parameter's root and each code of its first component: `low` is
 * that code, `high` the JSON text of all components, each a list of its own values as `[suffix, low, high]` (ADR 0015).
 */
import type { Resource } from '../../fhir/types.ts';
import { WIDE, type SearchValue } from '../../ports/query.ts';
import { visitElements, type ElementPath, type PresentElement } from './element-path.ts';
import { extractorOf, VALUES_MAX } from './extract.ts';
import type { Component } from './parameter.ts';

/** The number of values of one component that a tuple keeps. */
const PARTS_MAX = 50;

/** One value of a component, and the suffix of the parameter that it would have alone. */
export type Part = readonly [suffix: string, low: string | number, high: string | number];

/** Collects the tuples of a composite. */
export function tuplesOf(
  code: string,
  roots: readonly ElementPath[],
  components: readonly Component[],
): (resource: Resource, into: SearchValue[]) => void {
  return (resource, into) => {
    const first = into.length;
    for (const root of roots) {
      visitElements(resource, root, (element) => {
        const parts = components.map((component) => partsOf(component, element, resource));
        if (parts.some((one) => one.length === 0)) return;
        const high = JSON.stringify(parts);
        for (const low of codesOf(parts[0])) {
          if (into.length - first < VALUES_MAX) into.push({ param: code, low, high });
        }
      });
    }
  };
}

/**
 * Suffixes that a tuple leaves out: those that only modifiers use, because a composite takes none, and marks for the
 * index.
 */
const isLeftOut = (suffix: string): boolean =>
  suffix !== '' && (suffix === ':identifier' || suffix === ':of-type' || suffix.endsWith(WIDE));

function partsOf({ kind, paths }: Component, element: PresentElement, resource: Resource): readonly Part[] {
  const parts: Part[] = [];
  for (const path of paths) {
    const extract = extractorOf(kind, path.datatype);
    if (extract === undefined) continue;
    visitElements(path.fromResource ? resource : element, path, (value) =>
      extract(
        value,
        (low, high, suffix = '') => {
          if (!isLeftOut(suffix) && parts.length < PARTS_MAX) parts.push([suffix, low, high]);
        },
        path.argument,
      ),
    );
  }
  return parts;
}

/** The codes by which the first component is looked up. */
const codesOf = (parts: readonly Part[] = []): ReadonlySet<string> =>
  new Set(parts.flatMap(([suffix, low]) => (suffix === '' ? [String(low)] : [])));

/** The components of a tuple, as read back. */
export const readTuple = (high: string): readonly (readonly Part[])[] =>
  JSON.parse(high) as readonly (readonly Part[])[]; // only tuplesOf writes it
