/** Ids of elements (http://hl7.org/fhir/R4/element.html): without blanks, and one of a kind within their resource. */
import { expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';

const contained = [{ resourceType: 'Patient', id: 'p', name: [{ id: 'a', text: 'x' }] }];

test.each<[string, object, readonly string[]]>([
  [
    'two elements',
    {
      resourceType: 'Patient',
      name: [
        { id: 'a', text: 'x' },
        { id: 'a', text: 'y' },
      ],
    },
    ['Patient.name[1].id'],
  ],
  [
    'an element and a primitive',
    { resourceType: 'Patient', name: [{ id: 'a', text: 'x' }], birthDate: '2000', _birthDate: { id: 'a' } },
    ['Patient.birthDate.id'],
  ],
  ['a blank', { resourceType: 'Patient', name: [{ id: 'a b', text: 'x' }] }, ['Patient.name[0].id']],
  [
    'a contained resource has ids of its own',
    {
      resourceType: 'Task',
      status: 'draft',
      intent: 'order',
      note: [{ id: 'a', text: 'x' }],
      for: { reference: '#p' },
      contained,
    },
    [],
  ],
  [
    'so has a resource in an entry',
    {
      resourceType: 'Bundle',
      type: 'collection',
      entry: ['1', '2'].map((id) => ({
        resource: { resourceType: 'Patient', id, name: [{ id: 'a', text: 'x' }] },
      })),
    },
    [],
  ],
])('%s', (_what, resource, expected) => {
  const found = validateResource(resource as Resource).map(({ expression }) => String(expression));
  expect(found).toEqual(expected);
});
