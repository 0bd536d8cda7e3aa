/** The records of the authorization server (identity ID-53): their kinds, their keys, and what tokens hold. */
import { hash } from 'node:crypto';
import type { Ref } from '../../fhir/types.ts';

/** A grant of an app; `grant` is that of emergency access. */
export const APP_GRANT = 'app-grant';

/** Where the library's models are kept. An access token and a token of client credentials are one kind. */
export const MODEL_KINDS: Readonly<Record<string, string>> = {
  AccessToken: 'access-token',
  ClientCredentials: 'access-token',
  RefreshToken: 'refresh-token',
  AuthorizationCode: 'code',
  Interaction: 'interaction',
  Grant: APP_GRANT,
  ReplayDetection: 'replay',
};

/** What ends with a grant (smart SM-20, SM-61). */
export const KINDS_OF_GRANT = ['access-token', 'refresh-token', 'code'] as const;

/** The key of a record of what bears a right: nothing that is stored opens anything (smart SM-3). */
export const keyOfSecret = (value: string): string => hash('sha256', value, 'base64url');

/** An access token, as the record holds it. Times in seconds since 1970, as the library has them. */
export interface AccessTokenBody {
  /** A random id of its own, for the audit (smart SM-78). */
  readonly tokenId: string;
  readonly client: string;
  readonly scope: string;
  readonly account?: string;
  /** The key of the grant's record. */
  readonly grant?: string;
  /** The public id of the session it was issued in. */
  readonly session?: string;
  /** Whether it ends with that session (smart SM-48). */
  readonly online?: true;
  readonly organization?: Ref;
  readonly patient?: Ref;
  /** The place of work that the app is (smart SM-77). */
  readonly launch?: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly authTime?: number;
  /** The rest of the library's members. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A code or a refresh token, as the record holds it. */
export interface GrantedBody {
  readonly client: string;
  readonly account: string;
  /** The key of the grant's record. */
  readonly grant: string;
  readonly session?: string;
  readonly online?: true;
  /** When it was consumed, in milliseconds since 1970. */
  readonly consumed?: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What was chosen when an app was let in, as SMART calls it the launch context. Kept with the grant. */
export interface GrantContext {
  /** The organization that the user acts for; of a patient, the custodian of the Patient. */
  readonly organization?: Ref;
  readonly patient?: Ref;
  readonly encounter?: Ref;
  readonly fhirContext?: readonly object[];
  readonly intent?: string;
  readonly needPatientBanner?: boolean;
  readonly smartStyleUrl?: string;
  readonly tenant?: string;
  /** The public id of the launch, for the audit. */
  readonly launch?: string;
  /** The public id of the session in which it was granted. */
  readonly session?: string;
  /** Whether it ends with that session. */
  readonly online?: true;
}

/** A grant, as the record holds it. */
export interface GrantBody {
  readonly client: string;
  readonly account: string;
  readonly context?: GrantContext;
  readonly payload: Readonly<Record<string, unknown>>;
}
