/** A client: an app or a machine that may ask for tokens, as it was registered (smart 8, identity 8.1). */
import type { Ref } from '../fhir/types.ts';

/**
 * `public` keeps no secret, `symmetric` has one, `asymmetric` a key. `service` is a machine without users: client credentials
 * alone, by a key.
 */
export type ClientKind = 'public' | 'symmetric' | 'asymmetric' | 'service';

/** `requested`: nobody has approved it yet. */
type ClientStatus = 'requested' | 'active' | 'suspended';

/** A public key, bare (RFC 7517). */
export interface ClientKey {
  readonly kty: string;
  readonly kid?: string;
  readonly [member: string]: unknown;
}

/** The registration. It is the body of a record of the kind `client`, whose key is the client's id. */
export interface Client {
  readonly name: string;
  /** The organization that answers for it; a service sees what this organization sees. Absent: the operator. */
  readonly organization?: Ref;
  readonly kind: ClientKind;
  readonly status: ClientStatus;
  readonly redirectUris: readonly string[];
  readonly launchUri?: string;
  readonly intents?: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri?: string;
  readonly jwksUri?: string;
  readonly jwks?: { readonly keys: readonly ClientKey[] };
  /** SHA-256 of the secret, in hex: it has 256 random bits, so that nobody can guess it from the hash. */
  readonly secretHash?: string;
  /** The ceiling: what it may ask for at most. */
  readonly scopes: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly embeddingOrigins: readonly string[];
  readonly contacts: readonly string[];
  /** An app of this server's own: its users are asked for no consent. */
  readonly firstParty?: true;
  /** Milliseconds since 1970; absent: never. */
  readonly expiresAt?: number;
  /** Who approved it: the subject of a token, or `settings`. */
  readonly approvedBy: string;
  readonly softwareId?: string;
  readonly softwareVersion?: string;
  readonly logo?: string;
}

/** Whether it may ask for tokens now. */
export const isUsable = ({ status, expiresAt }: Client, now: number): boolean =>
  status === 'active' && (expiresAt === undefined || expiresAt > now);

/** What a record of a client is found by beside its id. */
export function clientIndex({ organization, status, corsOrigins }: Client): [string, string][] {
  return [
    ['status', status],
    ...(organization === undefined ? [] : [['organization', organization] as [string, string]]),
    ...corsOrigins.map((origin): [string, string] => ['origin', origin]),
  ];
}
