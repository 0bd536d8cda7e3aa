import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import {
  parseReference,
  relativeTo,
  rewriteReferences,
  beginWalk,
  walkReferences,
  type WalkOptions,
} from '../../../src/fhir/reference.ts';
import type { Resource } from '../../../src/fhir/types.ts';

test.each([
  ['Patient/1', { kind: 'local', ref: 'Patient/1', type: 'Patient', id: '1' }],
  ['Task/a-b.C/_history/7', { kind: 'local', ref: 'Task/a-b.C', type: 'Task', id: 'a-b.C', version: '7' }],
  ['#p1', { kind: 'contained', id: 'p1' }],
  ['#', { kind: 'contained', id: '' }],
  ['urn:uuid:7f1c', { kind: 'urn', urn: 'urn:uuid:7f1c' }],
  ['urn:oid:1.2.3', { kind: 'urn', urn: 'urn:oid:1.2.3' }],
  [
    'https://a.org/fhir/Patient/1',
    { kind: 'absolute', url: 'https://a.org/fhir/Patient/1', type: 'Patient' },
  ],
  [
    'http://a.org/Task/1/_history/2',
    { kind: 'absolute', url: 'http://a.org/Task/1', type: 'Task', version: '2' },
  ],
  ['http://a.org/other?x=1', { kind: 'absolute', url: 'http://a.org/other?x=1' }],
  ['mailto:a@b.org', { kind: 'absolute', url: 'mailto:a@b.org' }],
  ['Patient?identifier=http://a|1', { kind: 'conditional', type: 'Patient', query: 'identifier=http://a|1' }],
] as const)('%s is read', (text, reference) => {
  expect(parseReference(text)).toEqual(reference);
});

test.each([
  '',
  'Patient',
  'Patient/',
  'patient/1',
  '/Patient/1',
  'Patient/1/',
  'Patient/a b',
  `Patient/${'x'.repeat(65)}`,
  'Patient/1/_history/',
  'Patient/1/2',
  'Patient?',
  'urn:uuid:',
  'urn:other:1',
  'https://a b/Patient/1',
  '../Patient/1',
])('%j is no reference', (text) => {
  expect(parseReference(text)).toBeUndefined();
});

test.each([
  ['https://h/fhir', 'https://h/fhir/Patient/1', 'Patient/1'],
  ['https://h/fhir/', 'https://h/fhir/Patient/1', 'Patient/1'],
  ['https://h/fhir', 'https://h/fhir/Task/1/_history/2', 'Task/1/_history/2'],
  ['https://h/fhir', 'https://h/fhir2/Patient/1', 'https://h/fhir2/Patient/1'],
  ['https://h/fhir', 'https://h/fhirPatient/1', 'https://h/fhirPatient/1'],
  ['https://h/fhir', 'https://h/fhir/metadata', 'https://h/fhir/metadata'],
  ['https://h/fhir', 'Patient/1', 'Patient/1'],
])('relative to %s, %s is %s', (base, text, relative) => {
  expect(relativeTo(base, text)).toBe(relative);
});

const TASK = {
  resourceType: 'Task',
  contained: [{ resourceType: 'Patient', id: 'p', managingOrganization: { reference: 'Organization/1' } }],
  extension: [{ url: 'http://x/Binary/ext', valueReference: { reference: 'Device/1' } }],
  focus: { reference: 'ServiceRequest/1', type: 'ServiceRequest' },
  note: [{ text: 'see urn:uuid:1', authorReference: { reference: '#p' } }],
  input: [
    { valueAttachment: { url: 'Binary/1', size: 3 } },
    { valueAttachment: { url: 'https://a.org/scan.pdf' } },
    { valueUri: 'urn:uuid:2' },
    { valueUri: 'http://a.org' },
  ],
  identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:uuid:3' }],
} satisfies Resource;

function found(resource: Resource, options?: WalkOptions) {
  const all: (readonly [string, string, string])[] = [];
  walkReferences(
    resource,
    ({ text, element, expression }) => all.push([expression(), text, element]),
    options,
  );
  return all;
}

