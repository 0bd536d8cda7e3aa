/** Members and the register of identifiers, as an administrator of this machine settles them in a stopped server's folder. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Config } from '../../src/server/config.ts';
import { NPI } from '../../src/fhir/identifier.ts';
import type { Ref } from '../../src/fhir/types.ts';
import { removeMember } from '../../src/operations/write/leaving.ts';
import { admitMember } from '../../src/operations/members.ts';
import { verifyEndpoint } from '../../src/operations/verify-endpoint.ts';
import { endIdentity, verifyIdentity } from '../../src/operations/register.ts';
import { clock } from '../../src/server/time.ts';
import { identityOf, identitySystemOf, type Identity } from '../../src/resources/parties/identity-systems.ts';
import { rowsIn, type EntityType, type RegisterState } from '../../src/resources/parties/register.ts';
import type { ServerStore } from '../../src/stores/index.ts';
import { UsageError } from '../command.ts';
import { withStore as withStoreOf } from './with-store.ts';

export interface Asked {
  /** `member add …`, `register list`, `register verify …`, `register expire …`, `register replace …`. */
  readonly words: readonly string[];
  readonly move: boolean;
  readonly entityType: string | undefined;
  /** Who goes on with the open referrals of a member that leaves. */
  readonly successor: string | undefined;
  readonly config: Config;
}

const STATES: readonly RegisterState[] = ['verified', 'asserted', 'expired', 'revoked'];

/** @throws UsageError for words that are no command */
export async function administerParties(asked: Asked): Promise<void> {
  const { words, config } = asked;
  const [command, action, ...rest] = words;
  if (command === 'verify-endpoint' && action !== undefined && rest.length === 0)
    return verifyAddress(action, config);
  const what = `${command} ${action}`;
  if (what === 'member add' && rest.length > 0) return withStore(config, (store) => addMembers(store, rest));
  if (what === 'register list' && rest.length === 0) return withStore(config, listRegister);
  if (what === 'member remove' && rest.length === 1) return leave(rest[0] ?? '', asked);
  const [system, value, last, ...more] = rest;
  const identity = identityOf({ system, value });
  if (identity !== undefined && more.length === 0) {
    needSystem(identity, config);
    if (what === 'register verify' && last !== undefined) return verify(identity, last, asked);
    if (what === 'register expire' && last === undefined) return end(identity, undefined, config);
    if (what === 'register replace' && last !== undefined && last !== value)
      return end(identity, identityOf({ system, value: last }), config);
  }
  throw new UsageError(
    'member add Organization/ID, member remove Organization/ID, register list, register verify, register expire, register replace or verify-endpoint Endpoint/ID is expected.',
  );
}

/** An identifier of any other system names nobody, whoever verifies it. */
function needSystem({ system }: Identity, { identitySystems }: Config): void {
  if (identitySystemOf(system) !== undefined || identitySystems.includes(system)) return;
  throw new UsageError(
    `${system} is not a system whose identifiers name a party: see docs/directory.md, and the setting identitySystems.`,
  );
}

function leave(text: string, { successor: next, config }: Asked): Promise<void> {
  const organization = refOf(text);
  const successor = next === undefined ? undefined : refOf(next);
  return withStore(config, async (store) => {
    await removeMember({ store, clock, committed: () => undefined }, { organization, successor }, ADMITTING);
    console.log(`${organization} is listed, and no member any more`);
  });
}

function verify(identity: Identity, text: string, { move, entityType, config }: Asked): Promise<void> {
  const holder = refOf(text, ['Organization', 'Practitioner']);
  const type = readEntityType(entityType, identity);
  const verification = { identity, holder, entityType: type, move, examples: config.demo };
  return withStore(config, async (store) => {
    const doubts = await verifyIdentity(
      { store, clock, committed: () => undefined },
      verification,
      ADMITTING,
    );
    for (const { code, diagnostics = '' } of doubts) console.error(`${code}: ${diagnostics}`);
    console.log(`${identity.value} is ${holder}`);
  });
}

const verifyAddress = (text: string, config: Config): Promise<void> =>
  withStore(config, async (store) => {
    const endpoint = refOf(text, ['Endpoint']);
    const outcome = await verifyEndpoint({ store, clock, committed: () => undefined }, endpoint, ADMITTING);
    console.log(`${endpoint} ${outcome === 'verified' ? 'is verified now' : 'was verified before'}`);
  });

function readEntityType(text: string | undefined, { system }: Identity): EntityType | undefined {
  if (text === undefined) return undefined;
  const type = ([1, 2] as const).find((one) => String(one) === text);
  if (type === undefined || system !== NPI)
    throw new UsageError('--entity-type is 1 or 2, as NPPES has it of an NPI.');
  return type;
}

const end = (identity: Identity, replacedBy: Identity | undefined, config: Config): Promise<void> =>
  withStore(config, async (store) => {
    const ending = { identity, ...(replacedBy !== undefined && { replacedBy }) };
    await endIdentity({ store, clock, committed: () => undefined }, ending, ADMITTING);
    const then = replacedBy === undefined ? 'addresses nobody' : `leads to ${replacedBy.value} for a year`;
    console.log(`${identity.value} ${then}`);
  });

const ADMITTING = {
  agent: { organization: '', client: 'admin', subject: userInfo().username },
  requestId: randomUUID(),
} as const;

function refOf(text: string, types: readonly string[] = ['Organization']): Ref {
  const [type = '', id = '', ...more] = text.split('/');
  if (!types.includes(type) || !/^[A-Za-z0-9\-.]{1,64}$/.test(id) || more.length > 0)
    throw new UsageError(`"${text}" is not of the form ${types.map((one) => `${one}/id`).join(' or ')}.`);
  return `${type}/${id}`;
}

async function addMembers(store: ServerStore, organizations: readonly string[]): Promise<void> {
  for (const organization of organizations.map((one) => refOf(one))) {
    const outcome = await admitMember({ store, clock, committed: () => undefined }, organization, ADMITTING);
    console.log(`${organization} ${outcome === 'admitted' ? 'is a member now' : 'was a member before'}`);
  }
}

async function listRegister(store: ServerStore): Promise<void> {
  for (const state of STATES) {
    for (const kind of ['register', 'practitioner-register'] as const) {
      for (const row of await rowsIn(store.snapshot(), kind, state)) {
        const { system, value, holder, how, by, at, entityType, replacedBy } = row;
        const more = [entityType && `type ${entityType}`, replacedBy && `replaced by ${replacedBy.value}`];
        const columns = [state, holder, `${system}|${value}`, how, by, at, ...more];
        console.log(columns.filter((column) => column !== undefined).join('\t'));
      }
    }
  }
}

const withStore = (config: Config, work: (store: ServerStore) => Promise<void>): Promise<void> =>
  withStoreOf(config, work, { withParties: true });
