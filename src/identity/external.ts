/**
 * Logins that an organization's own provider vouches for (identity 8): the record of such a provider, what its claims
 * grant, and whose account a login opens. A provider speaks for the organizations of its record alone, and an e-mail address
 * links nothing.
 */
import { hash } from 'node:crypto';
import type { Ref } from '../fhir/types.ts';
import type { EhrLaunch } from './ehr.ts';
import type { ProofRule } from './external-proof.ts';
import { isMemberRole, type MemberRole } from './membership.ts';

/** How this server proves to a provider who it is: by a key of its own, by a shared secret, or not at all. */
export const PROVIDER_CREDENTIALS = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'none',
] as const;

/** A row of the table from claims to roles: where every claim is as it says, the roles are granted in the organization. */
export interface ClaimRule {
  readonly when: readonly ClaimTest[];
  readonly organization: Ref;
  readonly roles: readonly MemberRole[];
}

/** A claim by its name, or by its path with dots, as `realm_access.roles`; it has the value, or holds it as a list. */
interface ClaimTest {
  readonly claim: string;
  readonly is: string;
}

/** The body of a record of kind `idp`: one issuer as one or several organizations know it. */
export interface IdentityProvider {
  readonly name: string;
  readonly issuer: string;
  readonly organizations: readonly Ref[];
  readonly clientId: string;
  readonly credential: (typeof PROVIDER_CREDENTIALS)[number];
  /** Its secret or the private key of this server (JWK), sealed. */
  readonly sealed?: string;
  /** The public half of that key (JWK), as the provider may fetch it. */
  readonly publicKey?: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
  /** None: the provider says who somebody is, and the memberships here say what they may. */
  readonly rules: readonly ClaimRule[];
  readonly proof: ProofRule;
  /** Whether a first login makes an account, where the rules grant a role. */
  readonly justInTime: boolean;
  /** Domains of e-mail addresses, in lower case: they choose the button of the login page, and nothing else. */
  readonly emailDomains: readonly string[];
  /** Whether a log-off here goes on to the provider's own. */
  readonly endsSessionThere: boolean;
  /**
   * The id of the one account that gets in without the provider, by a passkey (ID-49). Where it is set, whoever has come in by
   * the provider comes in by it alone.
   */
  readonly emergencyAccount?: string;
  /** An EHR that launches this server; absent: a provider of OpenID Connect. */
  readonly ehr?: EhrLaunch;
  readonly status: 'active' | 'suspended';
}

/** The key of a subject of an issuer: both together, so that no issuer names another's (ID-44). */
export const externalIdentityKey = (issuer: string, subject: string): string =>
  hash('sha256', JSON.stringify([issuer, subject]), 'base64url');

export type Claims = Readonly<Record<string, unknown>>;

/** What a provider's claims grant: roles by organization; or why they grant nothing. */
export type OutsideGrants =
  | { readonly kind: 'granted'; readonly roles: ReadonlyMap<Ref, readonly MemberRole[]> }
  /** `groups-elsewhere`: the provider left a claim out because it would be long, and says where it is. */
  | { readonly kind: 'refused'; readonly why: 'no-role' | 'groups-elsewhere' };

/**
 * What the claims grant by the table of the provider (ID-45). A row for an organization that is not the provider's, or with
 * a role that no issuer grants, grants nothing, however it came into the record.
 */
export function readGrants(
  { organizations, rules }: Pick<IdentityProvider, 'organizations' | 'rules'>,
  claims: Claims,
): OutsideGrants {
  const roles = new Map<Ref, readonly MemberRole[]>();
  for (const rule of rules) {
    if (!organizations.includes(rule.organization) || !isTrueOf(claims, rule)) continue;
    const granted = rule.roles.filter(isMemberRole);
    const all = new Set([...(roles.get(rule.organization) ?? []), ...granted]);
    if (all.size > 0) roles.set(rule.organization, [...all].toSorted());
  }
  if (roles.size > 0) return { kind: 'granted', roles };
  const isElsewhere = rules.some(({ when }) => when.some(({ claim }) => isLeftOut(claims, claim)));
  return { kind: 'refused', why: isElsewhere ? 'groups-elsewhere' : 'no-role' };
}

