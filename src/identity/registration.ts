/**
 * The registration of a client (RFC 7591, SMART App Launch 2.2; smart SM-65, SM-66): its metadata are judged here, whoever hands
 * them in, and become the record that is stored.
 */
import type { Ref } from '../fhir/types.ts';
import { faultsOfKeys } from './client-keys.ts';
import type { Client, ClientKind } from './client.ts';

/** Metadata as they come: nothing of them is believed. */
export type ClientMetadata = Readonly<Record<string, unknown>>;

/** Who registers, and within what. */
export interface RegistrationRules {
  readonly status: Client['status'];
  readonly organization: Ref | undefined;
  /** Absent: whatever is asked for. */
  readonly ceiling?: readonly string[] | undefined;
  readonly approvedBy: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** SHA-256 of a new secret, in hex; used where the client keeps one. */
  readonly secretHash: string;
  /** What is wrong with a scope parameter, in words; undefined: nothing. */
  readonly faultOfScopes: (text: string) => string | undefined;
  /** Whether a word is a right of this server that only machines have. */
  readonly isOfMachines: (word: string) => boolean;
  /** The words of `asked` that `ceiling` does not cover. */
  readonly beyond: (asked: readonly string[], ceiling: readonly string[]) => readonly string[];
}

/** RFC 7591, 3.2.2. */
interface RegistrationRefused {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata';
  readonly says: string;
}

const TEXT_MAX = 2000;
/** As long as a request's (smart SM-40). */
const SCOPE_MAX = 16 * 1024;
const NAME_MAX = 200;
const LOGO_MAX = 16 * 1024;
const LIST_MAX = 50;
/** A machine's registration is renewed every year (identity ID-60). */
const SERVICE_LIFE_MS = 365 * 86_400_000;

const METHODS: Readonly<Record<string, ClientKind>> = {
  none: 'public',
  client_secret_basic: 'symmetric',
  client_secret_post: 'symmetric',
  private_key_jwt: 'asymmetric',
};

/** The client that the metadata describe, or why there is none. */
export function readRegistration(
  metadata: ClientMetadata,
  rules: RegistrationRules,
): { readonly client: Client } | RegistrationRefused {
  const redirects = textsOf(metadata['redirect_uris']);
  const wrong = redirects?.find((uri) => !isRedirect(uri));
  if (redirects === undefined || wrong !== undefined)
    return {
      error: 'invalid_redirect_uri',
      says:
        wrong === undefined
          ? 'redirect_uris is no list of texts'
          : `${wrong.slice(0, 200)} is neither https, nor loopback, nor a private-use scheme`,
    };
  const read = { metadata, redirects, kind: kindOf(metadata) };
  const fault = faultOf(read, rules);
  if (fault !== undefined) return { error: 'invalid_client_metadata', says: fault };
  return { client: clientOf(read, rules) };
}

interface ReadMetadata {
  readonly metadata: ClientMetadata;
  readonly redirects: readonly string[];
  readonly kind: ClientKind | undefined;
}

/** Client credentials alone, by a key, make a service; mixed with users, there is no such client. */
function kindOf(metadata: ClientMetadata): ClientKind | undefined {
  const { token_endpoint_auth_method: method = 'client_secret_basic' } = metadata;
  const kind = typeof method === 'string' && Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  const grants = textsOf(metadata['grant_types']) ?? [];
  if (!grants.includes('client_credentials')) return kind;
  return kind === 'asymmetric' && grants.length === 1 ? 'service' : undefined;
}

