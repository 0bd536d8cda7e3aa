/**
 * Memberships (identity ID-3): an account's roles in one organization, for a time. The roles of a person are those of the
 * membership chosen for the session; what a resource says of roles permits nothing.
 */
import type { Ref } from '../fhir/types.ts';
import { isRole, ROLES, type Role } from './roles.ts';

export interface UserMembership {
  /** The account's id. */
  readonly account: string;
  readonly organization: Ref;
  readonly roles: readonly Role[];
  /** Since when each role is held: milliseconds since 1970. */
  readonly rolesSince: Readonly<Partial<Record<Role, number>>>;
  /** The PractitionerRole that the person is in this organization. */
  readonly practitionerRole?: Ref;
  /** Departments and sites to which queues and roles are narrowed (identity ID-59); none: all. They narrow no sight. */
  readonly sites?: readonly Ref[];
  /** Milliseconds since 1970, inclusive. */
  readonly from?: number;
  /** Milliseconds since 1970, exclusive. */
  readonly until?: number;
  readonly status: 'active' | 'ended';
}

/** Sites of one membership, at most. */
export const SITES_MAX = 100;

/** Memberships of one account, at most. */
export const MEMBERSHIPS_MAX = 50;

/** A role that a membership can grant. */
export type MemberRole = Exclude<Role, 'sys-admin' | 'patient' | 'proxy'>;

/** Roles of no membership: links make patients and proxies, and the account itself says who keeps the installation. */
const ROLES_WITHOUT_MEMBERSHIP: ReadonlySet<Role> = new Set(['sys-admin', 'patient', 'proxy']);

/** Whether a membership can grant it, and so whether an outside provider may grant it (identity ID-45). */
export const isMemberRole = (text: string): text is MemberRole =>
  isRole(text) && !ROLES_WITHOUT_MEMBERSHIP.has(text);

/** The roles that a membership can grant. */
export const MEMBER_ROLES: readonly MemberRole[] = ROLES.filter(isMemberRole);

/** The roles whose invitations need a code told by another way (identity ID-14). */
export const PRIVILEGED_ROLES: ReadonlySet<Role> = new Set(['org-admin', 'sys-admin', 'compliance']);

/** The key of its record. */
export const membershipKey = (account: string, organization: Ref): string =>
  `${account}~${organization.slice(organization.indexOf('/') + 1)}`;

/** Whether it grants its roles at an instant. */
export const isInForce = (
  { status, from = 0, until = Infinity }: Pick<UserMembership, 'status' | 'from' | 'until'>,
  now: number,
): boolean => status === 'active' && from <= now && now < until;

/** The membership with other roles; each role keeps the day since when it is held. */
export function withRoles(membership: UserMembership, roles: readonly Role[], now: number): UserMembership {
  const unique = MEMBER_ROLES.filter((role) => roles.includes(role));
  const since = unique.map((role) => [role, membership.rolesSince[role] ?? now] as const);
  return { ...membership, roles: unique, rolesSince: Object.fromEntries(since) };
}
