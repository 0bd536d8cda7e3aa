/** Reach: what a write says of how referrals pass through a resource, and who leaves a referral without a write. */
import type { Ref } from '../fhir/types.ts';

/**
 * How a referral reaches a resource. The engine keeps the graph and, for every organization that is a party of a root,
 * grants sight of everything the root reaches. Directory resources carry `'everyone'` instead.
 */
export interface Reach {
  /** Organizations that are parties of this resource as a root (a referral Task past draft). */
  readonly parties: readonly Ref[];
  /** Resources that this one carries the referral to (`Task.focus`). */
  readonly outward: readonly Ref[];
  /** Resources that carry the referral to this one (`Appointment.basedOn`). */
  readonly inward: readonly Ref[];
  /**
   * Resources that this one names and that are reached by it only where the same organization keeps both, and where not
   * everyone sees them (a private party in its keeper's own content).
   */
  readonly named?: readonly Ref[];
  /** A directory resource: every authenticated organization sees it. Decided anew by every write. */
  readonly everyone: boolean;
}

/** Without a new version of it, an organization is a party of a root no longer, until a version names it again. */
export type Leave = Readonly<Record<'root' | 'organization', Ref>>;
