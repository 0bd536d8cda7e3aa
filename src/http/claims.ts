/** What the claims of a verified token say (RFC 9068, 2.2; SMART App Launch 2.2). */
import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { Login } from '../operations/request.ts';

export interface ClaimSettings {
  readonly organizationClaim: string;
  /** How the claim names the organization: `Organization/id`, or `system|value`. */
  readonly organizationClaimForm: 'reference' | 'identifier';
  /** Names of claims; a dot leads into an object, as in `realm_access.roles`. */
  readonly purposeClaim: string;
  readonly sessionClaim: string;
  readonly rolesClaim: string;
}

/** What a claim, or X-On-Behalf-Of, calls an organization. */
export type OrganizationName =
  | { readonly reference: Ref }
  | { readonly system: string; readonly value: string };

/** A text with spaces (RFC 8693, 4.2), or an array as some issuers write it. */
export function readScope(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(/\s+/);
  return Array.isArray(claim) ? claim.filter((word) => typeof word === 'string') : [];
}

const ID = /^[A-Za-z0-9.-]{1,64}$/;

export function nameIn(payload: JWTPayload, settings: ClaimSettings): OrganizationName | undefined {
  const claim = claimText(payload[settings.organizationClaim]);
  if (claim === undefined) return undefined;
  return settings.organizationClaimForm === 'reference' ? readReference(claim) : readIdentifier(claim);
}

export function readReference(text: string): { readonly reference: Ref } | undefined {
  const [type, id = '', ...more] = text.split('/');
  return type === 'Organization' && ID.test(id) && more.length === 0
    ? { reference: `Organization/${id}` }
    : undefined;
}

function readIdentifier(text: string): OrganizationName | undefined {
  const at = text.lastIndexOf('|');
  const [system, value] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  return at > 0 && value !== '' ? { system, value } : undefined;
}

/** The launch context (SMART App Launch 2.2): the id of a Patient. One that is malformed must not widen what is seen. */
export function readLaunchPatient(claim: unknown): Ref | undefined {
  if (claim === undefined || claim === null) return undefined;
  const id = typeof claim === 'string' ? claim.replace(/^Patient\//, '') : '';
  if (ID.test(id)) return `Patient/${id}`;
  throw refused('patient', 'the id of a Patient');
}

const refused = (claim: string, wanted: string): OperationOutcomeError =>
  new OperationOutcomeError('token-invalid', { diagnostics: `The claim ${claim} is not ${wanted}.` });

/** The login, with the purposes as they are claimed. */
interface ClaimedLogin extends Omit<Login, 'tab' | 'purposes' | 'roles'> {
  readonly purposes: readonly string[];
  /** What the issuer calls the caller's rights. */
  readonly claimedRoles: readonly string[];
}

/**
 * What a token says of the login behind it. What would widen what is allowed if it were passed over is refused when it
 * is malformed: without a purpose the usual one counts, and without a role the default one. What is evidence (when and
 * how somebody logged in, in which session) proves nothing when it is malformed, as if it were absent.
 *
 * @throws OperationOutcomeError `token-invalid`
 */
export function readLogin(payload: JWTPayload, token: string, settings: ClaimSettings): ClaimedLogin {
  const { purposeClaim, rolesClaim } = settings;
  const purpose = claimAt(payload, purposeClaim) ?? claimAt(payload, IUA_PURPOSE);
  return {
    purposes: readList(purpose, readPurpose, () => refused(purposeClaim, 'purposes of use of ActReason')),
    authenticatedAt: readMoment(payload['auth_time'], payload.iat),
    methods: readMethods(payload['amr']),
    session: readSession(payload, token, settings),
    claimedRoles: readList(claimAt(payload, rolesClaim), readRole, () =>
      refused(rolesClaim, 'a list of roles'),
    ),
  };
}

/** IHE IUA, ITI-71: where its tokens hold the purpose. */
const IUA_PURPOSE = 'extensions.ihe_iua.purpose_of_use';

/** A claim by its name; when there is none of that whole name, by its path. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name
    .split('.')
    .reduce<unknown>((at, part) => (isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined), payload);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One, or several in an array; each once. Absent is none. */
function readList(
  claim: unknown,
  read: (item: unknown) => string | undefined,
  fault: () => OperationOutcomeError,
): readonly string[] {
  if (claim === undefined || claim === null) return [];
  const items = (Array.isArray(claim) ? claim : [claim]).map(read);
  if (items.includes(undefined)) throw fault();
  return [...new Set(items as readonly string[])]; // none is undefined
}

const ACT_REASON: ReadonlySet<string> = new Set([
  'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  'urn:oid:2.16.840.1.113883.5.8',
  '2.16.840.1.113883.5.8',
]);

/** A code of ActReason: alone, after its system and `|` or `#`, or as a coding. */
function readPurpose(item: unknown): string | undefined {
  if (isObject(item)) {
    const { system, code } = item;
    return typeof system === 'string' && ACT_REASON.has(system) ? readPurpose(code) : undefined;
  }
  const [, system, code = ''] =
    typeof item === 'string' ? (/^(?:(.+)[|#])?([A-Z]{3,16})$/.exec(item) ?? []) : [];
  return code !== '' && (system === undefined || ACT_REASON.has(system)) ? code : undefined;
}

/** A word, or the value of an attribute (RFC 9068, 2.2.3.1; RFC 7643, 4.1.2). */
function readRole(item: unknown): string | undefined {
  return isObject(item) ? claimText(item['value']) : claimText(item);
}

/** OpenID Connect Core 2: seconds since 1970. A login after the token was issued is none. @returns milliseconds */
function readMoment(claim: unknown, issuedAt: number | undefined): number | undefined {
  const isMoment = typeof claim === 'number' && Number.isFinite(claim) && claim > 0;
  return isMoment && claim <= (issuedAt ?? 0) ? claim * 1000 : undefined;
}

/** RFC 8176: an array of words. */
const readMethods = (claim: unknown): readonly string[] =>
  Array.isArray(claim) && claim.every((method) => claimText(method) !== undefined) ? (claim as string[]) : [];

const SESSION = /^[\u0021-\u007e]{1,255}$/;
const DIGEST_BYTES = 16;

/** The session that the issuer names; else the token, by its id or its digest: never its text. */
function readSession(payload: JWTPayload, token: string, { sessionClaim }: ClaimSettings): string {
  const named = [claimAt(payload, sessionClaim), payload.jti].find(
    (claim) => typeof claim === 'string' && SESSION.test(claim) && claim !== token,
  );
  return typeof named === 'string' ? named : digestOf(token);
}

const digestOf = (token: string): string =>
  hash('sha256', token, 'buffer').subarray(0, DIGEST_BYTES).toString('base64url');

export const claimText = (claim: unknown): string | undefined =>
  typeof claim === 'string' && claim !== '' ? claim : undefined;
