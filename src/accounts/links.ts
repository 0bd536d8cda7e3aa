/**
 * The links of an account: which Practitioner, Patient or RelatedPerson the person is (identity ID-2). Only an administrator of
 * the organization that keeps the resource makes one, never the person, and never an equal address or name.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { parseDateTime } from '../fhir/datetime.ts';
import { LINKED_TYPES, ACCOUNT_LINKS_MAX, type UserAccount, type AccountLink } from '../identity/account.ts';
import type { Role } from '../identity/roles.ts';
import { commitPlanned } from '../operations/write/commit.ts';
import type { Acting } from '../ports/accounts.ts';
import { auditedCommit } from '../ports/commit.ts';
import { EVERYTHING } from '../ports/query.ts';
import { parseStored } from '../ports/stored-resource.ts';
import type { Snapshot } from '../ports/store.ts';
import { localRef, typeOf } from '../resources/element.ts';
import { accountWrite } from './accounts.ts';
import { checkSeparated, type AccountParts } from './acting.ts';
import { identityEntry } from './audit.ts';
import { readAdministered } from './life.ts';

/** What a link gives now. */
export interface LinkNow extends AccountLink {
  /** Absent for a Practitioner, whose roles are those of memberships. */
  readonly role?: Extract<Role, 'patient' | 'proxy'>;
  /** Whose record it opens: of a Patient the own, of a RelatedPerson that of the patient. */
  readonly patient?: Ref;
}

/**
 * The links that hold now, read anew at each login: the resource is there, kept by whom it was, active and within its period
 * (identity 1).
 */
export async function linksNow(
  { links }: Pick<UserAccount, 'links'>,
  snapshot: Pick<Snapshot, 'read'>,
  now: number,
): Promise<readonly LinkNow[]> {
  const found = await Promise.all(links.map((link) => linkNow(link, snapshot, now)));
  return found.filter((link) => link !== undefined);
}

async function linkNow(
  link: AccountLink,
  snapshot: Pick<Snapshot, 'read'>,
  now: number,
): Promise<LinkNow | undefined> {
  const version = await snapshot.read(link.ref, EVERYTHING);
  if (version?.text === undefined || version.custodian !== link.custodian) return undefined;
  const resource = parseStored(version.text);
  if (resource['active'] === false || !isWithin(resource['period'], now)) return undefined;
  switch (resource.resourceType) {
    case 'Practitioner':
      return link;
    case 'Patient':
      return { ...link, role: 'patient', patient: link.ref };
    default:
      return proxyNow(link, resource, snapshot);
  }
}

/** Somebody acts for a patient as long as both are on record with the same organization. */
async function proxyNow(
  link: AccountLink,
  resource: Resource,
  snapshot: Pick<Snapshot, 'read'>,
): Promise<LinkNow | undefined> {
  const patient = localRef(resource['patient']);
  if (patient === undefined) return undefined;
  const version = await snapshot.read(patient, EVERYTHING);
  if (version?.text === undefined || version.custodian !== link.custodian) return undefined;
  return { ...link, role: 'proxy', patient };
}

function isWithin(period: unknown, now: number): boolean {
  const { start, end } = (period ?? {}) as { readonly start?: string; readonly end?: string }; // a Period, validated
  const from = start === undefined ? undefined : parseDateTime(start)?.low;
  const to = end === undefined ? undefined : parseDateTime(end)?.high;
  return (from === undefined || from <= now) && (to === undefined || now <= to);
}

/**
 * The link that an administrator may make to a resource.
 *
 * @throws OperationOutcomeError `parameter-invalid`, `not-found`, `not-custodian`
 */
export async function linkFor(
  snapshot: Pick<Snapshot, 'read'>,
  { over }: Pick<Acting, 'over'>,
  ref: Ref,
): Promise<AccountLink> {
  if (!LINKED_TYPES.has(typeOf(ref)))
    throw new OperationOutcomeError('parameter-invalid', {
      diagnostics: `An account is linked to ${[...LINKED_TYPES].join(', ')}, not to ${typeOf(ref)}.`,
    });
  const version = await snapshot.read(ref, EVERYTHING);
  if (version?.text === undefined)
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is not here` });
  if (over === 'installation' || version.custodian === over) return { ref, custodian: version.custodian };
  if (typeOf(ref) !== 'Practitioner')
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is not here` });
  throw new OperationOutcomeError('not-custodian', {
    diagnostics: `${ref} is kept by another: an administrator there links it.`,
  });
}

interface LinkAsked {
  readonly account: string;
  readonly ref: Ref;
  readonly remove: boolean;
}

/**
 * Makes or takes away a link.
 *
 * @throws OperationOutcomeError `not-found`, `not-custodian`, `self-approval`, `account-state`, `parameter-invalid`
 */
export async function changeLink(parts: AccountParts, acting: Acting, asked: LinkAsked): Promise<void> {
  await commitPlanned(parts, async (snapshot) => {
    const account = await readAdministered(snapshot, acting, asked.account);
    checkSeparated('own-links', acting, account.id, parts);
    if (account.state === 'deactivated')
      throw new OperationOutcomeError('account-state', { diagnostics: 'The account is deactivated.' });
    const others = account.links.filter(({ ref }) => ref !== asked.ref);
    const link = asked.remove
      ? removable(account.links, asked.ref, acting)
      : await linkFor(snapshot, acting, asked.ref);
    const links = asked.remove ? others : [...others, link];
    if (links.length > ACCOUNT_LINKS_MAX)
      throw new OperationOutcomeError('parameter-invalid', {
        diagnostics: `at most ${ACCOUNT_LINKS_MAX} links`,
      });
    const entry = identityEntry('permission-changed', {
      actor: acting.agent,
      requestId: acting.requestId,
      account: account.id,
      detail: { [asked.remove ? 'unlinked' : 'linked']: asked.ref },
      entities: [asked.ref],
      patients: typeOf(asked.ref) === 'Patient' ? [asked.ref] : [],
      viewers: link.custodian === '' ? [] : [link.custodian],
    });
    const record = accountWrite(account.id, { ...account, links }, account.version);
    return { commit: auditedCommit([entry], { records: [record] }), templates: new Map() };
  });
}

/** A link that is there, and that the administrator may take away. @throws OperationOutcomeError `not-found` */
function removable(links: readonly AccountLink[], ref: Ref, { over }: Acting): AccountLink {
  const link = links.find((one) => one.ref === ref);
  if (link !== undefined && (over === 'installation' || link.custodian === over)) return link;
  throw new OperationOutcomeError('not-found', { diagnostics: `The account has no link to ${ref}.` });
}
