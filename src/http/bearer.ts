/**
 * A bearer token (RFC 6750) → who asks. The token is a JWT of the one issuer this server trusts (RFC 9068, RFC 8725):
 * algorithms are pinned; issuer, audience and time are checked. Who the caller is comes from the token alone (rules 2.5).
 */
import { decodeJwt, jwtVerify, type JWTPayload } from 'jose';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { spelledOnce } from '../fhir/reference.ts';
import type { Ref } from '../fhir/types.ts';
import type { Caller } from '../operations/request.ts';
import type { Purpose } from '../policies/purpose.ts';
import type { Clock } from '../ports/clock.ts';
import { readScopes } from '../resources/scope-query.ts';
import { rolesOfToken, type RoleSettings } from '../identity/granted.ts';
import { isIndividual, type Role } from '../identity/roles.ts';
import { readServerScopes } from '../smart/server-scopes.ts';
import {
  nameIn,
  readLogin,
  readLaunchPatient,
  readReference,
  readScope,
  claimText,
  type ClaimSettings,
  type OrganizationName,
} from './claims.ts';
import { errorCode } from './error-code.ts';
import { invalidHeader } from './headers.ts';
import type { IssuerKeys } from './keys.ts';
import { checkPurposes, purposesFor, type FindUsualPurpose } from './purposes.ts';
import { createTokenCache, digestOfHeader } from './token-cache.ts';
import { judgeTokenType } from './token-type.ts';

export interface BearerSettings extends ClaimSettings, RoleSettings {
  /** The public base address: a person here is one person, by an address below it or by a relative reference. */
  readonly base: string;
  readonly issuer: string;
  readonly audience: string;
  readonly keys: IssuerKeys;
  readonly tokenAlgorithms: readonly string[];
  /** Rows of `token-type.ts`. */
  readonly tokenTypes: readonly string[];
  readonly clockToleranceS: number;
  readonly administratorScope: string;
  /** Rows of `purposes.ts`. */
  readonly clientPurposes: readonly string[];
  readonly tokenCacheMax: number;
  readonly tokenCacheMs: number;
  /** The organizations for which this issuer may speak (harmony Z26); absent: all, and administrators, too. */
  readonly organizations?: readonly Ref[] | undefined;
  /** The Organization of this server that a claim means; undefined when there is none. */
  readonly findOrganization: (claim: OrganizationName) => Promise<Ref | undefined>;
  readonly usualPurpose: FindUsualPurpose;
  readonly findUserName?: FindUserName;
  readonly clock: Clock;
}

/**
 * The name under which the audit keeps a user (audit-compliance AU1): a clinician's as kept here, else as the token has it;
 * nobody else's.
 */
export type FindUserName = (
  asking: Pick<Caller, 'user' | 'organization'>,
  claimed: string | undefined,
) => Promise<string | undefined>;

interface Credentials {
  readonly authorization: string | undefined;
  /** `Organization/id`; for administrators only. */
  readonly onBehalfOf: string | undefined;
  readonly address: string | undefined;
  /** Whether the person asked for it, and not a page by itself (identity ID-36). */
  readonly isOwnWish?: boolean;
  /** `digestOfHeader` of `authorization`, where it was worked out already. */
  readonly digest?: string | undefined;
}

/** What a verified token says, without what belongs to the single request. */
interface Identity extends Omit<Caller, 'address' | 'onBehalfOf' | 'tab'> {
  /** The identifier by which it names its organization: whose that is may change while the token is remembered. */
  readonly named: OrganizationName | undefined;
  readonly claimed: readonly Purpose[];
}

/**
 * Who asks. A token that is remembered is answered at once, without a promise.
 *
 * @throws OperationOutcomeError `token-missing`, `token-invalid`, `organization-unknown`, `scope-insufficient` (acting
 *   for others without being an administrator), `purpose-not-allowed`, `header-invalid`, `busy` (the issuer's keys cannot be had)
 */
export type Identify = (credentials: Credentials) => Caller | Promise<Caller>;

