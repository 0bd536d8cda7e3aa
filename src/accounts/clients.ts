/** Clients in the store: registered, approved, suspended; what they are listed by, and when they were last used (smart 8). */
import { hash } from 'node:crypto';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { clientIndex, type Client } from '../identity/client.ts';
import { readRegistration, type ClientMetadata, type RegistrationRules } from '../identity/registration.ts';
import type { ClientActing, ClientAdministration, RegistrationResult } from '../ports/clients.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import type { Snapshot, Store } from '../ports/store.ts';
import { faultOfScopes } from '../resources/scope-faults.ts';
import { beyondCeiling } from '../smart/ceiling.ts';
import { INTROSPECT_SCOPE } from '../smart/server-scopes.ts';
import { identityEntry } from './audit.ts';
import type { By } from './changes.ts';

const KIND = 'client';
const USE_KIND = 'client-use';
const INITIAL_KIND = 'registration-token';

/** What ends with a client (smart SM-68). */
const BOUND = ['access-token', 'refresh-token', 'code', 'app-grant'] as const;

/** How long a one-time token for a registration counts. */
const INITIAL_LIFE_MS = 7 * 86_400_000;

export interface ClientParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
  /** Bytes that nobody can guess. */
  readonly random: (count: number) => Buffer;
  /** The FHIR base, for scopes that name resources of this server. */
  readonly base: string;
  /** The word that makes an administrator. */
  readonly administratorScope: string;
}

interface KnownClient {
  readonly id: string;
  readonly version: number;
  readonly client: Client;
}

const knownOf = ({ key, version, body }: StoredRecord): KnownClient => ({
  id: key,
  version,
  client: body as Client, // this file writes nothing else
});

const writeOf = (id: string, client: Client, expect: RecordWrite['expect']): RecordWrite => ({
  kind: KIND,
  key: id,
  expect,
  body: client,
  index: clientIndex(client),
});

/** The registration of a client, whatever its state. */
async function findKnownClient(
  source: Pick<Snapshot, 'record'>,
  id: string,
): Promise<KnownClient | undefined> {
  const found = await source.record(KIND, id);
  return found && knownOf(found);
}

/** All clients; of an organization, or of everybody. */
async function listClients(
  source: Pick<Snapshot, 'records'>,
  organization: Ref | undefined,
): Promise<readonly KnownClient[]> {
  if (organization !== undefined)
    return (await allRecords(source, KIND, 'organization', organization)).map(knownOf);
  const states = ['requested', 'active', 'suspended'];
  const found = await Promise.all(states.map((state) => allRecords(source, KIND, 'status', state)));
  return found.flat().map(knownOf);
}

/** When a client last got a token, in milliseconds since 1970; 0: never. */
export async function lastClientUse(source: Pick<Snapshot, 'record'>, id: string): Promise<number> {
  const found = await source.record(USE_KIND, id);
  return (found?.body as { at?: number } | undefined)?.at ?? 0;
}

/** The write that notes when a client was last used; callers write it once an hour at most, so the time is not exact. */
export const clientUseWrite = (id: string, at: number): RecordWrite => ({
  kind: USE_KIND,
  key: id,
  expect: 'any',
  body: { at },
});

/** Who registers a client, and within what. */
export interface Registering extends By {
  readonly status: Client['status'];
  readonly organization: Ref | undefined;
  readonly ceiling?: readonly string[] | undefined;
  /** Written in the same commit: the one-time token that is used up. */
  readonly records?: readonly RecordWrite[];
}

/** Registers a client by its metadata, or says why not. */
export async function registerClient(
  { store, clock, random, base, administratorScope }: ClientParts,
  metadata: ClientMetadata,
  { status, organization, ceiling, agent, requestId, records = [] }: Registering,
): Promise<RegistrationResult> {
  const secret = random(32).toString('base64url');
  const rules: RegistrationRules = {
    status,
    organization,
    ceiling,
    approvedBy: status === 'requested' ? '' : agent.subject || agent.client,
    now: clock.now(),
    secretHash: hash('sha256', secret, 'hex'),
    faultOfScopes: (text) => {
      const fault = faultOfScopes(text, base, administratorScope);
      return fault && `${fault.scope} ${fault.why}`;
    },
    isOfMachines: (word) => word === INTROSPECT_SCOPE,
    beyond: beyondCeiling,
  };
  const read = readRegistration(metadata, rules);
  if ('error' in read) return read;
  const id = random(16).toString('base64url');
  const row = identityEntry('client-changed', {
    actor: agent,
    requestId,
    client: id,
    detail: { state: status, kind: read.client.kind },
    viewers: organization === undefined ? [] : [organization],
  });
  await store.commit(auditedCommit([row], { records: [writeOf(id, read.client, 'absent'), ...records] }));
  return { id, client: read.client, secret: read.client.kind === 'symmetric' ? secret : undefined };
}

