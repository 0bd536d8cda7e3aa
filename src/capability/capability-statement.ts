/**
 * The CapabilityStatement (http://hl7.org/fhir/R4/capabilitystatement.html). The server derives it from its tables;
 * nobody writes a claim by hand.
 */
import { authorizationMetadata } from './authorization-server.ts';
import type {
  CapabilityStatement,
  CapabilityStatementRest,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceSearchParam,
} from '../fhir/types.ts';
import { canonicalOf, isOn, type Operation } from '../operations/extended/operation.ts';
import type { Interaction } from '../operations/request.ts';
import { COMPARTMENTS, compartmentCanonical } from '../resources/compartment.ts';
import { EVERY_INTERACTION, type ResourceType } from '../resources/resource.ts';
import { isFollowed } from '../resources/search-parameters.ts';
import type { ServedHouse } from './served.ts';

type SystemInteraction = NonNullable<CapabilityStatementRest['interaction']>[number]['code'];

const SYSTEM: readonly (SystemInteraction & Interaction)[] = [
  'transaction',
  'batch',
  'history-system',
  'search-system',
];

/** Search parameters of every type, beside the type's own. */
const EVERY_PARAMETER: readonly CapabilityStatementRestResourceSearchParam[] = [
  { name: '_id', type: 'token' },
  { name: '_lastUpdated', type: 'date' },
];

/** JSON Patch, and FHIRPath Patch in the format of resources. */
const PATCH_FORMATS = [
  'application/json-patch+json',
  'application/fhir+json',
  'application/fhir+xml',
] as const;

/** Search parameters of every stored type, beside those of every type. */
const STORED_PARAMETERS: readonly CapabilityStatementRestResourceSearchParam[] = [
  { name: '_filter', type: 'special', documentation: 'http://hl7.org/fhir/R4/search_filter.html' },
  {
    name: '_list',
    type: 'special',
    documentation: 'Members of the List with this id that are not struck out',
  },
];

/** Search parameters of every stored type when the store keeps full text. */
const TEXT_PARAMETERS: readonly CapabilityStatementRestResourceSearchParam[] = [
  { name: '_text', type: 'string', documentation: 'Words of the narrative: AND, OR, NOT, "phrases", stem*' },
  {
    name: '_content',
    type: 'string',
    documentation: 'Words of the resource: AND, OR, NOT, "phrases", stem*',
  },
];

export function buildCapabilityStatement(house: ServedHouse): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: house.date,
    kind: 'instance',
    software: { name: 'Closeloop', version: house.version },
    implementation: { description: 'Closed-loop referrals', url: house.base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'],
    ...(house.interactions.has('patch') && { patchFormat: [...PATCH_FORMATS] }),
    rest: [buildRest(house)],
  };
}

function buildRest(house: ServedHouse): CapabilityStatementRest {
  const performed = SYSTEM.filter((code) => house.interactions.has(code));
  const references = referencesByType(house);
  return {
    mode: 'server',
    security: buildSecurity(house),
    resource: [...house.types.values()].map((declared) => buildResource(declared, house, references)),
    interaction: performed.map((code) => ({ code })),
    ...(house.interactions.has('search-system') && buildSystemSearch(house)),
    ...operationsOfSystem(house),
  };
}

/** Search parameters that mean the same for every type, and the compartments that a search can be limited to. */
function buildSystemSearch({ types, parametersOf }: ServedHouse): Partial<CapabilityStatementRest> {
  const searched = [...types.values()].filter(({ renderedFromAudit }) => renderedFromAudit !== true);
  const [first, ...others] = searched.map(({ type }) => parametersOf(type));
  const shared = [...(first?.values() ?? [])].filter(({ code, type }) =>
    others.every((parameters) => parameters.get(code)?.type === type),
  );
  return {
    searchParam: [
      { name: '_type', type: 'token' },
      ...EVERY_PARAMETER,
      ...shared.map(({ code, type }) => ({ name: code, type })),
    ],
    compartment: [...COMPARTMENTS].map(compartmentCanonical),
  };
}

/**
 * SMART App Launch 2.2 discovery. The extension for the endpoints is that of earlier SMART versions, which clients
 * still read.
 */
