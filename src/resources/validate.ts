/**
 * Whether a resource is what it says it is: R4's structure on every write, and the profiles it claims
 * (http://hl7.org/fhir/R4/validation.html; D7, rules 5.3).
 */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Resource } from '../fhir/types.ts';
import { checkStructure } from './validation/check.ts';
import { toExpression } from './validation/expression.ts';
import type { Around } from './validation/profile-check.ts';
import { checkProfiles } from './validation/profile.ts';
import type { Found } from './validation/run.ts';

export type { Around } from './validation/profile-check.ts';

export interface ValidateOptions extends Around {
  /** `claimed` (the default): also by the profiles in `meta.profile` that this server knows. */
  readonly profiles?: 'claimed' | 'none';
  /** Canonicals by which the resource is judged as well, whatever it claims. */
  readonly against?: readonly string[];
}

/**
 * What is wrong with a resource; empty when nothing is. Only details of severity `error` (or none given) forbid the
 * write: a claimed profile that is not known here is `information`. Profiles are looked at when the structure is sound.
 */
export function validateResource(resource: Resource, options: ValidateOptions = {}): readonly IssueDetail[] {
  const run = checkStructure(resource);
  const structural = run.found.length > 0 || options.profiles === 'none';
  const found = structural ? run.found : checkProfiles(run, resource, options, options.against);
  return found.map((each) => describe(resource, each));
}

function describe(resource: Resource, { code, type, severity, place, says }: Found): IssueDetail {
  const expression = toExpression(resource, place);
  return { code, type, severity, expression: [expression], diagnostics: `${expression}: ${says}` };
}