describe('every reference of a resource', () => {
  test('is found with its place', () => {
    expect(found(TASK)).toEqual([
      ['Task.contained[0].managingOrganization.reference', 'Organization/1', 'reference'],
      ['Task.extension[0].valueReference.reference', 'Device/1', 'reference'],
      ['Task.focus.reference', 'ServiceRequest/1', 'reference'],
      ['Task.note[0].authorReference.reference', '#p', 'reference'],
      ['Task.input[0].valueAttachment.url', 'Binary/1', 'url'],
      ['Task.input[2].valueUri', 'urn:uuid:2', 'uri'],
    ]);
  });

  const BUNDLE = {
    resourceType: 'Bundle',
    link: [{ relation: 'self', url: 'urn:uuid:9' }],
    entry: [{ resource: TASK, request: { method: 'PUT', url: 'Binary/1' } }],
    signature: { who: { reference: 'Practitioner/1' } },
  } satisfies Resource;

  test('of the entries of a Bundle, unless they are left out', () => {
    expect(found(BUNDLE)).toHaveLength(found(TASK).length + 1);
    expect(found(BUNDLE, { skipEntries: true })).toEqual([
      ['Bundle.signature.who.reference', 'Practitioner/1', 'reference'],
    ]);
  });

  test('is found in turns as well', () => {
    for (const resource of [TASK, BUNDLE, { ...TASK, contained: [BUNDLE] }] as const)
      for (const options of [{}, { skipEntries: true }]) {
        const all: (readonly [string, string, string])[] = [];
        const walk = beginWalk(
          resource,
          ({ text, element, expression }) => all.push([expression(), text, element]),
          options,
        );
        while (walk(1));
        expect(found(resource, options)).toEqual(all);
      }
  });

  test('hands over its holder', () => {
    const holders: unknown[] = [];
    walkReferences({ resourceType: 'Task', focus: TASK.focus }, ({ holder }) => holders.push(holder));
    expect(holders).toEqual([TASK.focus]);
  });
});

describe('rewriting', () => {
  test('changes what is mapped, keeps everything else the same object, and does not touch its argument', () => {
    const before = structuredClone(TASK);
    const after = rewriteReferences(
      TASK,
      (text) => ({ 'Binary/1': 'Binary/9', 'urn:uuid:2': 'Task/2', 'urn:uuid:3': 'Task/3' })[text],
    );
    expect(TASK).toEqual(before);
    expect(after.input[0]).toEqual({ valueAttachment: { url: 'Binary/9', size: 3 } });
    expect(after.input[2]).toEqual({ valueUri: 'Task/2' });
    expect(after.identifier).toBe(TASK.identifier);
    expect(after.contained).toBe(TASK.contained);
    expect(after.input[1]).toBe(TASK.input[1]);
    expect(after.input).not.toBe(TASK.input);
  });

  test('of nothing gives the very same tree', () => {
    expect(rewriteReferences(TASK, () => undefined)).toBe(TASK);
    expect(rewriteReferences(TASK, (text) => text)).toBe(TASK);
  });

  test('leaves raw numbers raw', () => {
    const tree = {
      resourceType: 'Observation',
      v: JSON.rawJSON('1.50'),
      subject: { reference: 'Patient/1' },
    };
    expect(JSON.stringify(rewriteReferences(tree, () => 'Patient/2'))).toBe(
      '{"resourceType":"Observation","v":1.50,"subject":{"reference":"Patient/2"}}',
    );
  });

  test('sees exactly what a walk finds', () => {
    const text = fc.constantFrom('Patient/1', 'urn:uuid:1', 'Binary/1', '#a', 'words');
    const name = fc.constantFrom('reference', 'url', 'valueUri', 'extension', 'a');
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(name, tie('tree')),
      ),
    }));
    fc.assert(
      fc.property(tree, (a) => {
        const resource = { resourceType: 'Basic', a };
        const mapped: string[] = [];
        rewriteReferences(resource, (one) => void mapped.push(one));
        expect(mapped).toEqual(found(resource).map(([, one]) => one));
      }),
    );
  });
});
