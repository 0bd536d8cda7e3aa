/** What an order needs on the wire and a FHIR client need not say: who orders (ORC-12) and why (OBR-31). */
import { describe, expect, test } from '@jest/globals';
import type { Reference, Resource, ServiceRequest, Task } from '../../../../src/fhir/types.ts';
import { buildMessage } from '../../../../src/hl7v2/build.ts';
import { buildRequest } from '../../../../src/hl7v2/messages/omg-o19.ts';
import { encodeMessage } from '../../../../src/hl7v2/message.ts';
import { to } from '../../../resources.ts';
import { CONTEXT } from './full.ts';

type Raw = Readonly<Record<string, unknown>>;

/** The order of the README, with what a case adds. */
const built = (request: Raw, others: Readonly<Record<string, Raw>>): string => {
  const order = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { text: 'Diabetes prevention programme' },
    subject: to('Patient/p'),
    requester: to('Organization/o'),
    ...request,
  };
  const referral = {
    task: { resourceType: 'Task', status: 'received', intent: 'order' } as Task,
    request: order as unknown as ServiceRequest, // a case's own
    patient: { resourceType: 'Patient' as const },
    resolve: ({ reference = '' }: Reference) => {
      const found = others[reference];
      return found === undefined
        ? undefined
        : ({ resourceType: reference.split('/')[0], ...found } as Resource);
    },
  };
  return encodeMessage(buildMessage(buildRequest(referral, CONTEXT)));
};
const field = (text: string, segment: string, at: number): string =>
  text
    .split('\r')
    .find((line) => line.startsWith(`${segment}|`))
    ?.split('|')[at] ?? '';

const OKAFOR = { name: { family: 'Okafor', given: ['Ngozi'] } };
const ORGANIZATION = { name: 'Elm Street', contact: [{ telecom: [{ value: '555' }] }, OKAFOR] };
const NAMELESS = { practitioner: to('Practitioner/n'), organization: to('Organization/o') };

describe('ORC-12 and OBR-16', () => {
  test.each<readonly [string, string, Readonly<Record<string, Raw>>, string]>([
    ['the contact of an organization', 'Organization/o', {}, '^Okafor^Ngozi'],
    [
      'the contact behind a role of nobody',
      'PractitionerRole/r',
      { 'PractitionerRole/r': { organization: to('Organization/o') } },
      '^Okafor^Ngozi',
    ],
    [
      'the contact behind a clinician of whom nothing is known',
      'PractitionerRole/r',
      { 'PractitionerRole/r': NAMELESS, 'Practitioner/n': { name: [{ use: 'usual' }] } },
      '^Okafor^Ngozi',
    ],
    [
      'the clinician, where one is named',
      'PractitionerRole/r',
      { 'PractitionerRole/r': NAMELESS, 'Practitioner/n': { name: [{ text: 'Dr Lee' }] } },
      '^Dr Lee',
    ],
    [
      'the contact behind a service',
      'HealthcareService/s',
      { 'HealthcareService/s': { providedBy: to('Organization/o') } },
      '^Okafor^Ngozi',
    ],
    [
      'the contact behind a team',
      'CareTeam/t',
      { 'CareTeam/t': { managingOrganization: [to('Organization/o')] } },
      '^Okafor^Ngozi',
    ],
    [
      'the contact behind a device',
      'Device/d',
      { 'Device/d': { owner: to('Organization/o') } },
      '^Okafor^Ngozi',
    ],
    [
      'the contact of what a department is part of',
      'Organization/d',
      { 'Organization/d': { partOf: to('Organization/o') } },
      '^Okafor^Ngozi',
    ],
    [
      'nobody, where nobody is known',
      'Organization/x',
      { 'Organization/x': { name: 'X', contact: [{ name: { prefix: ['Dr'] } }] } },
      '',
    ],
    [
      'nobody, where organizations are part of each other',
      'Organization/x',
      { 'Organization/x': { partOf: to('Organization/x') } },
      '',
    ],
  ])('%s', (_name, requester, others, expected) => {
    const text = built({ requester: to(requester) }, { 'Organization/o': ORGANIZATION, ...others });
    expect([field(text, 'ORC', 12), field(text, 'OBR', 16)]).toEqual([expected, expected]);
  });
});

describe('OBR-31', () => {
  const KNEE = {
    code: { coding: [{ system: 'http://snomed.info/sct', code: '396275006' }], text: 'Osteoarthritis' },
  };
  test.each<readonly [string, Raw, string]>([
    [
      'its own reason',
      { reasonCode: [{ text: 'Knee pain' }], reasonReference: [to('Condition/c')] },
      '^Knee pain',
    ],
    ['the condition it refers to', { reasonReference: [to('Condition/c')] }, '396275006^Osteoarthritis^SCT'],
    ['the document it refers to', { reasonReference: [to('DocumentReference/d')] }, '^Letter'],
    ['what a reference displays', { reasonReference: [{ display: 'see the letter' }] }, '^see the letter'],
    ['what is asked for, in words', {}, '^Diabetes prevention programme'],
    [
      'what is asked for, as a code',
      { code: { coding: [{ system: 'http://snomed.info/sct', code: '1' }] } },
      '1^^SCT',
    ],
    [
      'what is asked for, beside a reason that says nothing',
      { reasonCode: [{ coding: [{ system: 'http://loinc.org' }] }] },
      '^Diabetes prevention programme',
    ],
    ['nothing, where nothing is said', { code: undefined }, ''],
  ])('%s', (_name, request, expected) => {
    const others = { 'Condition/c': KNEE, 'DocumentReference/d': { type: { text: 'Letter' } } };
    expect(field(built(request, others), 'OBR', 31)).toBe(expected);
  });
});
