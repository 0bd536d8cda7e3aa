/**
 * The trial of a rule about levels (identity ID-47): an administrator of the provider's organization logs in there once without
 * and once with the second factor, and the record keeps what was said each time. Until both are there, and tell the two
 * apart, the rule proves nothing.
 */
import { identityEntry } from './audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutsideLogin } from '../ports/sign-on.ts';
import type { Store } from '../ports/store.ts';
import { membershipsInForce } from './accounts.ts';
import { commitUnlessChanged, type By } from './changes.ts';
import { findExternalIdentity } from './external-identities.ts';
import { providerWrite, type KnownProvider } from './providers.ts';

interface Trial {
  readonly provider: KnownProvider;
  readonly login: OutsideLogin;
  readonly step: 'without' | 'with';
  readonly by: By;
}

/** @returns whether it was kept: the rule is about levels, and who logged in administers one of the organizations */
export async function noteTrial(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  { provider, login, step, by }: Trial,
): Promise<boolean> {
  const { key, version, ...record } = provider;
  const { proof } = record;
  const snapshot = store.snapshot();
  const identity = await findExternalIdentity(snapshot, login.issuer, login.subject);
  if (proof.kind !== 'level' || identity === undefined) return false;
  const memberships = await membershipsInForce(snapshot, identity.account, clock.now());
  const administers = memberships.some(
    ({ organization, roles }) => roles.includes('org-admin') && provider.organizations.includes(organization),
  );
  if (!administers) return false;
  const { methods, level } = login.proof;
  const trial = { ...proof.trial, [step]: { methods, ...(level !== undefined && { level }) } };
  const row = identityEntry('issuer-changed', {
    actor: { ...by.agent, subject: identity.account },
    requestId: by.requestId,
    account: identity.account,
    detail: { provider: key, trial: step, level: level ?? '', methods: methods.join(' ') },
    viewers: provider.organizations,
  });
  const write = providerWrite(key, { ...record, proof: { ...proof, trial } }, version);
  return commitUnlessChanged(store, auditedCommit([row], { records: [write] }));
}