function buildSecurity({ cors, issuer }: ServedHouse): NonNullable<CapabilityStatementRest['security']> {
  const own = issuer.own && authorizationMetadata(issuer.own);
  const endpoints = [
    { url: 'authorize', valueUri: own?.authorization_endpoint ?? issuer.authorizationEndpoint },
    { url: 'token', valueUri: own?.token_endpoint ?? issuer.tokenEndpoint },
    { url: 'register', valueUri: own?.registration_endpoint },
    { url: 'manage', valueUri: own?.management_endpoint },
    { url: 'introspect', valueUri: own?.introspection_endpoint },
    { url: 'revoke', valueUri: own?.revocation_endpoint },
  ].flatMap(({ url, valueUri }) => (valueUri === undefined ? [] : [{ url, valueUri }]));
  return {
    cors,
    service: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
            code: 'SMART-on-FHIR',
          },
        ],
      },
    ],
    description: `Bearer tokens of ${[issuer.own?.issuer, issuer.issuer].filter(Boolean).join(' or ') || 'another issuer'}; see .well-known/smart-configuration.`,
    ...(endpoints.length > 0 && {
      extension: [
        {
          url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
          extension: endpoints,
        },
      ],
    }),
  };
}

function buildResource(
  declared: ResourceType,
  house: ServedHouse,
  references: ReferencesByType,
): CapabilityStatementRestResource {
  const { type, profiles = [] } = declared;
  const offered = interactionsOf(declared, house);
  const has = (interaction: Interaction): boolean => offered.some((code) => code === interaction);
  const versioned = has('vread');
  return {
    type: type as CapabilityStatementRestResource['type'], // the registry holds R4 types only
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(profiles.length > 0 && { supportedProfile: [...profiles] }),
    interaction: offered.map((code) => ({ code })),
    versioning: versioned ? 'versioned' : 'no-version',
    readHistory: versioned,
    updateCreate: has('update') && house.updateCreate,
    conditionalCreate: has('create'),
    conditionalRead: has('read') && declared.renderedFromAudit !== true ? 'full-support' : 'not-supported',
    conditionalUpdate: has('update'),
    conditionalDelete: has('delete') ? 'single' : 'not-supported',
    // The server checks that a literal reference to a local resource leads to one; it stores a logical reference as it
    // is.
    referencePolicy: has('create') ? ['literal', 'logical', 'enforced'] : ['literal', 'logical'],
    ...(has('search-type') && buildSearch(declared, house, references)),
    ...operationsOn(type, house),
  };
}

/** Operations of a type, at whatever level. */
const operationsOn = (type: string, { operations }: ServedHouse) =>
  claimOperations(
    [...operations.values()].filter(
      ({ levels, resource }) => levels.some((level) => level !== 'system') && isOn(resource, type),
    ),
  );

/** http://hl7.org/fhir/R4/capabilitystatement-definitions.html#CapabilityStatement.rest.operation: "at the system level" */
const operationsOfSystem = ({ operations }: ServedHouse) =>
  claimOperations([...operations.values()].filter(({ levels }) => levels.includes('system')));

function claimOperations(
  operations: readonly Operation[],
): Pick<CapabilityStatementRestResource, 'operation'> {
  if (operations.length === 0) return {};
  return {
    operation: operations.map((operation) => ({
      name: operation.name,
      definition: canonicalOf(operation),
    })),
  };
}

/** The interactions that a type declares and that the server performs. */
export function interactionsOf(
  { interactions = EVERY_INTERACTION }: ResourceType,
  house: Pick<ServedHouse, 'interactions'>,
): readonly (typeof EVERY_INTERACTION)[number][] {
  return interactions.filter((code) => house.interactions.has(code));
}

type Search = Pick<CapabilityStatementRestResource, 'searchParam' | 'searchInclude' | 'searchRevInclude'>;

function buildSearch(
  { type, renderedFromAudit }: ResourceType,
  house: ServedHouse,
  references: ReferencesByType,
): Search {
  const own = [...house.parametersOf(type).values()].map(({ code, type: kind }) => ({
    name: code,
    type: kind,
  }));
  if (renderedFromAudit === true) return { searchParam: [...EVERY_PARAMETER, ...own] };
  const searchParam = [
    ...EVERY_PARAMETER,
    ...STORED_PARAMETERS,
    ...(house.fullText ? TEXT_PARAMETERS : []),
    ...own,
  ];
  const searchInclude = (references.get(type) ?? []).map(({ code }) => `${type}:${code}`);
  const searchRevInclude = [...references].flatMap(([other, parameters]) =>
    parameters
      .filter(({ targets }) => targets === undefined || targets.includes(type))
      .map(({ code }) => `${other}:${code}`),
  );
  return {
    searchParam,
    ...(searchInclude.length > 0 && { searchInclude }),
    ...(searchRevInclude.length > 0 && { searchRevInclude }),
  };
}

type ReferencesByType = ReturnType<typeof referencesByType>;

/** The parameters that includes follow, by the types that are searched with them. */
function referencesByType({ types, parametersOf }: ServedHouse) {
  const searched = [...types.values()].filter(({ renderedFromAudit }) => renderedFromAudit !== true);
  return new Map(
    searched.map(({ type }) => [
      type,
      [...parametersOf(type).values()].filter(
        (parameter) => parameter.kind === 'reference' && isFollowed(parameter),
      ),
    ]),
  );
}