/**
 * Approves, suspends or takes back a client. Whoever is suspended loses all tokens and grants in the same commit (smart SM-68).
 *
 * @throws OperationOutcomeError `not-found`
 */
async function setClientStatus(
  { store, clock }: Pick<ClientParts, 'store' | 'clock'>,
  id: string,
  status: 'active' | 'suspended',
  { agent, requestId, over }: ClientActing,
): Promise<Client> {
  const snapshot = store.snapshot();
  const found = await findKnownClient(snapshot, id);
  if (found === undefined || (over !== 'installation' && found.client.organization !== over))
    throw new OperationOutcomeError('not-found', { diagnostics: 'There is no such client.' });
  const { client: before, version } = found;
  const client: Client = {
    ...before,
    status,
    ...(before.approvedBy === '' && status === 'active' && { approvedBy: agent.subject || agent.client }),
    // Who approves a machine again does so for another year (identity ID-60).
    ...(before.expiresAt !== undefined &&
      status === 'active' && { expiresAt: clock.now() + 365 * 86_400_000 }),
  };
  const ended = status === 'suspended' ? await endingOf(snapshot, id) : [];
  const row = identityEntry('client-changed', {
    actor: agent,
    requestId,
    client: id,
    detail: { from: before.status, state: status },
    viewers: before.organization === undefined ? [] : [before.organization],
  });
  await store.commit(auditedCommit([row], { records: [writeOf(id, client, version), ...ended] }));
  return client;
}

/** What takes all tokens and grants of a client away. */
async function endingOf(snapshot: Pick<Snapshot, 'records'>, id: string): Promise<readonly RecordWrite[]> {
  const found = await Promise.all(BOUND.map((kind) => allRecords(snapshot, kind, 'client', id)));
  return found.flat().map(({ kind, key }) => ({ kind, key, expect: 'any', body: undefined }));
}

/** What operations and commands administer. */
export const createClientAdministration = (
  parts: ClientParts & { readonly rotateKeys: (by: By) => Promise<readonly string[]> },
): ClientAdministration => ({
  async list({ over }) {
    const snapshot = parts.store.snapshot();
    const found = await listClients(snapshot, over === 'installation' ? undefined : over);
    return Promise.all(
      found.map(async ({ id, client }) => ({ id, client, lastUsedAt: await lastClientUse(snapshot, id) })),
    );
  },
  register: (acting, metadata, organization) =>
    registerClient(parts, metadata, { ...acting, status: 'active', organization }),
  invite: (acting, scopes, organization) =>
    makeInitialToken(parts, { scopes, ...(organization !== undefined && { organization }) }, acting),
  setStatus: (acting, id, status) => setClientStatus(parts, id, status, acting),
  rotateKeys: (by) => parts.rotateKeys(by),
});

// — one-time tokens for a registration (RFC 7591, 1.2: initial access tokens)

/** What an initial access token permits. */
interface InitialAccess {
  readonly organization?: Ref;
  readonly scopes: readonly string[];
  readonly by: string;
}

/** Makes a one-time token by which a client of an organization can be registered, within these scopes. */
async function makeInitialToken(
  { store, clock, random }: ClientParts,
  access: Omit<InitialAccess, 'by'>,
  { agent, requestId }: By,
): Promise<string> {
  const token = random(32).toString('base64url');
  const body: InitialAccess = { ...access, by: agent.subject || agent.client };
  const record: RecordWrite = {
    kind: INITIAL_KIND,
    key: initialKey(token),
    expect: 'absent',
    body,
    expiresAt: clock.now() + INITIAL_LIFE_MS,
  };
  const row = identityEntry('client-changed', { actor: agent, requestId, detail: { state: 'invited' } });
  await store.commit(auditedCommit([row], { records: [record] }));
  return token;
}

const initialKey = (token: string): string => hash('sha256', token, 'base64url');

/** What a one-time token permits, and the write that uses it up. */
export async function findInitialToken(
  source: Pick<Snapshot, 'record'>,
  token: string,
): Promise<{ readonly access: InitialAccess; readonly used: RecordWrite } | undefined> {
  const found = await source.record(INITIAL_KIND, initialKey(token));
  if (found === undefined) return undefined;
  const { kind, key, version } = found;
  return { access: found.body as InitialAccess, used: { kind, key, expect: version, body: undefined } }; // this file writes it
}
