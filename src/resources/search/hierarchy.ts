/**
 * `:below` and `:above` on references (http://hl7.org/fhir/R4/search.html#reference): "Procedure?location:below=42"
 * finds procedures at Location/42 and at the locations that are part of it. A hierarchy follows a type's own parameter:
 * Location.partOf, Organization.partOf and the like.
 */
import type { Clause } from '../../ports/query.ts';
import { searchParameters } from '../search-parameters.ts';

/** The number of steps up or down that are followed. */
const HIERARCHY_MAX = 8;

const PARENTS: readonly string[] = ['partof', 'part-of'];

/** The parameter by which a resource of the type names its whole; undefined when the type has none. */
export function parentOf(type: string): string | undefined {
  const parameters = searchParameters(type);
  return PARENTS.find((code) => parameters.get(code)?.targets?.includes(type) === true);
}

/** The clause: `param` refers to `Type/id`, or to a part of it. */
export function belowClause(param: string, ref: string, type: string, parent: string): Clause {
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

/** The clause: `param` refers to `Type/id`, or to a whole of which it is part. */
export function aboveClause(param: string, ref: string, type: string, parent: string): Clause {
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
