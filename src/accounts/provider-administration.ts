/**
 * Providers put on record (identity 8): by an administrator of the organization whose own they are, or of the installation. A
 * change of who comes in, or how, ends the sessions that came in before it.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { IdentityProvider } from '../identity/external.ts';
import { faultsOfProvider } from '../identity/external-faults.ts';
import type { Seal } from '../identity/seal.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { ProviderAdministration, ProviderAsked, ProviderAsker, ProviderRow } from '../ports/sign-on.ts';
import type { Store } from '../ports/store.ts';
import { findAccount, findMembership } from './accounts.ts';
import { identityEntry } from './audit.ts';
import { commitUnlessChanged } from './changes.ts';
import { credentialsOf, ofKind } from './credentials.ts';
import { sessionsOfProvider } from './outside-sessions.ts';
import {
  findEhrs,
  findProvider,
  listProviders,
  providerPlace,
  providerRemoval,
  providerWrite,
  type KnownProvider,
} from './providers.ts';
import type { Sessions } from './sessions.ts';

interface ProviderParts {
  readonly store: Store;
  readonly sessions: Pick<Sessions, 'end'>;
  readonly seal: () => Promise<Seal | undefined>;
  /** A new key of this server: the private half as the text of a JWK, the public half as a JWK. */
  readonly makeKey: () => {
    readonly secret: string;
    readonly publicKey: NonNullable<IdentityProvider['publicKey']>;
  };
}

/** A name in addresses: it stays when the provider is called otherwise. */
const KEY = /^[a-z0-9][a-z0-9-]{0,39}$/;
const SECRET_MAX = 1000;

export const createProviderAdministration = (parts: ProviderParts): ProviderAdministration => ({
  async list({ over }) {
    const found = await listProviders(parts.store.snapshot(), over === 'installation' ? undefined : over);
    return found.map(rowOf);
  },
  put: (asker, asked) => putProvider(parts, asker, asked),
  async remove(asker, key) {
    const known = await readOwn(parts, asker, key);
    if (known === undefined)
      throw new OperationOutcomeError('not-found', { diagnostics: 'There is no such provider.' });
    await commitChange(parts, asker, known, providerRemoval(known), 'removed');
    await endSessions(parts, asker, key);
  },
});

const rowOf = ({ sealed, version: _version, ...shown }: KnownProvider): ProviderRow => ({
  ...shown,
  hasSecret: sealed !== undefined,
});

const invalid = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('parameter-invalid', { diagnostics });

/**
 * A provider that the asker may change; undefined where there is none.
 *
 * @throws OperationOutcomeError `account-not-yours` where it is also of an organization that is not the asker's
 */
async function readOwn(
  { store }: ProviderParts,
  { over }: ProviderAsker,
  key: string,
): Promise<KnownProvider | undefined> {
  const known = await findProvider(store.snapshot(), key);
  if (known === undefined || over === 'installation' || known.organizations.every((one) => one === over))
    return known;
  throw new OperationOutcomeError('account-not-yours', {
    diagnostics: 'The name is taken by a provider of another organization.',
  });
}

async function putProvider(
  parts: ProviderParts,
  asker: ProviderAsker,
  asked: ProviderAsked,
): Promise<ProviderRow> {
  const { key } = asked;
  const told = toldOf(asked);
  if (!KEY.test(key))
    throw invalid('The name of a provider in addresses is a-z, 0-9 and hyphens, 40 at most.');
  const known = await readOwn(parts, asker, key);
  const proof = withTrial(told, known);
  const faults = faultsOfProvider(
    { ...told, proof },
    asker.over === 'installation' ? undefined : [asker.over],
  );
  if (faults.length > 0) throw invalid(faults.join(' '));
  await checkLaunches(parts, asked);
  await checkEmergency(parts, asked);
  const provider: IdentityProvider = { ...told, proof, ...(await secretOf(parts, asked, known)) };
  await commitChange(
    parts,
    asker,
    { ...provider, key },
    providerWrite(key, provider, known?.version ?? 'absent'),
    'put',
  );
  if (known !== undefined && changesEntry(known, provider)) await endSessions(parts, asker, key);
  return rowOf({ ...provider, key, version: 0 });
}

/**
 * Who gets in without the provider can do so today: an active member with a passkey (identity ID-49).
 *
 * @throws OperationOutcomeError `parameter-invalid`
 */