export function createIdentify(settings: BearerSettings): Identify {
  const { clock, tokenCacheMax, tokenCacheMs, clockToleranceS } = settings;
  const remembered = createTokenCache<Identity>(tokenCacheMax);
  let generation = settings.keys.generation();

  /** What was verified with keys that may have been withdrawn since is verified again. */
  function forgetOld(): number {
    const current = settings.keys.generation();
    if (current !== generation) remembered.clear();
    generation = current;
    return current;
  }

  async function verify(token: string, digest: string): Promise<Identity> {
    const began = forgetOld();
    const payload = await verifySignature(token, settings);
    const identity = await readIdentity(payload, token, settings);
    // Reading the keys may have changed them; what an older set vouched for is not remembered.
    if (forgetOld() !== began) return identity;
    const expires = ((payload.exp ?? 0) + clockToleranceS) * 1000;
    remembered.put(digest, identity, Math.min(expires, clock.now() + tokenCacheMs));
    return identity;
  }

  return (credentials) => {
    const { authorization = '', digest = digestOfHeader(authorization) } = credentials;
    forgetOld();
    const known = remembered.get(digest, clock.now());
    if (known !== undefined && known.named === undefined && credentials.onBehalfOf === undefined)
      return callerOf(known, credentials.address);
    // Of a header that is remembered nothing is read again: only what was a token once is remembered.
    const token = known === undefined ? readToken(credentials.authorization) : '';
    return (async () => {
      const identity = known === undefined ? await verify(token, digest) : await renamed(known, settings);
      if (credentials.onBehalfOf === undefined) return callerOf(identity, credentials.address);
      const organization = await actFor(credentials.onBehalfOf, identity, settings);
      const purposes = await purposesFor(identity, organization, settings.usualPurpose);
      return { ...callerOf(identity, credentials.address), organization, onBehalfOf: organization, purposes };
    })();
  };
}

/** Written out: a copy of unknown fields costs each request more. */
function callerOf(identity: Identity, address: string | undefined): Caller {
  return {
    organization: identity.organization,
    administrator: identity.administrator,
    scopes: identity.scopes,
    serverScopes: identity.serverScopes,
    patient: identity.patient,
    client: identity.client,
    subject: identity.subject,
    user: identity.user,
    userName: identity.userName,
    address,
    onBehalfOf: undefined,
    purposes: identity.purposes,
    authenticatedAt: identity.authenticatedAt,
    methods: identity.methods,
    session: identity.session,
    tab: undefined,
    roles: identity.roles,
  };
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** @throws OperationOutcomeError `token-missing`, `token-invalid` */
export function readToken(authorization: string | undefined): string {
  if (authorization === undefined || !/^Bearer\b/i.test(authorization))
    throw new OperationOutcomeError('token-missing');
  const token = BEARER.exec(authorization)?.[1];
  if (token !== undefined) return token;
  throw new OperationOutcomeError('token-invalid', { diagnostics: 'The Authorization header is malformed.' });
}

/** What jose finds wrong with a token, in words that say nothing about our keys. */
const TOKEN_FAULTS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: 'The token has expired.',
  ERR_JWT_INVALID: 'The token is not a JWT.',
  ERR_JWS_INVALID: 'The token is not a signed JWT.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the token is wrong.',
  ERR_JOSE_ALG_NOT_ALLOWED: 'The algorithm of the token is not accepted.',
  ERR_JOSE_NOT_SUPPORTED: 'The token uses an extension that is not supported.',
  ERR_JWKS_NO_MATCHING_KEY: 'The issuer has no such key.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The token does not say which key it was signed with.',
};

/** The same for a claim that is not as it must be. */
const CLAIM_FAULTS: Readonly<Record<string, string>> = {
  iss: 'The token is of another issuer.',
  aud: 'The token is for another audience.',
  exp: 'The token has no time of expiry.',
  nbf: 'The token is not valid yet.',
  iat: 'The token was issued in the future.',
  sub: 'The token names no subject.',
};

/** Faults of a signature that a token of another issuer must have. */
const KEY_FAULTS: ReadonlySet<string> = new Set([
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  'ERR_JOSE_ALG_NOT_ALLOWED',
]);

/** What is wrong, from the token and our settings alone; undefined when it is no fault of the token. */
function faultOf(error: unknown, token: string, { issuer }: BearerSettings): string | undefined {
  const code = errorCode(error);
  if (KEY_FAULTS.has(code) && decodeJwt(token).iss !== issuer) return CLAIM_FAULTS['iss'];
  if (code !== 'ERR_JWT_CLAIM_VALIDATION_FAILED') return TOKEN_FAULTS[code];
  const { claim = '' } = error as { readonly claim?: string }; // JWTClaimValidationFailed
  return CLAIM_FAULTS[claim] ?? 'A claim of the token is not right.';
}

