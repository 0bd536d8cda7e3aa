/** Answers what an engine of the store asks about narrowed scopes. */
import type { ScopeJudge } from '../ports/scope-judge.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { RESOURCE_TYPES } from './index.ts';
import { matches } from './match.ts';
import { searchValues } from './search-values.ts';

export const SCOPE_JUDGE: ScopeJudge = {
  valuesIn(text) {
    const resource = parseStored(text);
    const type = resource.resourceType;
    return searchValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment);
  },
  satisfies: matches,
};
