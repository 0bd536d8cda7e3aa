/** Bounds of a claim of outbox entries: whose are passed over, and how many one organization is told at a time. */
import type { Ref } from '../fhir/types.ts';

/** Receivers that are being served. */
export type Passed = ReadonlySet<Ref>;

/** How many of the deliveries under way may be told to one organization, and how many are already. */
export interface ClaimShare {
  readonly perOrganizationMax: number;
  readonly serving: ReadonlyMap<Ref, number>;
}
