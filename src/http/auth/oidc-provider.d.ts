/** The part of oidc-provider 9.13 that this server uses; the package brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** What the library keeps of a token, a code, a grant … by the names of its own members. */
  export type StoredPayload = Record<string, unknown>;

  export interface Adapter {
    upsert(id: string, payload: StoredPayload, expiresInS?: number): Promise<void>;
    find(id: string): Promise<StoredPayload | undefined>;
    findByUid(uid: string): Promise<StoredPayload | undefined>;
    findByUserCode(userCode: string): Promise<StoredPayload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  /** A client as it was registered; members that `extraClientMetadata` names keep their names. */
  export interface Client {
    readonly clientId: string;
    readonly clientName?: string;
    readonly clientAuthMethod: string;
    readonly redirectUris: readonly string[];
    readonly postLogoutRedirectUris?: readonly string[];
    readonly [member: string]: unknown;
    grantTypeAllowed(grantType: string): boolean;
  }

  export interface Session {
    readonly uid: string;
    readonly accountId?: string;
    readonly acr?: string;
    /** Whether the login is older than so many seconds. */
    past(seconds: number): boolean;
    grantIdFor(clientId: string): string | undefined;
  }

  export interface Interaction {
    readonly uid: string;
    readonly params: Readonly<Record<string, string | undefined>>;
    readonly prompt: {
      readonly name: string;
      readonly reasons: readonly string[];
      readonly details: Readonly<Record<string, unknown>>;
    };
    readonly session?: { readonly accountId?: string; readonly uid?: string };
    readonly grantId?: string;
    readonly returnTo: string;
    /** When it began: seconds since 1970. */
    readonly iat?: number;
    readonly result?: InteractionResult;
  }

  export interface Grant {
    jti?: string;
    readonly accountId?: string;
    readonly clientId?: string;
    addOIDCScope(scope: string): void;
    addOIDCClaims(claims: readonly string[]): void;
    addResourceScope(resource: string, scope: string): void;
    getOIDCScope(): string;
    getResourceScope(resource: string): string;
    save(): Promise<string>;
    destroy(): Promise<void>;
  }

  /** Tokens, codes: what a grant is turned into. */
  export interface Token {
    readonly kind: string;
    readonly jti: string;
    readonly clientId: string;
    readonly accountId?: string;
    readonly grantId?: string;
    readonly scope?: string;
    readonly scopes: ReadonlySet<string>;
    readonly acr?: string;
    readonly amr?: readonly string[];
    readonly authTime?: number;
    readonly sessionUid?: string;
    readonly sid?: string;
    readonly exp?: number;
    readonly iat?: number;
  }

  export interface OidcContext {
    readonly route: string;
    readonly params: Record<string, string | undefined>;
    readonly client?: Client;
    readonly session?: Session;
    readonly grant?: Grant;
    readonly provider: Provider;
    readonly issuer: string;
    readonly entities: {
      readonly AuthorizationCode?: Token;
      readonly RefreshToken?: Token;
      readonly RotatedRefreshToken?: Token;
      readonly AccessToken?: Token;
      readonly ClientCredentials?: Token;
      readonly Grant?: Grant;
    };
    readonly result?: InteractionResult;
    /** By resource. */
    readonly resourceServers: Readonly<Record<string, object>>;
    readonly requestParamScopes: ReadonlySet<string>;
  }

  /** Koa's context. */
  export interface Context {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    readonly oidc: OidcContext;
    readonly path: string;
    method: string;
    status: number;
    type: string;
    body: unknown;
    set(name: string, value: string): void;
    remove(name: string): void;
    get(name: string): string;
    readonly response: { readonly headers: Readonly<Record<string, string | string[] | undefined>> };
  }

  export interface InteractionResult {
    login?: { accountId: string; acr?: string; amr?: readonly string[]; ts?: number; remember?: boolean };
    consent?: { grantId?: string };
    error?: string;
    error_description?: string;
    [further: string]: unknown;
  }

  /** What `renderError` is handed: the public words, and the error behind them. */
  export interface ErrorOut {
    readonly error: string;
    readonly error_description?: string;
  }

  /** The reason stands in `error_detail`, and is for our log only. */
  export interface ProviderError extends Error {
    readonly error?: string;
    readonly error_description?: string;
    readonly error_detail?: string;
    readonly statusCode?: number;
  }

  type ErrorClass = new (description?: string, detail?: string) => ProviderError;

  export const errors: {
    readonly InvalidClientAuth: new (detail: string) => ProviderError;
    readonly InvalidGrant: new (detail: string) => ProviderError;
    readonly InvalidScope: ErrorClass;
    readonly InvalidTarget: ErrorClass;
    readonly InvalidRequest: ErrorClass;
    readonly AccessDenied: ErrorClass;
    readonly UnauthorizedClient: ErrorClass;
    readonly TemporarilyUnavailable: ErrorClass;
  };

  /** A prompt of the interaction policy. */
  export class Prompt {
    readonly name: string;
    constructor(
      about: { readonly name: string; readonly requestable?: boolean },
      ...further: readonly unknown[]
    );
  }
  export const interactionPolicy: {
    readonly Prompt: typeof Prompt;
    readonly Check: new (
      reason: string,
      description: string,
      error: string,
      check: (ctx: Context) => boolean | Promise<boolean>,
    ) => object;
    base(): InteractionPolicy;
  };
  export interface InteractionPolicy extends Array<object> {
    get(
      name: string,
    ): { readonly checks: { add(check: object): void; remove(reason: string): void } } | undefined;
    add(prompt: object, at?: number): void;
    remove(name: string): void;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly issuer: string;
    proxy: boolean;
    silent?: boolean;
    readonly Grant: {
      new (about: { accountId: string; clientId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    readonly Interaction: { find(id: string): Promise<Interaction | undefined> };
    readonly Client: {
      readonly prototype: { compareClientSecret(actual: string): boolean };
      find(id: string): Promise<Client | undefined>;
    };
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): this;
    on(event: string, listener: (...given: never[]) => void): this;
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>;
    cookieName(type: 'session' | 'interaction' | 'resume'): string;
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Interaction>;
    interactionResult(
      req: IncomingMessage,
      res: ServerResponse,
      result: InteractionResult,
      options?: { readonly mergeWithLastSubmission?: boolean },
    ): Promise<string>;
  }
}
