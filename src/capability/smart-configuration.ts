/**
 * `.well-known/smart-configuration` (SMART App Launch 2.2, "Conformance"): the authorization server of this server; where it is
 * switched off, the issuer outside as far as the settings say.
 */
import type { Right } from '../smart/scopes.ts';
import { interactionsOf } from './capability-statement.ts';
import {
  authorizationMetadata,
  LAUNCH_SCOPES,
  NARROWED_SCOPES,
  SMART_CAPABILITIES,
  type OwnIssuer,
} from './authorization-server.ts';
import type { ServedHouse } from './served.ts';

interface SmartConfiguration {
  readonly issuer?: string;
  readonly jwks_uri?: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly grant_types_supported: readonly string[];
  readonly code_challenge_methods_supported: readonly string[];
  readonly scopes_supported: readonly string[];
  readonly capabilities: readonly string[];
}

const LEVELS = ['patient', 'user', 'system'] as const;

/** The interaction that a type must have for a SMART right to mean something, in the order of the grammar. */
const RIGHTS: readonly (readonly [right: Right, interaction: string])[] = [
  ['c', 'create'],
  ['r', 'read'],
  ['u', 'update'],
  ['d', 'delete'],
  ['s', 'search-type'],
];

/**
 * Granular scopes that are worth asking for by name (smart 4.5): the categories of US Core, and what a referral has. Every
 * other search parameter of a type narrows a scope as well.
 */
const GRANULAR: readonly (readonly [type: string, param: string, value: string])[] = [
  ...['encounter-diagnosis', 'problem-list-item'].map(
    (code) =>
      ['Condition', 'category', `http://terminology.hl7.org/CodeSystem/condition-category|${code}`] as const,
  ),
  ['Condition', 'category', 'http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern'],
  ...['laboratory', 'social-history', 'vital-signs', 'survey'].map(
    (code) =>
      [
        'Observation',
        'category',
        `http://terminology.hl7.org/CodeSystem/observation-category|${code}`,
      ] as const,
  ),
  ['Observation', 'category', 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category|sdoh'],
  ['Task', 'code', 'http://hl7.org/fhir/CodeSystem/task-code|fulfill'],
];

export function buildSmartConfiguration(house: ServedHouse): SmartConfiguration {
  const { own } = house.issuer;
  return own === undefined ? buildOutside(house) : buildOwn(house, own);
}

const buildOwn = (house: ServedHouse, own: OwnIssuer): SmartConfiguration => ({
  ...authorizationMetadata(own),
  scopes_supported: ownScopes(house),
  capabilities: SMART_CAPABILITIES,
});

/** Every scope that a client of ours may ask for. */
export const ownScopes = (house: ServedHouse): readonly string[] => [
  ...LAUNCH_SCOPES,
  ...scopesOf(house),
  ...['patient', 'user'].flatMap((level) => NARROWED_SCOPES.map((scope) => `${level}/${scope}`)),
];

/** There is no `sso-openid-connect` in what we know of an issuer outside, so its name is left out (SMART App Launch 2.2). */
function buildOutside(house: ServedHouse): SmartConfiguration {
  const { jwksUri, authorizationEndpoint, tokenEndpoint } = house.issuer;
  return {
    ...(jwksUri !== undefined && { jwks_uri: jwksUri }),
    ...(authorizationEndpoint !== undefined && { authorization_endpoint: authorizationEndpoint }),
    ...(tokenEndpoint !== undefined && { token_endpoint: tokenEndpoint }),
    grant_types_supported: [
      ...(authorizationEndpoint === undefined ? [] : ['authorization_code']),
      ...(tokenEndpoint === undefined ? [] : ['client_credentials']),
    ],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: scopesOf(house),
    capabilities: ['permission-v1', 'permission-v2', 'permission-patient', 'permission-user'],
  };
}

function scopesOf(house: ServedHouse): readonly string[] {
  const byType = [...house.types.values()].map((declared) => {
    const offered: readonly string[] = interactionsOf(declared, house);
    const rights = RIGHTS.filter(([, interaction]) => offered.includes(interaction)).map(([right]) => right);
    return `${declared.type}.${rights.join('')}`;
  });
  const granular = GRANULAR.map(([type, param, value]) => `${type}.rs?${param}=${value}`);
  return LEVELS.flatMap((level) => ['*.cruds', ...byType, ...granular].map((scope) => `${level}/${scope}`));
}
