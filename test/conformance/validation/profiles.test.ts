/** The profiles of `profiles/`, checked when claimed: each rule by one breach of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { KNOWN_PROFILES } from '../../../src/resources/validation/profile.ts';
import { SAMPLES } from './samples.ts';

const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition';
const [PLAC, FILL] = ['PLAC', 'FILL'].map((code) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }],
}));
const bundle = { reference: 'Bundle/1' };

/** The sample under one profile, with some elements changed (undefined takes one away). */
function claim(type: string, profile: string, rest: object = {}): Resource {
  const sample = { ...SAMPLES[type], meta: { profile: [profile] }, ...rest };
  return JSON.parse(JSON.stringify(sample));
}
const task = (rest: object, profile = `${BSER}/BSeR-ReferralTask`) => claim('Task', profile, rest);
const generic = (rest: object) => task(rest, `${BSER}/referral-task`);
const request = (rest: object, profile = `${BSER}/BSeR-ReferralServiceRequest`) =>
  claim('ServiceRequest', profile, rest);
const without = (type: string, name: string) =>
  claim(type, `${BSER}/${PROFILE[type]}`, { [name]: undefined });
const PROFILE: Readonly<Record<string, string>> = {
  Task: 'BSeR-ReferralTask',
  ServiceRequest: 'BSeR-ReferralServiceRequest',
};

describe('a breach is refused at its place', () => {
  test.each<[string, Resource, string]>([
    ...['focus', 'authoredOn', 'requester', 'owner'].map((name): [string, Resource, string] => [
      `no ${name}`,
      without('Task', name),
      `Task.${name}`,
    ]),
    ...['code', 'for'].map((name): [string, Resource, string] => [
      `no ${name}`,
      generic({ [name]: undefined }),
      `Task.${name}`,
    ]),
    ['another intent', task({ intent: 'plan' }), 'Task.intent'],
    ['another code', task({ code: { text: 'fulfill' } }), 'Task.code'],
    ['a reason without words', task({ statusReason: { coding: [{ code: 'x' }] } }), 'Task.statusReason.text'],
    ['focus of another type', task({ focus: { reference: 'Appointment/1' } }), 'Task.focus'],
    ['for a group', task({ for: { reference: 'Group/1' } }), 'Task.for'],
    ['for a device', generic({ for: { reference: 'Device/1' } }), 'Task.for'],
    ['requester of another type', task({ requester: { reference: 'RelatedPerson/1' } }), 'Task.requester'],
    [
      'output that is no reference',
      task({ output: [{ type: { text: 'x' }, valueString: 'x' }] }),
      'Task.output[0].value',
    ],
    [
      'output that is no bundle',
      task({ output: [{ type: { text: 'x' }, valueReference: { reference: 'Observation/1' } }] }),
      'Task.output[0].value',
    ],
    [
      'two numbers of the initiator',
      task({ identifier: [1, 2].map((value) => ({ type: PLAC, value: String(value) })) }),
      'Task.identifier',
    ],
    [
      "the initiator's number without a value",
      task({ identifier: [{ type: PLAC, system: 'urn:x' }] }),
      'Task.identifier[0].value',
    ],
    [
      "the recipient's number without its assigner",
      task({ identifier: [{ value: 'x' }, { type: FILL, value: 'x' }] }),
      'Task.identifier[1].assigner',
    ],
    ['no number', without('ServiceRequest', 'identifier'), 'ServiceRequest.identifier'],
    [
      'no number of the initiator',
      request({ identifier: [{ type: FILL, value: 'x' }] }),
      'ServiceRequest.identifier',
    ],
    ['no category', without('ServiceRequest', 'category'), 'ServiceRequest.category'],
    ['no code', { ...without('ServiceRequest', 'code'), orderDetail: undefined }, 'ServiceRequest.code'],
    ['no requester', without('ServiceRequest', 'requester'), 'ServiceRequest.requester'],
    ['another intent', request({ intent: 'plan' }), 'ServiceRequest.intent'],
    ['subject of another type', request({ subject: { reference: 'Group/1' } }), 'ServiceRequest.subject'],
    [
      'a practitioner without role asks',
      request({ requester: { reference: 'Practitioner/1' } }),
      'ServiceRequest.requester',
    ],
    [
      'two performers',
      request({ performer: [{ display: 'a' }, { display: 'b' }] }),
      'ServiceRequest.performer',
    ],
    ['a team performs', request({ performer: [{ reference: 'CareTeam/1' }] }), 'ServiceRequest.performer[0]'],
    [
      'a reason without words',
      request({ reasonCode: [{ text: 'a' }, { coding: [{ code: 'x' }] }] }),
      'ServiceRequest.reasonCode[1].text',
    ],
  ])('%s', (_what, resource, expression) => {
    const sound: Resource = JSON.parse(JSON.stringify(resource));
    expect(validateResource(sound, { profiles: 'none' })).toEqual([]);
    expect(validateResource(sound)).toEqual([
      expect.objectContaining({ code: 'profile-invalid', severity: undefined, expression: [expression] }),
    ]);
  });
});

