/** The file of issuers outside (setting `issuersFile`): each with its keys, and the organizations that it may speak for. */
import { readFileSync } from 'node:fs';
import type { Ref } from '../fhir/types.ts';
import { DEFAULT_ROLES, isDefaultRole, parseRoleRow, type DefaultRole } from '../identity/granted.ts';
import type { Config } from './config.ts';

/** An issuer outside, with the settings of tokens that it has of its own. */
interface OutsideIssuerRow {
  readonly issuer: string;
  /** Default: the setting. */
  readonly audience?: string;
  readonly jwksUri?: string;
  readonly jwksFile?: string;
  /** `Organization/id`, each that it may speak for (harmony Z26). */
  readonly organizations: readonly Ref[];
  readonly organizationClaim?: string;
  readonly organizationClaimForm?: 'reference' | 'identifier';
  readonly rolesClaim?: string;
  readonly defaultRole?: DefaultRole;
  readonly roleTable?: readonly string[];
  readonly sessionClaim?: string;
  readonly purposeClaim?: string;
  readonly tokenAlgorithms?: readonly string[];
  readonly tokenTypes?: readonly string[];
}

const TEXTS = [
  'issuer',
  'audience',
  'jwksUri',
  'jwksFile',
  'organizationClaim',
  'organizationClaimForm',
  'rolesClaim',
  'defaultRole',
  'sessionClaim',
  'purposeClaim',
] as const;
const LISTS = ['organizations', 'roleTable', 'tokenAlgorithms', 'tokenTypes'] as const;
const MEMBERS: readonly string[] = [...TEXTS, ...LISTS];
const ORGANIZATION = /^Organization\/[A-Za-z0-9.-]{1,64}$/;

/**
 * The issuers of the file; none where there is no file.
 *
 * @throws Error that says which row is wrong, and how
 */
export function outsideIssuersOf({ issuersFile }: Pick<Config, 'issuersFile'>): readonly OutsideIssuerRow[] {
  if (issuersFile === undefined) return [];
  const rows: unknown = JSON.parse(readFileSync(issuersFile, 'utf8'));
  if (!Array.isArray(rows)) throw new Error(`issuersFile (${issuersFile}) must be a JSON array of issuers`);
  const issuers = rows.map((row: unknown, at) => {
    const fault = faultOf(row);
    if (fault !== undefined) throw new Error(`issuersFile (${issuersFile}), issuer ${at + 1}: ${fault}`);
    return row as OutsideIssuerRow; // as judged
  });
  if (new Set(issuers.map(({ issuer }) => issuer)).size < issuers.length)
    throw new Error(`issuersFile (${issuersFile}): an issuer is there twice`);
  return issuers;
}

function faultOf(row: unknown): string | undefined {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'it must be an object';
  const members = row as Readonly<Record<string, unknown>>; // an object
  const [unknown] = Object.keys(members).filter((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return `${unknown} is not a member; ${MEMBERS.join(', ')} are`;
  const [unread] = TEXTS.filter((name) => !isTextOrAbsent(members[name]));
  if (unread !== undefined) return `${unread} must be a text`;
  const [unlisted] = LISTS.filter((name) => members[name] !== undefined && !isTexts(members[name]));
  if (unlisted !== undefined) return `${unlisted} must be a list of texts`;
  const { issuer, jwksUri, jwksFile, organizations, organizationClaimForm: form } = members;
  const { defaultRole: role, roleTable: table } = members;
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) return 'issuer must be a URL';
  if ((jwksUri === undefined) === (jwksFile === undefined))
    return 'jwksUri or jwksFile, and only one of them';
  if (form !== undefined && form !== 'reference' && form !== 'identifier')
    return 'organizationClaimForm must be reference or identifier';
  if (typeof role === 'string' && !isDefaultRole(role))
    return `defaultRole must be one of ${DEFAULT_ROLES.join(', ')}`;
  if (isTexts(table) && table.some((one) => parseRoleRow(one) === undefined))
    return 'roleTable must hold rows word=role';
  const bound = isTexts(organizations) ? organizations : [];
  return bound.length > 0 && bound.every((one) => ORGANIZATION.test(one))
    ? undefined
    : 'organizations must name each as Organization/id';
}

const isTextOrAbsent = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value !== '');

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '');
