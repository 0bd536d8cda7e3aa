/** What the server says of its own authorization server: RFC 8414, OpenID Connect Discovery, SMART App Launch 2.2. */

/** The authorization server as far as its documents depend on settings. */
export interface OwnIssuer {
  /** `[origin]/auth` */
  readonly issuer: string;
  /** Whether clients may register themselves. */
  readonly registration: boolean;
}

/** Scopes that are no resource scopes; all of them work. */
export const LAUNCH_SCOPES: readonly string[] = [
  'openid',
  'fhirUser',
  'profile',
  'launch',
  'launch/patient',
  'online_access',
  'offline_access',
];

/** The scopes that ONC's list names for narrowing by category (45 CFR 170.315(g)(10)), without their level. */
export const NARROWED_SCOPES: readonly string[] = [
  'Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|encounter-diagnosis',
  'Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item',
  'Condition.rs?category=http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern',
  'Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
  'Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|social-history',
  'Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs',
  'Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|survey',
  'Observation.rs?category=http://hl7.org/fhir/us/core/CodeSystem/us-core-category|sdoh',
];

/** SMART's words for what the authorization server can do. Each has a test that it works, and one that it refuses. */
export const SMART_CAPABILITIES: readonly string[] = [
  'launch-standalone',
  'launch-ehr',
  'authorize-post',
  'client-public',
  'client-confidential-symmetric',
  'client-confidential-asymmetric',
  'sso-openid-connect',
  'context-standalone-patient',
  'context-ehr-patient',
  'context-ehr-encounter',
  'context-banner',
  'context-style',
  'permission-patient',
  'permission-user',
  'permission-offline',
  'permission-online',
  'permission-v1',
  'permission-v2',
];

/** Where a person sees the apps that have access, and takes it from them (smart SM-62). */
const APPS_PATH = '/apps';

/** What both kinds of discovery say. All addresses are absolute. */
export const authorizationMetadata = ({ issuer, registration }: OwnIssuer) => ({
  issuer,
  jwks_uri: `${issuer}/jwks`,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  introspection_endpoint: `${issuer}/introspect`,
  revocation_endpoint: `${issuer}/revoke`,
  management_endpoint: `${issuer}${APPS_PATH}`,
  ...(registration && { registration_endpoint: `${issuer}/register` }),
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
  token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
});

/** OpenID Connect Discovery 1.0, and the same document as RFC 8414 asks for it. */
export const buildOpenIdConfiguration = (own: OwnIssuer, scopes: readonly string[]): object => ({
  ...authorizationMetadata(own),
  userinfo_endpoint: `${own.issuer}/userinfo`,
  end_session_endpoint: `${own.issuer}/logout`,
  scopes_supported: scopes,
  response_modes_supported: ['query'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  claims_supported: [
    'sub',
    'iss',
    'aud',
    'exp',
    'iat',
    'nonce',
    'auth_time',
    'acr',
    'amr',
    'sid',
    'fhirUser',
    'name',
  ],
  acr_values_supported: ['urn:closeloop:acr:mfa', 'urn:closeloop:acr:phr'],
  authorization_response_iss_parameter_supported: true,
  claims_parameter_supported: false,
  request_parameter_supported: false,
  request_uri_parameter_supported: false,
  backchannel_logout_supported: true,
  backchannel_logout_session_supported: true,
});