/** A rule without a test would be true of everybody, and is true of nobody. */
const isTrueOf = (claims: Claims, { when }: ClaimRule): boolean =>
  when.length > 0 && when.every((test) => isAsTold(claims, test));

const isAsTold = (claims: Claims, { claim, is }: ClaimTest): boolean => {
  const value = claimAt(claims, claim);
  return Array.isArray(value) ? value.includes(is) : value === is;
};

/** A claim by its whole name; where there is none, by its path. */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split('.')
    .reduce<unknown>((at, part) => (isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined), claims);
}

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** OpenID Connect Core 5.6.2: `_claim_names` says of a claim that it must be had elsewhere, as Entra ID does over 200 groups. */
const isLeftOut = (claims: Claims, name: string): boolean => {
  const names = claims['_claim_names'];
  return isObject(names) && Object.hasOwn(names, name);
};

/** What is known when somebody comes back from a provider. */
interface OutsideArrival {
  /** The account that the subject is linked to, and whether it may log in; undefined: none. */
  readonly linked: { readonly account: string; readonly isActive: boolean } | undefined;
  /** The account that an invitation, opened in the same browser, is for. */
  readonly invited: string | undefined;
  /** Whether an account here has the e-mail address of the claims as its login. */
  readonly isLoginTaken: boolean;
  /** Whether the claims give an address that could be the login of an account. */
  readonly hasLogin: boolean;
  readonly grants: OutsideGrants;
}

/** `prove`: somebody with that login is here already; its owner logs in with what is kept here, and then links. */
type ArrivalVerdict =
  | { readonly go: 'in'; readonly account: string }
  | { readonly go: 'link'; readonly account: string }
  | { readonly go: 'prove' }
  | { readonly go: 'create' }
  | { readonly go: 'refused'; readonly why: ArrivalRefusal };

export type ArrivalRefusal =
  | 'no-role'
  | 'groups-elsewhere'
  | 'account-not-active'
  | 'not-known'
  | 'no-login-name';

/**
 * Whose account a login from outside opens (ID-44, ID-45): the one its subject is linked to, the one its invitation is for,
 * or a new one. Never the one with the same e-mail address.
 */
export function judgeArrival(
  { rules, justInTime }: Pick<IdentityProvider, 'rules' | 'justInTime'>,
  { linked, invited, isLoginTaken, hasLogin, grants }: OutsideArrival,
): ArrivalVerdict {
  if (linked !== undefined && !linked.isActive) return refused('account-not-active');
  if (rules.length > 0 && grants.kind === 'refused') return refused(grants.why);
  if (linked !== undefined) return { go: 'in', account: linked.account };
  if (invited !== undefined) return { go: 'link', account: invited };
  if (isLoginTaken) return { go: 'prove' };
  if (!justInTime || rules.length === 0) return refused('not-known');
  return hasLogin ? { go: 'create' } : refused('no-login-name');
}

const refused = (why: ArrivalRefusal): ArrivalVerdict => ({ go: 'refused', why });

/**
 * How long a login is believed without another word of its provider: one that gives no refresh token cannot be asked, and
 * one that does not answer was not asked.
 */
const BELIEVED_MS = 3_600_000;
/** When the provider is asked again whether a person is still there, and with which roles: out within ten minutes (ID-46). */
const ASK_AGAIN_MS = 540_000;

/** What becomes of a session from outside at a time (ID-46), in milliseconds since 1970. `askedAt`: the last answer. */
export function judgeOutsideSession(
  { askedAt, hasRefresh }: { readonly askedAt: number; readonly hasRefresh: boolean },
  now: number,
): 'lasts' | 'ask' | 'ends' {
  if (now - askedAt >= BELIEVED_MS) return 'ends';
  return hasRefresh && now - askedAt >= ASK_AGAIN_MS ? 'ask' : 'lasts';
}

/** The providers that an address at a domain is sent to (for the login page): the only use of an e-mail domain. */
export function providersFor<T extends Pick<IdentityProvider, 'emailDomains' | 'status'>>(
  email: string,
  providers: readonly T[],
): readonly T[] {
  const domain = email
    .slice(email.lastIndexOf('@') + 1)
    .trim()
    .toLowerCase();
  return email.includes('@')
    ? providers.filter(({ emailDomains, status }) => status === 'active' && emailDomains.includes(domain))
    : [];
}
