/** What a provider grants, as memberships (identity ID-45, ID-46): its word replaces what stood in its organizations before. */
import type { Ref } from '../fhir/types.ts';
import type { IdentityProvider, OutsideGrants } from '../identity/external.ts';
import { withRoles, type UserMembership } from '../identity/membership.ts';
import type { AuditEntry } from '../ports/audit.ts';
import type { RecordWrite } from '../ports/record.ts';
import { findMembership, membershipWrite, type AccountSource } from './accounts.ts';
import { identityEntry } from './audit.ts';
import type { By } from './changes.ts';
import { sittingsIn } from './endings.ts';

/** Writes of memberships, and their rows. */
interface GrantedMemberships {
  readonly records: readonly RecordWrite[];
  readonly audit: readonly AuditEntry[];
  /** The organizations in which the person now has a role. */
  readonly organizations: readonly Ref[];
}

/**
 * The memberships of an account after its provider has spoken. A provider without rules says who somebody is and nothing of
 * roles: the memberships stay as they are.
 */
export async function grantMemberships(
  source: AccountSource,
  { organizations, rules }: Pick<IdentityProvider, 'organizations' | 'rules'>,
  { account, grants, by, now }: Granting,
): Promise<GrantedMemberships> {
  const records: RecordWrite[] = [];
  const audit: AuditEntry[] = [];
  const remaining: Ref[] = [];
  for (const organization of organizations) {
    const known = await findMembership(source, account, organization);
    const before = known?.status === 'active' ? known : undefined;
    const roles = grants.kind === 'granted' ? (grants.roles.get(organization) ?? []) : [];
    if (rules.length === 0 || (before === undefined && roles.length === 0)) {
      if (before !== undefined) remaining.push(organization);
      continue;
    }
    if (roles.length > 0) remaining.push(organization);
    if (before !== undefined && isSame(before.roles, roles)) continue;
    const after = membershipAfter({ account, organization, roles, known, now });
    records.push(membershipWrite(after, known?.version ?? 'absent'));
    if (roles.length === 0) records.push(...(await sittingsIn(source, account, organization)));
    audit.push(
      identityEntry('permission-changed', {
        actor: by.agent,
        requestId: by.requestId,
        account,
        detail: { organization, roles: roles.join(' '), by: 'provider' },
        entities: [organization],
        viewers: [organization],
      }),
    );
  }
  return { records, audit, organizations: remaining };
}

interface Granting {
  readonly account: string;
  readonly grants: OutsideGrants;
  readonly by: By;
  readonly now: number;
}

const isSame = (before: readonly string[], after: readonly string[]): boolean =>
  before.length === after.length && after.every((role) => before.includes(role));

function membershipAfter({
  account,
  organization,
  roles,
  known,
  now,
}: Pick<UserMembership, 'account' | 'organization' | 'roles'> & {
  readonly known: (UserMembership & { readonly key: string; readonly version: number }) | undefined;
  readonly now: number;
}): UserMembership {
  const fresh: UserMembership = { account, organization, roles: [], rolesSince: {}, status: 'active' };
  if (known === undefined) return withRoles(fresh, roles, now);
  const { key: _key, version: _version, ...before } = known;
  return roles.length === 0
    ? { ...before, status: 'ended' }
    : withRoles({ ...before, status: 'active' }, roles, now);
}
