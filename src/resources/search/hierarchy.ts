/**
 * `:below` and `:above` on references (http://hl7.org/fhir/R4/search.html#reference): "Procedure?location:below=42" finds
 * what was done at Location/42 and at the locations that are part of it. A hierarchy is what a type's own parameter makes
 * of it: Location.partOf, Organization.partOf and their like.
 */
import type { Clause } from '../../ports/query.ts';
import { searchParameters } from '../search-parameters.ts';

/** Steps up or down that are looked at. */
const HIERARCHY_MAX = 8;

const PARENTS: readonly string[] = ['partof', 'part-of'];

/** The parameter by which a resource of the type names the one it is part of; undefined when the type has none. */
export function parentOf(type: string): string | undefined {
  const parameters = searchParameters(type);
  return PARENTS.find((code) => parameters.get(code)?.targets?.includes(type) === true);
}

/** `param` refers to `Type/id`, or to something that is part of it. */
export function below(param: string, ref: string, type: string, parent: string): Clause {
  let inside: Clause = { kind: 'reference', param: parent, to: [ref] };
  for (let step = 1; step < HIERARCHY_MAX; step += 1) {
    inside = {
      kind: 'any',
      of: [
        { kind: 'reference', param: parent, to: [ref] },
        { kind: 'chain', param: parent, types: [type], where: inside },
      ],
    };
  }
  return {
    kind: 'any',
    of: [
      { kind: 'reference', param, to: [ref] },
      { kind: 'chain', param, types: [type], where: inside },
    ],
  };
}

/** `param` refers to `Type/id`, or to something it is part of. */
export function above(param: string, ref: string, type: string, parent: string): Clause {
  const self: Clause = { kind: 'id', ids: [ref.slice(type.length + 1)] };
  let around: Clause = { kind: 'has', type, param: parent, where: self };
  for (let step = 1; step < HIERARCHY_MAX; step += 1) {
    around = { kind: 'has', type, param: parent, where: { kind: 'any', of: [self, around] } };
  }
  return {
    kind: 'any',
    of: [
      { kind: 'reference', param, to: [ref] },
      { kind: 'chain', param, types: [type], where: around },
    ],
  };
}
