/**
 * Own logins where an organization's provider has taken their place (identity ID-49): who has come in by the provider comes in by
 * it alone, but for one account of the organization, which gets in by a passkey when the provider is down. That is an alarm.
 */
import type { Amr } from '../identity/assurance.ts';
import { planWorkItem } from '../operations/work-item.ts';
import { buildWrite } from '../operations/write/commit.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { Snapshot } from '../ports/store.ts';
import { findAccount, membershipsInForce } from './accounts.ts';
import type { AccountParts } from './acting.ts';
import { identityEntry } from './audit.ts';
import type { By } from './changes.ts';
import { externalIdentitiesOf } from './external-identities.ts';
import { listProviders, type KnownProvider } from './providers.ts';

/** `passkey-only`: it is the emergency account, which nothing but a passkey opens. */
type OwnLogin = 'open' | 'closed' | 'passkey-only' | { readonly emergency: KnownProvider };

interface OwnLoginParts extends Pick<
  AccountParts,
  'store' | 'clock' | 'newId' | 'selectRecipients' | 'committed'
> {
  /** Says it to the operator. */
  readonly warn: (about: { readonly account: string; readonly provider: string }) => void;
}

export type OwnLogins = ReturnType<typeof createOwnLogins>;

export function createOwnLogins(parts: OwnLoginParts) {
  return {
    /** Whether a person whose factors were right comes in by them. */
    judge: (account: string, ways: readonly Amr[]): Promise<OwnLogin> => judge(parts, account, ways),
    /** Tells the organization and the operator of a login in an emergency; before it begins. */
    raise: (account: string, provider: KnownProvider, by: By): Promise<void> =>
      raise(parts, account, provider, by),
  };
}

async function judge({ store, clock }: OwnLoginParts, id: string, ways: readonly Amr[]): Promise<OwnLogin> {
  const snapshot = store.snapshot();
  const account = await findAccount(snapshot, id);
  const memberships = await membershipsInForce(snapshot, id, clock.now());
  const closing = await Promise.all(memberships.map(({ organization }) => closingOf(snapshot, organization)));
  const emergency = closing.flat().find((provider) => provider.emergencyAccount === id);
  if (emergency !== undefined)
    return ways.includes('hwk') || ways.includes('swk') ? { emergency } : 'passkey-only';
  // A patient, or who keeps the installation, or works elsewhere as well, has no provider for that.
  const isElsewhere =
    account?.administrator === true ||
    account?.links.some(({ ref }) => !ref.startsWith('Practitioner/')) === true;
  if (isElsewhere || closing.length === 0 || closing.some((providers) => providers.length === 0))
    return 'open';
  const known = new Set((await externalIdentitiesOf(snapshot, id)).map(({ provider }) => provider));
  // Whom the provider has never let in would be shut out: such a login stays, to link.
  return closing.every((providers) => providers.some(({ key }) => known.has(key))) ? 'closed' : 'open';
}

/** The providers of an organization beside which its people have no other way in. */
const closingOf = async (
  snapshot: Snapshot,
  organization: KnownProvider['organizations'][number],
): Promise<readonly KnownProvider[]> =>
  (await listProviders(snapshot, organization)).filter(
    ({ status, emergencyAccount }) => status === 'active' && emergencyAccount !== undefined,
  );

/** The accounts that organizations keep for an emergency: they rest for long, and are not suspended for it. */
export async function emergencyAccounts(snapshot: Snapshot): Promise<ReadonlySet<string>> {
  const providers = await listProviders(snapshot);
  return new Set(providers.flatMap(({ emergencyAccount }) => emergencyAccount ?? []));
}

async function raise(
  { store, clock, newId, selectRecipients, committed, warn }: OwnLoginParts,
  account: string,
  { key, organizations }: KnownProvider,
  { agent, requestId }: By,
): Promise<void> {
  const now = clock.now();
  const planned = organizations.map((owner) =>
    planWorkItem(newId(), {
      kind: 'emergency-login',
      says: `The account ${account}, which is kept for an emergency, logged in beside the provider ${key}. Ask who did it, and why.`,
      authoredOn: new Date(now).toISOString(),
      owner,
    }),
  );
  const row = identityEntry('login', {
    actor: agent,
    requestId,
    account,
    detail: { provider: key, emergency: 'true' },
    viewers: organizations,
    entities: planned.map(({ ref }) => `${ref}/_history/0`),
  });
  const outbox = await selectRecipients(planned, [], now);
  await store.commit(auditedCommit([row], { writes: planned.map(buildWrite), outbox }));
  committed(planned.map(({ ref }) => ref));
  warn({ account, provider: key });
}
