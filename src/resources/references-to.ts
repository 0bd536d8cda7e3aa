/**
 * The search for resources that refer to one resource, in the server's own sight. Rules, delivery and the party world
 * use it.
 */
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING, type Query } from '../ports/query.ts';

/**
 * @param param the reference parameter of `type`
 * @param count the largest number of resources to find
 */
export const referencesTo = (type: string, param: string, to: Ref, count: number): Query => ({
  type,
  where: { kind: 'reference', param, to: [to] },
  sort: [],
  sight: EVERYTHING,
  count,
  offset: 0,
  total: false,
});
