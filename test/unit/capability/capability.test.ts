import { faultOfScopes } from '../../../src/resources/scope-faults.ts';
import { describe, expect, test } from '@jest/globals';
import { buildCapabilityStatement } from '../../../src/capability/capability-statement.ts';
import { createCapabilityDocuments, type ServedHouse } from '../../../src/capability/index.ts';
import { buildSmartConfiguration } from '../../../src/capability/smart-configuration.ts';
import { OPERATIONS } from '../../../src/operations/extended/index.ts';
import { OFFERED } from '../../../src/operations/perform.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { searchParameters } from '../../../src/resources/search-parameters.ts';

const HOUSE: ServedHouse = {
  types: RESOURCE_TYPES,
  interactions: OFFERED,
  operations: OPERATIONS,
  parametersOf: searchParameters,
  fullText: true,
  version: '1.2.3',
  date: '2026-01-02T03:04:05Z',
  base: 'https://referrals.example.org/fhir',
  cors: true,
  updateCreate: false,
  issuer: { issuer: 'https://issuer.example', tokenEndpoint: 'https://issuer.example/token' },
};

const rest = buildCapabilityStatement(HOUSE).rest?.[0];
const resourceOf = (type: string) => rest?.resource?.find((resource) => resource.type === type);

describe('CapabilityStatement', () => {
  test('names every type of the registry, with the interactions it offers and the FHIR engine performs', () => {
    expect(rest?.resource?.map(({ type }) => type)).toEqual([...RESOURCE_TYPES.keys()]);
    expect(resourceOf('Task')?.interaction?.map(({ code }) => code)).toEqual(
      expect.arrayContaining([
        'read',
        'vread',
        'update',
        'patch',
        'create',
        'search-type',
        'history-instance',
      ]),
    );
    expect(resourceOf('AuditEvent')?.interaction?.map(({ code }) => code)).toEqual(['read', 'search-type']);
  });

  test('claims nothing that the FHIR engine does not perform', () => {
    const narrow = buildCapabilityStatement({ ...HOUSE, interactions: new Set(['read', 'search-type']) });
    expect(narrow.patchFormat).toBeUndefined();
    expect(narrow.rest?.[0]?.interaction).toEqual([]);
    expect(
      narrow.rest?.[0]?.resource?.flatMap(({ interaction = [] }) => interaction.map(({ code }) => code)),
    ).toEqual([...RESOURCE_TYPES.keys()].flatMap(() => ['read', 'search-type']));
    for (const resource of narrow.rest?.[0]?.resource ?? []) {
      expect(resource).toMatchObject({
        versioning: 'no-version',
        conditionalCreate: false,
        conditionalDelete: 'not-supported',
      });
    }
  });

  test('search parameters and includes come from the R4 table', () => {
    const task = resourceOf('Task');
    expect(task?.searchParam).toEqual(
      expect.arrayContaining([
        { name: '_id', type: 'token' },
        { name: 'business-status', type: 'token' },
        { name: 'focus', type: 'reference' },
        { name: 'modified', type: 'date' },
      ]),
    );
    expect(task?.searchInclude).toContain('Task:focus');
    expect(resourceOf('ServiceRequest')?.searchRevInclude).toContain('Task:focus');
    expect(resourceOf('Patient')?.searchRevInclude).not.toContain('PractitionerRole:organization');
  });

  test('says where tokens come from', () => {
    expect(rest?.security).toMatchObject({
      cors: true,
      service: [{ coding: [{ code: 'SMART-on-FHIR' }] }],
      extension: [{ extension: [{ url: 'token', valueUri: 'https://issuer.example/token' }] }],
    });
  });
});

describe('documents', () => {
  const documents = createCapabilityDocuments(HOUSE);

  test.each([
    [undefined, 'CapabilityStatement'],
    ['full', 'CapabilityStatement'],
    ['normative', 'CapabilityStatement'],
    ['terminology', 'TerminologyCapabilities'],
  ])('mode %s: %s', (mode, resourceType) => {
    expect(JSON.parse(documents.metadata(mode) ?? '{}')).toMatchObject({ resourceType });
  });

  test('no other mode', () => {
    expect(documents.metadata('nonsense')).toBeUndefined();
  });

  test('smart-configuration: what is understood, and only the endpoints that are known', () => {
    const smart = buildSmartConfiguration(HOUSE);
    expect(smart).not.toHaveProperty('issuer'); // of who signs no one in by OpenID Connect, it is left out
    expect(smart).toMatchObject({
      token_endpoint: 'https://issuer.example/token',
      grant_types_supported: ['client_credentials'],
      code_challenge_methods_supported: ['S256'],
    });
    expect(smart).not.toHaveProperty('authorization_endpoint');
    expect(smart.scopes_supported).toEqual(
      expect.arrayContaining(['system/*.cruds', 'user/Task.cruds', 'patient/AuditEvent.rs']),
    );
    // What is advertised can be granted (smart SM-6).
    expect(
      smart.scopes_supported.filter((scope) => faultOfScopes(scope, 'https://fhir.example') !== undefined),
    ).toEqual([]);
    expect(smart.scopes_supported).toContain(
      'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
    );
    expect(documents.smartConfiguration).toBe(JSON.stringify(smart));
  });
});
