/** The REST interface as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), for tools that do not read a CapabilityStatement. */
import type { ServedHouse } from '../served.ts';
import { SHARED } from './parameters.ts';
import { pathsOfOperation, pathsOfSystem, pathsOfType } from './paths.ts';
import { buildSchemas, refTo } from './schemas.ts';

/** Resource types that are bodies of requests and that the server does not store. */
const BODIES = ['Parameters', 'OperationOutcome', 'Bundle', 'CapabilityStatement'];

export function buildOpenApi(house: ServedHouse): Readonly<Record<string, unknown>> {
  const types = [...house.types.values()];
  const paths = Object.assign(
    {},
    pathsOfSystem(house),
    ...types.map((declared) => pathsOfType(declared, house)),
    ...[...house.operations.values()].map(pathsOfOperation),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Closeloop',
      version: house.version,
      description: 'Closed-loop referrals over FHIR R4 (4.0.1).',
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: house.base }],
    security: [{ bearer: [] }],
    tags: ['System', ...house.types.keys()].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: `Tokens of ${house.issuer.issuer}` },
      },
      parameters: SHARED,
      responses: {
        Refusal: {
          description: 'It was not done; the OperationOutcome says why, and how to solve it',
          content: {
            'application/fhir+json': { schema: refTo('OperationOutcome') },
            'application/fhir+xml': { schema: refTo('OperationOutcome') },
          },
        },
      },
      schemas: buildSchemas([...BODIES, ...house.types.keys()]),
    },
  };
}
