/** Memberships (identity ID-3): an administrator gives an account roles in an organization, changes them, and ends them. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { AccountLink } from '../identity/account.ts';
import { MEMBERSHIPS_MAX, SITES_MAX, withRoles, type UserMembership } from '../identity/membership.ts';
import { commitPlanned } from '../operations/write/commit.ts';
import type { Acting, MembershipAsked } from '../ports/accounts.ts';
import { auditedCommit } from '../ports/commit.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { RecordWrite } from '../ports/record.ts';
import { parseStored } from '../ports/stored-resource.ts';
import type { Snapshot } from '../ports/store.ts';
import { localRef, typeOf } from '../resources/element.ts';
import { MEMBER_KIND } from '../resources/parties/standing.ts';
import {
  ACCOUNT_KIND,
  accountWrite,
  findMembership,
  membershipsOf,
  membershipWrite,
  type KnownAccount,
} from './accounts.ts';
import { checkSeparated, type AccountParts } from './acting.ts';
import { identityEntry } from './audit.ts';
import { returnClaimed } from './claimed-work.ts';
import { sittingsIn } from './endings.ts';
import { peopleOf, readAdministered } from './life.ts';

/** Departments and sites that narrow a membership (identity ID-59). */
const SITE_TYPES: ReadonlySet<string> = new Set(['Organization', 'Location', 'HealthcareService']);

const invalid = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('parameter-invalid', { diagnostics });

/** @throws OperationOutcomeError `not-found` for an organization that the asker does not administer, or that is no member */
export async function checkTenant(
  snapshot: Pick<Snapshot, 'record'>,
  { over }: Pick<Acting, 'over'>,
  organization: Ref,
): Promise<void> {
  const isTheirs = over === 'installation' || over === organization;
  if (isTheirs && (await snapshot.record(MEMBER_KIND, organization)) !== undefined) return;
  throw new OperationOutcomeError('not-found', { diagnostics: `${organization} is no member here.` });
}

/** A membership as it will be, and the links that come with its PractitionerRole. */
interface PlannedMembership {
  readonly membership: UserMembership;
  readonly links: readonly AccountLink[];
}

/** @throws OperationOutcomeError for what cannot be */
export async function planMembership(
  snapshot: Pick<Snapshot, 'read'>,
  before: UserMembership,
  asked: MembershipAsked,
  acting: Pick<Acting, 'over'>,
  now: number,
): Promise<PlannedMembership> {
  // What has ended comes back by naming its roles anew.
  const held = before.status === 'active' ? before : { roles: [], rolesSince: {} };
  const { organization, roles = held.roles, practitionerRole, sites } = asked;
  const from = asked.from ?? before.from;
  const until = asked.until ?? before.until;
  if (roles.length === 0)
    throw new OperationOutcomeError('field-missing', { diagnostics: 'at least one role' });
  if (from !== undefined && until !== undefined && until <= from) throw invalid('until is after from');
  const links =
    practitionerRole === undefined ? [] : await personOf(snapshot, practitionerRole, organization, acting);
  if (sites !== undefined) await checkSites(snapshot, sites, organization);
  const role = practitionerRole ?? before.practitionerRole;
  const narrowed = sites ?? before.sites ?? [];
  const { account } = before;
  const bare: UserMembership = {
    account,
    organization,
    roles: held.roles,
    rolesSince: held.rolesSince,
    status: 'active',
    ...(role !== undefined && { practitionerRole: role }),
    ...(narrowed.length > 0 && { sites: narrowed }),
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
  };
  return { membership: withRoles(bare, roles, now), links };
}

/**
 * The Practitioner of a PractitionerRole of the organization, as a link. What another organization wrote names nobody here.
 *
 * @throws OperationOutcomeError `parameter-invalid`, `not-custodian`
 */
async function personOf(
  snapshot: Pick<Snapshot, 'read'>,
  ref: Ref,
  organization: Ref,
  { over }: Pick<Acting, 'over'>,
): Promise<readonly AccountLink[]> {
  const version = typeOf(ref) === 'PractitionerRole' ? await snapshot.read(ref, EVERYTHING) : undefined;
  if (version?.text === undefined) throw invalid(`${ref} is no PractitionerRole here`);
  const role = parseStored(version.text);
  if (version.custodian !== organization)
    throw new OperationOutcomeError('not-custodian', {
      diagnostics: `${ref} is no role of ${organization}.`,
    });
  const practitioner = localRef(role['practitioner']);
  if (practitioner === undefined) return [];
  const person = await snapshot.read(practitioner, EVERYTHING);
  if (person?.text === undefined) return [];
  // Somebody of the directory, or of another keeper, would sign here in a name that nobody here vouches for.
  if (person.custodian !== organization && over !== 'installation')
    throw new OperationOutcomeError('not-custodian', {
      diagnostics: `${practitioner} is kept by another: an administrator there links it.`,
    });
  return [{ ref: practitioner, custodian: person.custodian }];
}

