/**
 * Services that have to do with health although no provider renders them: help with social needs, counseling, education and
 * prevention programmes (compliance B03). By the categories of US Core, the codes of social needs, and the guide for
 * prevention programmes (BSeR) that an order claims.
 */
import type { Coding, Resource } from '../fhir/types.ts';

const SNOMED = 'http://snomed.info/sct';

/** http://hl7.org/fhir/us/core/ValueSet/us-core-servicerequest-category, as far as a community organization renders it. */
const CATEGORIES: readonly (readonly [system: string, code: string])[] = [
  ['http://hl7.org/fhir/us/core/CodeSystem/us-core-tags', 'sdoh'],
  [SNOMED, '410606002'], // social service procedure
  [SNOMED, '409063005'], // counseling
  [SNOMED, '409073007'], // education
  [SNOMED, '386053000'], // evaluation
];

/** ICD-10-CM Z55 to Z65: persons with potential health hazards related to socioeconomic and psychosocial circumstances. */
const SOCIAL_NEED = /^Z(?:5[5-9]|6[0-5])/;
const ICD10CM = 'http://hl7.org/fhir/sid/icd-10-cm';

const PREVENTION = 'http://hl7.org/fhir/us/bser/StructureDefinition/';

interface Concept {
  readonly coding?: readonly Coding[];
}

const codingsIn = (value: unknown): readonly Coding[] =>
  [value].flat().flatMap((concept) => (concept as Concept | undefined)?.coding ?? []); // validated structure

/** Whether an order is for such a service. */
export function isHealthService(order: Resource | undefined): boolean {
  if (order === undefined) return false;
  if (order.meta?.profile?.some((profile) => profile.startsWith(PREVENTION)) === true) return true;
  const named = (codings: readonly Coding[]): boolean =>
    codings.some(({ system, code }) => CATEGORIES.some(([of, one]) => of === system && one === code));
  const isSocialNeed = ({ system, code = '' }: Coding): boolean =>
    system === ICD10CM && SOCIAL_NEED.test(code);
  return (
    named(codingsIn(order['category'])) ||
    [...codingsIn(order['code']), ...codingsIn(order['reasonCode'])].some(isSocialNeed)
  );
}
