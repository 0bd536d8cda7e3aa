/**
 * Definitions that come with this server instead of being written to it: read by whoever may read their type, changed by
 * nobody. A source gives the resource of a reference, or none.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { idOf, typeOf } from '../resources/element.ts';
import { packagedDefinition } from '../resources/packaged.ts';
import { packagedConsent } from './consent-forms.ts';
import { OPERATIONS } from './extended/index.ts';
import { buildOperationDefinition } from './extended/operation.ts';
import { ownDefinition } from './own-definitions.ts';
import type { Packaged } from './context.ts';

const SOURCES: readonly Packaged[] = [
  operationDefinition,
  ownDefinition,
  packagedDefinition,
  packagedConsent,
];

export const findPackaged: Packaged = (ref) => {
  for (const source of SOURCES) {
    const found = source(ref);
    if (found !== undefined) return found;
  }
  return undefined;
};

function operationDefinition(ref: Ref): Resource | undefined {
  const operation = typeOf(ref) === 'OperationDefinition' ? OPERATIONS.get(idOf(ref)) : undefined;
  return operation === undefined ? undefined : (buildOperationDefinition(operation) as unknown as Resource); // an OperationDefinition is a resource
}