async function checkSites(
  snapshot: Pick<Snapshot, 'read'>,
  sites: readonly Ref[],
  organization: Ref,
): Promise<void> {
  if (sites.length > SITES_MAX) throw invalid(`at most ${SITES_MAX} sites`);
  for (const site of sites) {
    const version = SITE_TYPES.has(typeOf(site)) ? await snapshot.read(site, EVERYTHING) : undefined;
    const isKnown = version?.text !== undefined && ['', organization].includes(version.custodian);
    if (!isKnown) throw invalid(`${site} is no department or site of ${organization}`);
  }
}

/** The account with these links beside those it has. */
export const withLinks = (
  { links }: Pick<KnownAccount, 'links'>,
  more: readonly AccountLink[],
): readonly AccountLink[] => [...links, ...more.filter((one) => !links.some(({ ref }) => ref === one.ref))];

/** What stood for a person who had no membership yet. */
export const newMembership = (account: string, organization: Ref): UserMembership => ({
  account,
  organization,
  roles: [],
  rolesSince: {},
  status: 'ended',
});

/**
 * Gives or changes a membership.
 *
 * @throws OperationOutcomeError `not-found`, `self-approval`, `account-state`, and what planMembership throws
 */
export async function setMembership(
  parts: AccountParts,
  acting: Acting,
  asked: MembershipAsked & { readonly account: string },
): Promise<UserMembership> {
  const { result } = await commitPlanned(parts, async (snapshot) => {
    const account = await readAdministered(snapshot, acting, asked.account);
    await checkTenant(snapshot, acting, asked.organization);
    checkSeparated('own-roles', acting, account.id, parts);
    if (account.state === 'deactivated')
      throw new OperationOutcomeError('account-state', { diagnostics: 'The account is deactivated.' });
    const known = await findMembership(snapshot, account.id, asked.organization);
    const all = known === undefined ? await membershipsOf(snapshot, account.id) : [];
    if (all.length >= MEMBERSHIPS_MAX) throw invalid(`at most ${MEMBERSHIPS_MAX} memberships`);
    const before = known ?? newMembership(account.id, asked.organization);
    const { membership, links } = await planMembership(snapshot, before, asked, acting, parts.clock.now());
    const after = withLinks(account, links);
    const isLinked = after.length > account.links.length;
    const records: RecordWrite[] = [
      membershipWrite(membership, known?.version ?? 'absent'),
      ...(isLinked ? [accountWrite(account.id, { ...account, links: after }, account.version)] : []),
    ];
    const relied = isLinked ? [] : [{ kind: ACCOUNT_KIND, key: account.id, version: account.version }];
    const entry = permissionEntry(acting, membership, links);
    return {
      commit: auditedCommit([entry], { records, recordPreconditions: relied }),
      templates: new Map(),
      membership,
    };
  });
  return result.membership;
}

/** The row of a membership as it is now. */
export const permissionEntry = (
  { agent, requestId }: Pick<Acting, 'agent' | 'requestId'>,
  membership: UserMembership,
  links: readonly AccountLink[] = [],
) =>
  identityEntry('permission-changed', {
    actor: agent,
    requestId,
    account: membership.account,
    detail: {
      organization: membership.organization,
      roles: membership.status === 'ended' ? '' : membership.roles.join(' '),
      ...(membership.sites !== undefined && { sites: membership.sites.join(' ') }),
      ...(links.length > 0 && { linked: links.map(({ ref }) => ref).join(' ') }),
    },
    entities: [membership.organization, ...links.map(({ ref }) => ref)],
    viewers: [membership.organization],
  });

/**
 * Ends a membership: the sittings in that organization end, and what the person had claimed of its work goes back.
 *
 * @throws OperationOutcomeError `not-found`, `self-approval`
 */
export async function endMembership(
  parts: AccountParts,
  acting: Acting,
  asked: { readonly account: string; readonly organization: Ref },
): Promise<{ readonly returned: number }> {
  const { organization } = asked;
  const { result } = await commitPlanned(parts, async (snapshot) => {
    const account = await readAdministered(snapshot, acting, asked.account);
    const known = await findMembership(snapshot, account.id, organization);
    const isTheirs = acting.over === 'installation' || acting.over === organization;
    if (known?.status !== 'active' || !isTheirs)
      throw new OperationOutcomeError('not-found', { diagnostics: 'There is no such membership.' });
    checkSeparated('own-roles', acting, account.id, parts);
    const { key: _key, version, ...body } = known;
    const membership: UserMembership = { ...body, status: 'ended' };
    const work = await returnClaimed(snapshot, parts.selectRecipients, {
      people: peopleOf(account, [known]),
      organization,
      now: parts.clock.now(),
    });
    const records = [
      membershipWrite(membership, version),
      ...(await sittingsIn(snapshot, account.id, organization)),
    ];
    const entry = permissionEntry(acting, membership);
    const touched = work.writes.map(({ ref }) => ref);
    const entities = [...entry.entities, ...touched.map((ref) => `${ref}/_history/0`)];
    return {
      commit: auditedCommit([{ ...entry, entities }], { ...work, records }),
      templates: new Map(),
      touched,
    };
  });
  if (result.touched.length > 0) parts.committed(result.touched);
  return { returned: result.touched.length };
}