async function verifySignature(token: string, settings: BearerSettings): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, settings.keys.find, {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms: [...settings.tokenAlgorithms],
      clockTolerance: settings.clockToleranceS,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(settings.clock.now()),
    });
    const diagnostics = judgeTokenType(protectedHeader, payload, settings.tokenTypes);
    if (diagnostics !== undefined) throw new OperationOutcomeError('token-invalid', { diagnostics });
    return payload;
  } catch (error) {
    if (error instanceof OperationOutcomeError) throw error;
    const diagnostics = faultOf(error, token, settings);
    if (diagnostics !== undefined) throw new OperationOutcomeError('token-invalid', { diagnostics });
    throw new OperationOutcomeError('busy', {
      diagnostics: "The issuer's keys cannot be read.",
      retryAfter: 5,
    });
  }
}

/** The organization that a claim means, if the issuer may speak for it. */
async function findBound(
  name: OrganizationName,
  { organizations, findOrganization }: BearerSettings,
): Promise<Ref | undefined> {
  const organization = await findOrganization(name);
  if (organization === undefined || organizations?.includes(organization) !== false) return organization;
  throw new OperationOutcomeError('organization-unknown', {
    diagnostics: 'The issuer of the token may not speak for this organization.',
  });
}

/** Who is remembered, with the organization that its identifier is verified for now (directory DR18). */
async function renamed(known: Identity, settings: BearerSettings): Promise<Identity> {
  if (known.named === undefined) return known;
  const organization = await findBound(known.named, settings);
  if (organization === undefined && !known.administrator)
    throw new OperationOutcomeError('organization-unknown');
  if (organization === known.organization) return known;
  const purposes = await purposesFor(known, organization, settings.usualPurpose);
  return { ...known, organization, purposes };
}

async function readIdentity(payload: JWTPayload, token: string, settings: BearerSettings): Promise<Identity> {
  const words = readScope(payload['scope']);
  // An issuer that is bound to organizations makes no administrators: they see all organizations.
  const administrator = settings.organizations === undefined && words.includes(settings.administratorScope);
  const name = nameIn(payload, settings);
  const organization = name && (await findBound(name, settings));
  if (organization === undefined && !administrator) throw new OperationOutcomeError('organization-unknown');
  const subject = payload.sub ?? '';
  const client = claimText(payload['client_id']) ?? claimText(payload['azp']) ?? subject;
  const { claimedRoles, ...login } = readLogin(payload, token, settings);
  const asking = {
    organization,
    scopes: readScopes(words.join(' '), settings.base),
    serverScopes: readServerScopes(words),
    patient: readLaunchPatient(payload['patient']),
    user: userIn(payload['fhirUser'], settings.base),
    claimed: checkPurposes(login.purposes, client, settings.clientPurposes),
  };
  const roles = rolesOfToken(
    {
      claimed: claimedRoles,
      user: asking.user,
      isClient: client === subject,
      levels: asking.scopes.map(({ level }) => level),
      administrator,
    },
    settings,
  );
  return {
    ...asking,
    administrator,
    client,
    subject,
    ...login,
    roles,
    patient: asking.patient ?? ownPatient(roles, asking.user),
    purposes: await purposesFor({ ...asking, roles }, organization, settings.usualPurpose),
    userName: await settings.findUserName?.(asking, claimText(payload['name'])),
    named: settings.organizationClaimForm === 'identifier' ? name : undefined,
  };
}

/** Whose record it is, where a patient asks and the launch names nobody. */
function ownPatient(roles: readonly Role[] | undefined, user: string | undefined): Ref | undefined {
  const isOwn = isIndividual(roles) && user !== undefined && /^Patient\/[^/]+$/.test(user);
  return isOwn ? (user as Ref) : undefined;
}

/** The person, by one spelling: an issuer may write the whole address for one client and `Practitioner/1` for another. */
function userIn(claim: unknown, base: string): string | undefined {
  const user = claimText(claim);
  return user === undefined ? undefined : spelledOnce(base, user);
}

/** An administrator acts in a referral only for a named organization (rules 1.8). */
async function actFor(header: string, identity: Identity, settings: BearerSettings): Promise<Ref> {
  if (!identity.administrator) {
    const diagnostics = `X-On-Behalf-Of needs ${settings.administratorScope}.`;
    throw new OperationOutcomeError('scope-insufficient', { diagnostics });
  }
  const name = readReference(header.trim());
  if (name === undefined) throw invalidHeader('X-On-Behalf-Of', 'a reference, as in Organization/id');
  const organization = await settings.findOrganization(name);
  if (organization !== undefined) return organization;
  throw new OperationOutcomeError('organization-unknown', {
    diagnostics: 'X-On-Behalf-Of names no Organization here.',
  });
}
