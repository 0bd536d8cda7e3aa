/** FHIRPath for constraints of profiles: evaluates expressions of HL7 or of this project on one value of a resource. */
import { FhirPathFault, type Expression, type FhirPath } from '../fhirpath.ts';
import { toExpression } from './expression.ts';
import type { Around } from './profile-check.ts';

/** The answers of an engine, once it is loaded. */
export function evaluatorOf(engine: FhirPath): Required<Pick<Around, 'evaluate' | 'locate'>> {
  return {
    evaluate: (expression, node, { resource, place }) =>
      attempt(() => {
        const { path, variables } = pathOf(toExpression(resource, node.place.slice(place.length)));
        const compiled: Expression = engine.compile(`${path}.all(${expression})`, { source: 'own' });
        return compiled.evaluate(resource, variables)[0] === true;
      }),
    locate: (expression, resource) =>
      attempt(() =>
        engine
          .compile(expression, { source: 'own' })
          .locate(resource)
          ?.map(({ path }) => path.map((part) => `/${part}`).join('')),
      ),
  };
}

/** Indices are variables, so that an expression is compiled once for all members of a list. */
function pathOf(expression: string): { readonly path: string; readonly variables: Record<string, number> } {
  const variables: Record<string, number> = {};
  const path = expression.replaceAll(/\[(\d+)\]/g, (_match, index: string) => {
    const name = `at${Object.keys(variables).length}`;
    variables[name] = Number(index);
    return `[%${name}]`;
  });
  return { path, variables };
}

/** Functions that cannot be evaluated here (`resolve()`, `memberOf()`) make the answer unknown. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof FhirPathFault) return undefined;
    throw error;
  }
}
