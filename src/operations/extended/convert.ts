/**
 * `$convert` (http://hl7.org/fhir/R4/resource-operation-convert.html): returns a resource unchanged in the format that
 * the client accepts. It stores nothing, and checks only what the format itself demands.
 */
import { encodeJson } from '../../fhir/json.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { resourceIn } from './input.ts';
import type { Operation } from './operation.ts';

export const convert: Operation = {
  name: 'convert',
  base: 'http://hl7.org/fhir/OperationDefinition/Resource-convert',
  title: 'Convert between formats',
  description:
    'Takes a resource in one format and answers it in the one asked for by Accept or _format, unchanged. R4 calls what comes back "output"; it is the bare resource, for which the name is "return", as later releases have it.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [
    {
      name: 'input',
      use: 'in',
      min: 1,
      max: '1',
      type: 'Resource',
      documentation: 'The resource, as it is; Parameters that are to be converted are sent inside others.',
    },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Resource',
      documentation: 'The same resource.',
    },
  ],
  perform: async ({ input }) => {
    const resource = resourceIn(input, 'input');
    if (resource === undefined) throw new OperationOutcomeError('field-missing');
    return { status: 200, text: encodeJson(resource.storing) };
  },
};