async function checkEmergency(
  { store }: ProviderParts,
  { emergencyAccount: id, organizations: [organization] }: ProviderAsked,
): Promise<void> {
  if (id === undefined || organization === undefined) return;
  const snapshot = store.snapshot();
  const account = await findAccount(snapshot, id);
  const member = await findMembership(snapshot, id, organization);
  const passkeys = ofKind(await credentialsOf(snapshot, id), 'passkey').filter(
    ({ suspended }) => suspended !== true,
  );
  if (account?.state !== 'active' || member?.status !== 'active' || passkeys.length === 0)
    throw invalid('The emergency account is an active member of the organization with a passkey.');
}

/** Of two EHRs with one `iss` nobody could tell which launches. @throws OperationOutcomeError `parameter-invalid` */
async function checkLaunches({ store }: ProviderParts, { key, issuer, ehr }: ProviderAsked): Promise<void> {
  const others = ehr === undefined ? [] : await findEhrs(store.snapshot(), issuer);
  if (others.some((other) => other.key !== key)) throw invalid('Another EHR on record has this issuer.');
}

/** What an administrator says of a provider: neither its secret nor what is made for it. */
const toldOf = ({
  name,
  issuer,
  organizations,
  clientId,
  credential,
  scopes,
  rules,
  proof,
  justInTime,
  emailDomains,
  endsSessionThere,
  emergencyAccount,
  ehr,
  status,
}: ProviderAsked): IdentityProvider => ({
  name,
  issuer,
  organizations,
  clientId,
  credential,
  scopes,
  rules,
  proof,
  justInTime,
  emailDomains,
  endsSessionThere,
  ...(emergencyAccount !== undefined && { emergencyAccount }),
  ...(ehr !== undefined && { ehr }),
  status,
});

/** The rule of proof with the outcome of its trial, which holds while the rule and the issuer are the same. */
function withTrial(
  { proof, issuer }: IdentityProvider,
  known: KnownProvider | undefined,
): IdentityProvider['proof'] {
  if (proof.kind !== 'level') return proof;
  const before = known?.issuer === issuer && known.proof.kind === 'level' ? known.proof : undefined;
  const isSame = before !== undefined && before.any.join(' ') === proof.any.join(' ');
  const trial = isSame ? before.trial : undefined;
  return { kind: 'level', any: proof.any, ...(trial !== undefined && { trial }) };
}

/** The secret as it is kept: a new one, the one from before, or a key of ours that is made for it. */
async function secretOf(
  { seal: open, makeKey }: ProviderParts,
  { key, credential, secret }: ProviderAsked,
  known: KnownProvider | undefined,
): Promise<Pick<IdentityProvider, 'sealed' | 'publicKey'>> {
  if (credential === 'none') return {};
  const { sealed, publicKey } = known?.credential === credential ? known : {};
  if (sealed !== undefined && secret === undefined)
    return { sealed, ...(publicKey !== undefined && { publicKey }) };
  const seal = await open();
  if (seal === undefined)
    throw new OperationOutcomeError('busy', {
      diagnostics: 'The key of the store is not there: see the setting keyFile.',
    });
  const close = (text: string): string => seal.close(Buffer.from(text), providerPlace(key));
  if (credential === 'private_key_jwt') {
    const made = makeKey();
    return { sealed: close(made.secret), publicKey: made.publicKey };
  }
  if (secret === undefined || secret === '' || secret.length > SECRET_MAX)
    throw invalid('This credential needs the shared secret.');
  return { sealed: close(secret) };
}

/** Whether a change is about who comes in, or how. */
const changesEntry = (before: IdentityProvider, after: IdentityProvider): boolean =>
  after.status !== 'active' || JSON.stringify(entryOf(before)) !== JSON.stringify(entryOf(after));

const entryOf = ({ issuer, clientId, organizations, rules, proof, ehr }: IdentityProvider): unknown => [
  issuer,
  clientId,
  organizations,
  rules,
  proof,
  ehr,
];

async function commitChange(
  { store }: ProviderParts,
  { agent, requestId }: ProviderAsker,
  { key, issuer, organizations }: Pick<KnownProvider, 'key' | 'issuer' | 'organizations'>,
  write: RecordWrite,
  change: 'put' | 'removed',
): Promise<void> {
  const row = identityEntry('issuer-changed', {
    actor: agent,
    requestId,
    detail: { provider: key, issuer, change, organizations: organizations.join(' ') },
    entities: organizations,
    viewers: organizations,
  });
  if (await commitUnlessChanged(store, auditedCommit([row], { records: [write] }))) return;
  throw new OperationOutcomeError('write-conflict', {
    diagnostics: 'Somebody changed the provider meanwhile.',
  });
}

async function endSessions(
  { store, sessions }: ProviderParts,
  by: ProviderAsker,
  key: string,
): Promise<void> {
  for (const { id } of await sessionsOfProvider(store.snapshot(), key)) await sessions.end(id, by);
}
