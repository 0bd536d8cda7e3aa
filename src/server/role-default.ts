/**
 * What a user of an outside issuer is whose token names no role (identity ID-8). An installation that had an issuer before
 * there were roles keeps the rights of its users by a record that says so, until its operator sets `defaultRole`.
 */
import { upgradeCommit } from '../operations/upgrade.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { RoleSettings } from '../identity/granted.ts';
import type { Log } from '../http/log.ts';
import type { Config } from './config.ts';

/** The record of when roles began here. */
export const ROLES_BEGAN = { kind: 'roles-began', key: '' } as const;

interface RolesBegan {
  /** Instant. */
  readonly at: string;
  /** `unrestricted`: an issuer was set before; its users keep what they had. */
  readonly outsideUsers: 'unrestricted' | 'by-role';
}

interface BeginParts {
  readonly store: Store;
  readonly config: Pick<Config, 'demo' | 'issuer'>;
  readonly clock: Clock;
  /** Whether the store held something before this start. */
  readonly isOlder: boolean;
}

/** Writes down once what outside users are, from the first start of a program that knows roles. */
export async function beginRoles({ store, config, clock, isOlder }: BeginParts): Promise<void> {
  if ((await store.snapshot().record(ROLES_BEGAN.kind, ROLES_BEGAN.key)) !== undefined) return;
  const isConfigured = !config.demo && config.issuer !== undefined;
  const body: RolesBegan = {
    at: new Date(clock.now()).toISOString(),
    outsideUsers: isOlder && isConfigured ? 'unrestricted' : 'by-role',
  };
  await store.commit(
    upgradeCommit(
      [],
      [{ ...ROLES_BEGAN, expect: 'any', body, index: [['outsideUsers', body.outsideUsers]] }],
      [],
    ),
  );
}

/** The settings of roles for the door. The log names at every start a rule that nobody has chosen. */
export async function readRoleSettings(
  store: Store,
  { defaultRole, roleTable }: Config,
  log: Log,
): Promise<RoleSettings> {
  const record = await store.snapshot().record(ROLES_BEGAN.kind, ROLES_BEGAN.key);
  const began = record?.body as RolesBegan | undefined; // written here
  const rolesUndecided = defaultRole === undefined && began?.outsideUsers === 'unrestricted';
  if (rolesUndecided) log.write('warn', `unsafe setting: ${UNDECIDED}`);
  return { defaultRole: asDefault(defaultRole), rolesUndecided, roleTable };
}

const asDefault = (given: string | undefined): RoleSettings['defaultRole'] =>
  given === undefined ? 'none' : (given as RoleSettings['defaultRole']); // by its shape

/** In words, for the log and for doctor. */
export const UNDECIDED =
  'defaultRole is not set, and this installation is older than roles: users of the issuer are unrestricted, as before. Set it to none, to a role, or to unrestricted.';
