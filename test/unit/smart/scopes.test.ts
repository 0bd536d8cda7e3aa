/** The grammar of SMART scopes, as a table. */
import { describe, expect, test } from '@jest/globals';
import { parseScopes, type Scope } from '../../../src/smart/scopes.ts';

const show = ({ level, type, rights, query }: Scope): string =>
  `${level} ${type} ${[...rights].join('')}${query ? ` ${JSON.stringify(query)}` : ''}`;

describe('parseScopes', () => {
  test.each([
    // version 1
    ['patient/*.read', ['patient * rs']],
    ['user/Task.write', ['user Task cud']],
    ['system/*.*', ['system * cruds']],
    ['system/Task.*', ['system Task cruds']],
    // version 2
    ['system/Task.cruds', ['system Task cruds']],
    ['system/Task.rs', ['system Task rs']],
    ['patient/Observation.c', ['patient Observation c']],
    ['user/*.ds', ['user * ds']],
    [
      'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
      [
        'patient Observation rs [["category","http://terminology.hl7.org/CodeSystem/observation-category|laboratory"]]',
      ],
    ],
    [
      'user/Task.rs?status=received&code=http%3A%2F%2Fx%7Cy',
      ['user Task rs [["status","received"],["code","http://x|y"]]'],
    ],
    // several, in their order
    [' system/Task.rs\t system/Patient.r ', ['system Task rs', 'system Patient r']],
    // not resource scopes
    ['openid fhirUser profile launch launch/patient offline_access', []],
    ['', []],
    // against the grammar
    ['system/Task.sr', []],
    ['system/Task.rr', []],
    ['system/Task.', []],
    ['system/Task', []],
    ['system/task.r', []],
    ['system/Task.READ', []],
    ['system/Task.rs?', []],
    ['system/Task.read?status=received', []],
    ['System/Task.rs', []],
    ['practitioner/Task.rs', []],
    ['system/Task/1.rs', []],
    ['xsystem/Task.rsx', []],
  ])('%j', (text, scopes) => expect(parseScopes(text).map(show)).toEqual(scopes));
});
