/**
 * The roles of a caller whose token another issuer has signed (identity ID-8): those that its claim names, else those of a
 * patient's launch, else the default of the installation.
 */
import { isRole, ROLES, type Role } from './roles.ts';

/** What counts for a user's token that names no role. `unrestricted`: what a user was allowed before there were roles. */
export type DefaultRole = Role | 'unrestricted' | 'none';

export const DEFAULT_ROLES: readonly string[] = [
  ...ROLES.filter((role) => role !== 'sys-admin'),
  'none',
  'unrestricted',
];

export const isDefaultRole = (text: string): text is DefaultRole => DEFAULT_ROLES.includes(text);

/** What a token says of who uses it. */
interface TokenUser {
  /** The codes of its claim of roles. */
  readonly claimed: readonly string[];
  /** Its fhirUser. */
  readonly user: string | undefined;
  /** Whether its subject is the client itself. */
  readonly isClient: boolean;
  /** The levels of its resource scopes. */
  readonly levels: readonly ('patient' | 'user' | 'system')[];
  /** It has the scope of an administrator of the installation. */
  readonly administrator: boolean;
}

export interface RoleSettings {
  readonly defaultRole: DefaultRole;
  /** Roles are not asked of its tokens: the installation is older than they are, and its operator has not decided yet. */
  readonly rolesUndecided: boolean;
  /** From a word of the issuer to a role: rows `word=role`. */
  readonly roleTable: readonly string[];
}

/**
 * The roles that the token's user has here; undefined for a service client, which has none: its scopes are all that bounds it.
 * Empty: a user without a role, to whom nothing is allowed.
 */
export function rolesOfToken(
  token: TokenUser,
  { defaultRole, rolesUndecided, roleTable }: RoleSettings,
): readonly Role[] | undefined {
  if (rolesUndecided) return undefined;
  const named = token.claimed.flatMap((word) => roleNamed(word, roleTable) ?? []);
  if (token.administrator && (named.length > 0 || !isService(token))) named.push('sys-admin');
  if (named.length > 0) return [...new Set(named)];
  if (isService(token) || defaultRole === 'unrestricted') return undefined;
  const individual = individualRole(token);
  if (individual !== undefined) return [individual];
  return defaultRole === 'none' ? [] : [defaultRole];
}

/** A token that no person uses: its scopes are the system's, or its client is its subject and it names no person. */
const isService = ({ user, isClient, levels }: TokenUser): boolean =>
  user === undefined
    ? isClient || levels.every((level) => level === 'system')
    : levels.length > 0 && levels.every((level) => level === 'system');

/** No issuer makes somebody an administrator of the installation by a claim of roles (identity ID-45). */
function roleNamed(word: string, table: readonly string[]): Role | undefined {
  const role = tabled(word, table) ?? word;
  return isRole(role) && role !== 'sys-admin' ? role : undefined;
}

const tabled = (word: string, table: readonly string[]): string | undefined =>
  table.map(parseRoleRow).find((row) => row?.[0] === word)?.[1];

/** A row of the setting `roleTable`: `nurse=coordinator`; undefined where it is none. */
export function parseRoleRow(row: string): readonly [word: string, role: Role] | undefined {
  const at = row.lastIndexOf('=');
  const [word, role] = [row.slice(0, Math.max(at, 0)).trim(), row.slice(at + 1).trim()];
  return word !== '' && isRole(role) && role !== 'sys-admin' ? [word, role] : undefined;
}

/** A patient's launch: the token names the patient or who acts for the patient, or nobody and scopes of the patient alone. */
function individualRole({ user, levels }: TokenUser): Role | undefined {
  const type = /(?:^|\/)(Patient|RelatedPerson)\/[^/]+$/.exec(user ?? '')?.[1];
  if (type !== undefined) return type === 'Patient' ? 'patient' : 'proxy';
  return user === undefined && levels.length > 0 && levels.every((level) => level === 'patient')
    ? 'patient'
    : undefined;
}
