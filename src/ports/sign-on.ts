/** Other servers by whose word people log in: providers of OpenID Connect, and EHRs that launch this server (SMART App Launch). */
import type { Ref } from '../fhir/types.ts';
import type { Claims, IdentityProvider } from '../identity/external.ts';
import type { OutsideProof } from '../identity/external-proof.ts';
import type { AuditEntry } from './audit.ts';

/** How this server is known to such a server. */
export interface OutsideAccess extends Pick<
  IdentityProvider,
  'issuer' | 'clientId' | 'credential' | 'scopes'
> {
  /** `openid`: OpenID Connect Discovery at the issuer. `smart`: the issuer is the FHIR base of an EHR, which describes itself. */
  readonly protocol: 'openid' | 'smart';
  /** The shared secret, or the private key as the text of a JWK; undefined for neither. */
  readonly secret: string | undefined;
}

/** What binds an answer to the question of one browser. */
interface OutsideBinding {
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636): what the challenge is made from. */
  readonly verifier: string;
}

export interface OutsideQuestion extends OutsideBinding {
  /** Where the browser is sent back to. */
  readonly redirectUri: string;
  /** Asks for a login anew, however recent the last one was. */
  readonly anew: boolean;
  readonly loginHint?: string | undefined;
  /** The handle of a launch, to an EHR. */
  readonly launch?: string | undefined;
}

export interface OutsideAnswer extends OutsideBinding {
  /** The address with the query to which the browser was sent back. */
  readonly address: string;
}

/** A login that the server vouches for; its signature, its times and its addressees are right. */
export interface OutsideLogin {
  /** The issuer of the id_token: of an EHR that may be another than its FHIR base. */
  readonly issuer: string;
  readonly subject: string;
  /** The resource of the person, as an EHR names it; undefined where it names none. */
  readonly user?: string | undefined;
  readonly claims: Claims;
  readonly proof: OutsideProof;
  /** The session there. */
  readonly session: string | undefined;
  readonly tokens: OutsideTokens;
  /** What the token response says beside the tokens: the context of a launch. */
  readonly context: Claims;
}

/** What the server gave us: kept sealed, and never told to a browser. */
interface OutsideTokens {
  readonly idToken: string;
  readonly refreshToken?: string | undefined;
  readonly accessToken?: string | undefined;
}

/** A logout token whose signature is right. */
export interface OutsideLogout {
  readonly type: unknown;
  readonly claims: Claims;
}

/**
 * `unreachable`: nothing is known. `ended`: the server says that the person, or the session there, is no longer in.
 * `denied`: the person, or the server, said no. `invalid`: the answer is not what it must be, so it proves nothing.
 */
export type OutsideRefusal = 'unreachable' | 'ended' | 'denied' | 'invalid';

/** An answer of such a server that opens nothing. */
export class OutsideRefused extends Error {
  readonly refusal: OutsideRefusal;

  /** @param says for the log: a code or a sentence without secrets */
  constructor(refusal: OutsideRefusal, says: string) {
    super(`${refusal}: ${says}`);
    this.name = 'OutsideRefused';
    this.refusal = refusal;
  }
}

/** All methods @throws OutsideRefused */
export interface OutsideProviders {
  /** The address to which the browser is sent. */
  address(access: OutsideAccess, question: OutsideQuestion): Promise<string>;
  /** What the answer proves; the code in it is used up. */
  login(access: OutsideAccess, answer: OutsideAnswer): Promise<OutsideLogin>;
  /** Whether the person is still in, and what the claims say now. */
  refresh(access: OutsideAccess, refreshToken: string, subject: string): Promise<OutsideLogin>;
  /** Where the browser logs off there; undefined where the server has no such page. */
  logoutAddress(access: OutsideAccess, idToken: string, back: string): Promise<string | undefined>;
  readLogout(access: OutsideAccess, token: string): Promise<OutsideLogout>;
  /** A resource of an EHR, as its token lets it be read: `Patient/7`. */
  readResource(access: OutsideAccess, accessToken: string, ref: string): Promise<Claims>;
}

/** Who administers providers. */
export interface ProviderAsker {
  readonly agent: AuditEntry['agent'];
  readonly requestId: string;
  /** `installation`: every provider. Else the organization whose own they are. */
  readonly over: Ref | 'installation';
}

/** A provider as an administrator puts it on record. */
export interface ProviderAsked extends Omit<IdentityProvider, 'sealed' | 'publicKey'> {
  readonly key: string;
  /** The shared secret, where it is set or changed. */
  readonly secret?: string | undefined;
}

/** A provider as it is shown: never with its secret. */
export interface ProviderRow extends Omit<IdentityProvider, 'sealed'> {
  readonly key: string;
  /** Whether it has a secret or a key of ours. */
  readonly hasSecret: boolean;
}

/** What operations and commands ask of providers. All @throws OperationOutcomeError */
export interface ProviderAdministration {
  /** Those of an organization, or all of the installation's. */
  list(asker: ProviderAsker): Promise<readonly ProviderRow[]>;
  /** Puts one on record, or changes it; the sessions that it opened end where the change is about who comes in, or how. */
  put(asker: ProviderAsker, asked: ProviderAsked): Promise<ProviderRow>;
  /** Takes one away; its sessions end, and its people come in by an invitation from then on. */
  remove(asker: ProviderAsker, key: string): Promise<void>;
}