function faultOf({ metadata, redirects, kind }: ReadMetadata, rules: RegistrationRules): string | undefined {
  if (kind === undefined)
    return 'token_endpoint_auth_method and grant_types fit no kind of client: none, client_secret_basic or private_key_jwt for users; private_key_jwt with client_credentials alone for machines';
  const checks: readonly (() => string | undefined)[] = [
    () => faultOfLists(metadata),
    () => faultOfTexts(metadata),
    () => faultOfFlow(metadata, redirects, kind),
    () => faultOfCredentials(metadata, kind),
    () => faultOfAddresses(metadata),
    () => faultOfScope(metadata, kind, rules),
  ];
  for (const check of checks) {
    const fault = check();
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const LISTS = [
  'grant_types',
  'response_types',
  'contacts',
  'post_logout_redirect_uris',
  'cors_origins',
  'embedding_origins',
  'intents',
] as const;

function faultOfLists(metadata: ClientMetadata): string | undefined {
  const [wrong] = LISTS.filter((name) => textsOf(metadata[name]) === undefined);
  return wrong && `${wrong} must be a list of at most ${LIST_MAX} texts`;
}

const TEXTS = [
  'client_name',
  'launch_uri',
  'jwks_uri',
  'backchannel_logout_uri',
  'software_id',
  'software_version',
] as const;

function faultOfTexts(metadata: ClientMetadata): string | undefined {
  const [wrong] = TEXTS.filter(
    (name) => metadata[name] !== undefined && textOf(metadata[name]) === undefined,
  );
  if (wrong !== undefined) return `${wrong} must be a text of at most ${TEXT_MAX} characters`;
  const scope = metadata['scope'];
  if (scope !== undefined && (typeof scope !== 'string' || scope.length > SCOPE_MAX))
    return `scope must be a text of at most ${SCOPE_MAX} characters`;
  const name = textOf(metadata['client_name']);
  if (name === undefined || name.trim() === '' || name.length > NAME_MAX)
    return `client_name must be a text of at most ${NAME_MAX} characters`;
  if (MISLEADING.test(name)) return 'client_name has characters that show nothing, or turn the text round';
  const logo = metadata['logo_uri'];
  if (logo === undefined) return undefined;
  const isImage = typeof logo === 'string' && /^data:image\/(png|jpeg);base64,[\w+/=]+$/.test(logo);
  return isImage && logo.length <= LOGO_MAX
    ? undefined
    : 'logo_uri must hold the picture itself: a data URI of a PNG or JPEG of at most 16 KiB';
}

/** Control characters, and those that change the direction of a text: a consent page would show another name than it reads. */
const MISLEADING = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

const ALLOWED_GRANTS: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token']);

function faultOfFlow(
  metadata: ClientMetadata,
  redirects: readonly string[],
  kind: ClientKind,
): string | undefined {
  if (kind === 'service') return redirects.length > 0 ? 'a machine has no redirect_uris' : undefined;
  if (redirects.length === 0) return 'redirect_uris must name at least one address';
  const grants = textsOf(metadata['grant_types']) ?? [];
  if (grants.some((grant) => !ALLOWED_GRANTS.has(grant)))
    return 'grant_types may be authorization_code and refresh_token';
  const types = textsOf(metadata['response_types']) ?? [];
  return types.some((type) => type !== 'code') ? 'response_types may be code alone' : undefined;
}

function faultOfCredentials({ jwks, jwks_uri: uri }: ClientMetadata, kind: ClientKind): string | undefined {
  const needsKey = kind === 'asymmetric' || kind === 'service';
  if (!needsKey)
    return jwks === undefined && uri === undefined ? undefined : 'jwks and jwks_uri are for private_key_jwt';
  if ((jwks === undefined) === (uri === undefined)) return 'jwks or jwks_uri, and only one of them';
  if (uri !== undefined) return isAddress(uri) ? undefined : 'jwks_uri must be an https address';
  const [fault] = faultsOfKeys((jwks as { keys?: unknown } | null)?.keys);
  return fault && `jwks: ${fault}`;
}

function faultOfAddresses(metadata: ClientMetadata): string | undefined {
  const { launch_uri: launch, backchannel_logout_uri: logout } = metadata;
  if (launch !== undefined && !isAddress(launch)) return 'launch_uri must be an https address';
  if (logout !== undefined && !isAddress(logout)) return 'backchannel_logout_uri must be an https address';
  const wrong = (textsOf(metadata['post_logout_redirect_uris']) ?? []).find((uri) => !isRedirect(uri));
  if (wrong !== undefined) return 'post_logout_redirect_uris are addresses as redirect_uris are';
  const origins = [
    ...(textsOf(metadata['cors_origins']) ?? []),
    ...(textsOf(metadata['embedding_origins']) ?? []),
  ];
  return origins.every(isOrigin) ? undefined : 'cors_origins and embedding_origins are https origins';
}

function faultOfScope(
  { scope }: ClientMetadata,
  kind: ClientKind,
  rules: RegistrationRules,
): string | undefined {
  const words = wordsOf(scope);
  if (words.length === 0) return 'scope must name what the client may ask for at most';
  const isMachine = kind === 'service';
  const others = isMachine ? words.filter((word) => !rules.isOfMachines(word)) : words;
  const fault = rules.faultOfScopes(others.join(' '));
  if (fault !== undefined) return `scope: ${fault}`;
  const [foreign] = others.filter((word) => word.startsWith('system/') !== isMachine);
  if (foreign !== undefined) return `scope: ${foreign} is ${isMachine ? 'for apps' : 'for machines'}`;
  const [beyond] = rules.ceiling === undefined ? [] : rules.beyond(words, rules.ceiling);
  return beyond === undefined ? undefined : `scope: ${beyond} is beyond what may be registered`;
}

function clientOf({ metadata, redirects, kind = 'public' }: ReadMetadata, rules: RegistrationRules): Client {
  const list = (name: string): readonly string[] => textsOf(metadata[name]) ?? [];
  const text = (name: string): string | undefined => textOf(metadata[name]);
  const own =
    kind === 'public'
      ? redirects.flatMap((uri) => (uri.startsWith('https:') ? new URL(uri).origin : []))
      : [];
  const optional = {
    organization: rules.organization,
    launchUri: text('launch_uri'),
    backchannelLogoutUri: text('backchannel_logout_uri'),
    jwksUri: text('jwks_uri'),
    jwks: metadata['jwks'],
    secretHash: kind === 'symmetric' ? rules.secretHash : undefined,
    intents: list('intents').length > 0 ? list('intents') : undefined,
    softwareId: text('software_id'),
    softwareVersion: text('software_version'),
    logo: metadata['logo_uri'],
    expiresAt: kind === 'service' ? rules.now + SERVICE_LIFE_MS : undefined,
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return {
    name: text('client_name') ?? '',
    kind,
    status: rules.status,
    redirectUris: redirects,
    postLogoutRedirectUris: list('post_logout_redirect_uris'),
    scopes: wordsOf(metadata['scope']),
    corsOrigins: [...new Set([...own, ...list('cors_origins')])],
    embeddingOrigins: list('embedding_origins'),
    contacts: list('contacts'),
    approvedBy: rules.approvedBy,
    ...given,
  };
}

/** What a registration is answered with (RFC 7591, 3.2.1). */
export function metadataOf(id: string, client: Client): Readonly<Record<string, unknown>> {
  const isService = client.kind === 'service';
  const [method] =
    Object.entries(METHODS).find(([, kind]) => kind === (isService ? 'asymmetric' : client.kind)) ?? [];
  return {
    client_id: id,
    client_name: client.name,
    token_endpoint_auth_method: method,
    grant_types: isService ? ['client_credentials'] : ['authorization_code', 'refresh_token'],
    ...(!isService && { response_types: ['code'], redirect_uris: client.redirectUris }),
    scope: client.scopes.join(' '),
    contacts: client.contacts,
    ...(client.jwks !== undefined && { jwks: client.jwks }),
    ...(client.jwksUri !== undefined && { jwks_uri: client.jwksUri }),
    ...(client.launchUri !== undefined && { launch_uri: client.launchUri }),
    ...(client.postLogoutRedirectUris.length > 0 && {
      post_logout_redirect_uris: client.postLogoutRedirectUris,
    }),
    ...(client.backchannelLogoutUri !== undefined && { backchannel_logout_uri: client.backchannelLogoutUri }),
    ...(client.corsOrigins.length > 0 && { cors_origins: client.corsOrigins }),
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= TEXT_MAX ? value : undefined;

/** Absent is an empty list; undefined: it is no list of texts. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > LIST_MAX) return undefined;
  return value.every((one) => textOf(one) !== undefined) ? (value as readonly string[]) : undefined;
}

const wordsOf = (scope: unknown): readonly string[] =>
  typeof scope === 'string' ? [...new Set(scope.split(' ').filter((word) => word !== ''))] : [];

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const DANGEROUS: ReadonlySet<string> = new Set([
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'blob:',
  'about:',
]);

/** An address to which a browser may be sent back: compared as a whole, so that nothing in it stands for anything else. */
function isRedirect(uri: string): boolean {
  // The parser passes over spaces, tabs and line ends, and reads other scripts as ASCII: a whole address has none of them.
  const url = /^[\x21-\x7E]+$/.test(uri) ? URL.parse(uri) : null;
  if (url === null || uri.includes('#') || uri.includes('*') || url.username !== '' || url.password !== '')
    return false;
  if (url.protocol === 'https:') return true;
  if (url.protocol === 'http:') return LOOPBACK.has(url.hostname);
  // RFC 8252, 7.1: the scheme is a domain of the app's, turned round.
  return !DANGEROUS.has(url.protocol) && url.protocol.includes('.');
}

function isAddress(value: unknown): boolean {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || url.username !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}

function isOrigin(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || url.origin !== value) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}
