/** The search for whatever refers to one resource, in the server's own sight: what rules, delivery and parties ask. */
import type { Ref } from '../fhir/types.ts';
import type { Query } from '../ports/query.ts';

/** @param param the reference parameter of `type` by which it refers; @param count resources found at most */
export const referencesTo = (type: string, param: string, to: Ref, count: number): Query => ({
  type,
  where: { kind: 'reference', param, to: [to] },
  sort: [],
  sight: { everything: true },
  count,
  offset: 0,
  total: false,
});
