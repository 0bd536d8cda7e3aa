import { expect, test } from '@jest/globals';
import { toExpression } from '../../../../src/resources/validation/expression.ts';

const observation = {
  resourceType: 'Observation',
  contained: [{ resourceType: 'Patient', name: [{ given: ['x'] }] }],
};

test.each([
  ['', 'Observation'],
  ['/status', 'Observation.status'],
  ['/valueQuantity/value', 'Observation.value.value'],
  ['/_effectiveDateTime/extension/0/valueCode', 'Observation.effective.extension[0].value'],
  ['/component/12/valueString', 'Observation.component[12].value'],
  ['/contained/0/name/0/_given/1', 'Observation.contained[0].name[0].given[1]'],
  ['/contained/0/deceasedBoolean', 'Observation.contained[0].deceased'],
  ['/valueDecimal', 'Observation.valueDecimal'],
  ['/a~1b~0c', 'Observation.`?`'],
])('%s is %s', (pointer, expression) => expect(toExpression(observation, pointer)).toBe(expression));