describe('a claim', () => {
  test.each([
    ['of a profile that is not known', 'http://example.org/StructureDefinition/other'],
    ['of another version of one that is', `${BSER}/BSeR-ReferralTask|1.0.0`],
  ])('%s is said to be unchecked, and refuses nothing', (_what, profile) => {
    expect(validateResource(task({ focus: undefined }, profile))).toEqual([
      expect.objectContaining({ severity: 'information', expression: ['Task.meta.profile[0]'] }),
    ]);
  });

  test('of the version that is known is checked', () => {
    const issues = validateResource(task({ focus: undefined }, `${BSER}/BSeR-ReferralTask|2.0.0-ballot`));
    expect(issues).toEqual([
      expect.objectContaining({ code: 'profile-invalid', expression: ['Task.focus'] }),
    ]);
  });

  test('of a profile for another type is refused', () => {
    const patient = { resourceType: 'Patient', meta: { profile: [`${BSER}/BSeR-ReferralTask`] } };
    expect(validateResource(patient)).toEqual([
      expect.objectContaining({ expression: ['Patient.meta.profile[0]'], severity: undefined }),
    ]);
  });

  test('inside a bundle is checked too', () => {
    const entry = [
      { resource: SAMPLES['Patient'] },
      { resource: task({ intent: 'plan', output: [{ type: { text: 'x' }, valueReference: bundle }] }) },
    ];
    expect(validateResource({ resourceType: 'Bundle', type: 'collection', entry })).toEqual([
      expect.objectContaining({ code: 'profile-invalid', expression: ['Bundle.entry[1].resource.intent'] }),
    ]);
  });

  test('of STU1, which has the same canonical, may lack code and for: a warning', () => {
    const issues = validateResource(task({ code: undefined, for: undefined }));
    expect(issues.map(({ severity, expression }) => `${severity} ${String(expression)}`)).toEqual([
      'warning Task.code',
      'warning Task.for',
    ]);
    expect(validateResource(task({ code: { text: 'x' } }))).toEqual([
      expect.objectContaining({ severity: undefined }),
    ]);
  });

  test('of two profiles names a fault once', () => {
    const both = claim('Task', '', { meta: SAMPLES['Task']?.meta, focus: undefined });
    expect(validateResource(both)).toEqual([expect.objectContaining({ expression: ['Task.focus'] })]);
  });

  test('is not looked at when not asked for, or when the structure is unsound', () => {
    expect(validateResource(task({ focus: undefined }), { profiles: 'none' })).toEqual([]);
    expect(validateResource(task({ focus: undefined, colour: 'x' }))).toEqual([
      expect.objectContaining({ code: 'structure-invalid' }),
    ]);
  });
});

describe('the files of profiles/', () => {
  const folder = new URL('../../../profiles/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .map((path): readonly [string, Resource & { url: string }] => [
      path.slice(path.lastIndexOf('/') + 1),
      JSON.parse(readFileSync(new URL(path, folder), 'utf8')),
    ]);

  test.each(files)('%s is itself valid and listed in SOURCES.md', (name, resource) => {
    expect(validateResource(resource)).toEqual([]);
    const sources = readFileSync(new URL('SOURCES.md', folder), 'utf8');
    expect(sources).toContain(`\`${name}\``);
    expect(sources).toContain(resource.url);
  });

  test('every profile is known', () => {
    const urls = files
      .filter(([, each]) => each.resourceType === 'StructureDefinition' && each['type'] !== 'Extension')
      .map(([, { url }]) => url);
    expect(KNOWN_PROFILES).toEqual(expect.arrayContaining(urls));
  });
});
