/** A stored version as delivery looks at it: what it is found by, whom it concerns, and what of it may be shown. */
import { parseJson } from '../fhir/json.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import {
  obligationsBy,
  POLICIES,
  REFERRAL_PURPOSE,
  type Obligation,
  type Policy,
} from '../policies/index.ts';
import type { PresentVersion } from '../ports/rail.ts';
import { PATIENT_PARAM } from '../resources/compartment.ts';
import { typeOf } from '../resources/element.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { matches } from '../resources/match.ts';
import { searchValues } from '../resources/search-values.ts';
import type { Criteria } from '../resources/subscription-rules.ts';

/**
 * Which criteria select a resource: they look at nothing but the resource itself, so its values are taken once for all of
 * them. `at`: its commit, in milliseconds.
 */
export function selectorOf(ref: Ref, resource: Resource, at: number): (criteria: Criteria) => boolean {
  const type = typeOf(ref);
  const subject = { ref, type, values: searchValues(resource, type), updated: at };
  return (criteria) => criteria.type === type && matches(criteria.where, subject);
}

/** The patients in whose compartments a resource is. */
export function compartmentPatientsIn(ref: Ref, resource: Resource): readonly Ref[] {
  const type = typeOf(ref);
  return searchValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment)
    .filter(({ param }) => param === PATIENT_PARAM)
    .map(({ low }) => low as Ref); // values of this parameter are references
}

/**
 * Shows stored texts: as they are stored, unless the type has something to hide from a sight, or a policy obliges the server
 * to add something. Numbers keep their literals all the same.
 */
export function createPresent(policies: readonly Policy[] = POLICIES): PresentVersion {
  const obligationsOf = obligationsBy(policies);
  return ({ ref, text, custodian }, sight) => {
    if (text === undefined) throw new Error(`${ref} is deleted: there is nothing to show`);
    const declared = RESOURCE_TYPES.get(typeOf(ref));
    const isTold = !sight.everything && custodian !== '' && custodian !== sight.organization;
    const obliges = isTold ? obligationsOf : undefined;
    if (declared?.show === undefined && obliges === undefined) return text;
    const { plain, storing } = parseJson(text);
    const own = sight.everything || declared?.belongsTo?.(plain, ref) === sight.organization;
    const shown = declared?.show?.(storing, own) ?? storing;
    if (obliges === undefined || sight.everything) return JSON.stringify(shown);
    const what = { type: typeOf(ref), ref };
    const about = {
      what,
      from: custodian || undefined,
      to: sight.organization,
      purpose: REFERRAL_PURPOSE,
      content: plain,
    };
    return JSON.stringify(withLabels(shown, obliges(about)));
  };
}

function withLabels(resource: Resource, obligations: readonly Obligation[]): Resource {
  if (obligations.length === 0) return resource;
  const { security = [], ...meta } = resource.meta ?? {};
  return {
    ...resource,
    meta: { ...meta, security: [...security, ...obligations.map(({ label }) => label)] },
  };
}

/** Shows stored texts by the policies of this server. */
export const present: PresentVersion = createPresent();
