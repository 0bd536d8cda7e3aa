/**
 * Slicing and the other rules of an ElementDefinition (http://hl7.org/fhir/R4/profiling.html), each by profiles written
 * for the purpose: what holds passes, and each planted fault is found at exactly its place.
 */
import { describe, expect, test } from '@jest/globals';
import type { ElementDefinition, Resource, StructureDefinition } from '../../../src/fhir/types.ts';
import { judgeResource } from '../../../src/resources/validate.ts';
import type { ProfileRow } from '../../../src/resources/validation/profile-row.ts';
import { mergeRule } from '../../../tools/generate/profile-rule.ts';

const EXAMPLE = 'http://example.org/StructureDefinition/';
const LOINC = 'http://loinc.org';
const TERMS = 'http://terminology.hl7.org/CodeSystem/';

type Element = Partial<ElementDefinition> & { readonly id: string };

/** A definition from its elements; paths follow from ids. */
function define(
  name: string,
  type: string,
  elements: readonly Element[],
  base?: string,
): StructureDefinition {
  const element = elements.map((each) => ({
    path: each.id.replaceAll(/:[^.]*/g, ''),
    ...(/:[^.]*$/.test(each.id) && { sliceName: each.id.replace(/^.*:/, '') }),
    ...each,
  }));
  const definition = {
    resourceType: 'StructureDefinition',
    url: `${EXAMPLE}${name}`,
    version: '1',
    type,
    baseDefinition:
      base === undefined ? `http://hl7.org/fhir/StructureDefinition/${type}` : `${EXAMPLE}${base}`,
    derivation: 'constraint',
    differential: { element },
  };
  return definition as unknown as StructureDefinition; // as much of one as the generator reads
}

const by = (
  type: 'value' | 'pattern' | 'type' | 'profile' | 'exists',
  path: string,
  more: object = {},
): Pick<ElementDefinition, 'slicing'> => ({
  slicing: { discriminator: [{ type, path }], rules: 'open', ...more },
});
const to = (...profiles: readonly string[]) => ({
  type: [
    {
      code: 'Reference',
      targetProfile: profiles.map((name) => (name.includes(':') ? name : EXAMPLE + name)),
    },
  ],
});
const R4 = (type: string): string => `http://hl7.org/fhir/StructureDefinition/${type}`;
const coded = (code: string, system = LOINC) => ({ coding: [{ system, code }] });

const DEFINITIONS: readonly StructureDefinition[] = [
  define('by-value', 'Observation', [
    { id: 'Observation.component', ...by('value', 'code') },
    { id: 'Observation.component:one', min: 1, max: '1' },
    { id: 'Observation.component:one.code', patternCodeableConcept: coded('1') },
    { id: 'Observation.component:one.value[x]', min: 1, type: [{ code: 'Quantity' }] },
    { id: 'Observation.component:two', max: '2' },
    { id: 'Observation.component:two.code', patternCodeableConcept: coded('2') },
    { id: 'Observation.component:two.interpretation', max: '0' },
  ]),
  define('by-fixed-code', 'Patient', [
    { id: 'Patient.telecom', ...by('value', 'system', { rules: 'closed' }) },
    { id: 'Patient.telecom:phone', min: 1 },
    { id: 'Patient.telecom:phone.system', min: 1, fixedCode: 'phone' },
    { id: 'Patient.telecom:phone.use', min: 1 },
    { id: 'Patient.telecom:mail' },
    { id: 'Patient.telecom:mail.system', min: 1, fixedCode: 'email' },
  ]),
  define('by-binding', 'Observation', [
    { id: 'Observation.category', ...by('value', '$this') },
    {
      id: 'Observation.category:gender',
      min: 1,
      binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
    },
  ]),
  define('by-deep-value', 'Observation', [
    {
      id: 'Observation.category',
      slicing: {
        discriminator: [
          { type: 'value', path: 'coding.code' },
          { type: 'value', path: 'coding.system' },
        ],
        rules: 'open',
        ordered: false,
      },
    },
    { id: 'Observation.category:vital', min: 1, max: '1' },
    { id: 'Observation.category:vital.coding', min: 1 },
    { id: 'Observation.category:vital.coding.system', min: 1, fixedUri: `${TERMS}observation-category` },
    { id: 'Observation.category:vital.coding.code', min: 1, fixedCode: 'vital-signs' },
    { id: 'Observation.category:vital.text', max: '0' },
  ]),
  define('by-type', 'Observation', [
    { id: 'Observation.value[x]', ...by('type', '$this', { rules: 'closed' }) },
    { id: 'Observation.value[x]:valueQuantity', type: [{ code: 'Quantity' }] },
    { id: 'Observation.value[x]:valueQuantity.code', min: 1 },
    { id: 'Observation.value[x]:valueString', type: [{ code: 'string' }], maxLength: 5 },
  ]),
  define('by-shorthand', 'Observation', [
    { id: 'Observation.valueQuantity', path: 'Observation.valueQuantity' },
    { id: 'Observation.valueQuantity.code', path: 'Observation.valueQuantity.code', min: 1 },
  ]),
  define('by-contained-type', 'Task', [
    { id: 'Task.contained', ...by('type', '$this') },
    { id: 'Task.contained:who', min: 1, max: '1', type: [{ code: 'Patient' }] },
    { id: 'Task.contained:who.birthDate', min: 1 },
  ]),
  define('by-exists', 'Patient', [
    { id: 'Patient.identifier', ...by('exists', 'period') },
    { id: 'Patient.identifier:dated', max: '1' },
    { id: 'Patient.identifier:dated.period', min: 1 },
    { id: 'Patient.identifier:dated.system', min: 1 },
    { id: 'Patient.identifier:undated', min: 1 },
    { id: 'Patient.identifier:undated.period', max: '0' },
    { id: 'Patient.identifier:undated.value', min: 1 },
  ]),
  define('named', 'Patient', [{ id: 'Patient.name', min: 1 }]),
  define('dated', 'Patient', [
    { id: 'Patient.birthDate', min: 1 },
    { id: 'Patient.name', max: '0' },
  ]),
  define('by-profile', 'Bundle', [
    { id: 'Bundle.entry', ...by('profile', 'resource') },
    { id: 'Bundle.entry:named', min: 1, max: '1' },
    { id: 'Bundle.entry:named.resource', min: 1, type: [{ code: 'Patient', profile: [`${EXAMPLE}named`] }] },
    { id: 'Bundle.entry:named.fullUrl', min: 1 },
  ]),
  define('by-resolved-profile', 'Composition', [
    { id: 'Composition.section.entry', ...by('profile', 'resolve()') },
    { id: 'Composition.section.entry:named', min: 1, ...to('named') },
    { id: 'Composition.section.entry:dated', max: '1', ...to('dated') },
  ]),
  define('by-resolved-type', 'Composition', [
    { id: 'Composition.section.entry', ...by('type', 'resolve()', { rules: 'closed' }) },
    { id: 'Composition.section.entry:patient', min: 1, ...to(R4('Patient')) },
    { id: 'Composition.section.entry:group', max: '1', ...to(R4('Group')) },
  ]),
  define('by-resolved-value', 'Composition', [
    { id: 'Composition.section.entry', ...by('value', 'resolve().code') },
    { id: 'Composition.section.entry:weight', min: 1, max: '1', ...to('weighed') },
  ]),
  define('weighed', 'Observation', [{ id: 'Observation.code', patternCodeableConcept: coded('29463-7') }]),
  define('resliced', 'Patient', [
    { id: 'Patient.identifier', ...by('value', 'system') },
    { id: 'Patient.identifier:ours', min: 1, ...by('value', 'use', { rules: 'closed' }) },
    { id: 'Patient.identifier:ours.system', min: 1, fixedUri: 'urn:ours' },
    { id: 'Patient.identifier:ours/official', min: 1, max: '1' },
    { id: 'Patient.identifier:ours/official.use', min: 1, fixedCode: 'official' },
    { id: 'Patient.identifier:ours/old', max: '1' },
    { id: 'Patient.identifier:ours/old.use', min: 1, fixedCode: 'old' },
  ]),
  define('nested', 'Patient', [
    { id: 'Patient.contact', ...by('value', 'gender') },
    { id: 'Patient.contact:her', min: 0 },
    { id: 'Patient.contact:her.gender', min: 1, fixedCode: 'female' },
    { id: 'Patient.contact:her.telecom', ...by('value', 'system') },
    { id: 'Patient.contact:her.telecom:phone', min: 1 },
    { id: 'Patient.contact:her.telecom:phone.system', min: 1, fixedCode: 'phone' },
    { id: 'Patient.contact:her.telecom:phone.value', min: 1 },
  ]),
  define('in-order', 'Patient', [
    { id: 'Patient.telecom', ...by('value', 'system', { ordered: true, rules: 'openAtEnd' }) },
    { id: 'Patient.telecom:phone' },
    { id: 'Patient.telecom:phone.system', min: 1, fixedCode: 'phone' },
    { id: 'Patient.telecom:mail' },
    { id: 'Patient.telecom:mail.system', min: 1, fixedCode: 'email' },
  ]),
  define('extended', 'Patient', [
    {
      id: 'Patient.extension:place',
      min: 1,
      max: '1',
      type: [{ code: 'Extension', profile: [R4('patient-birthPlace')] }],
    },
    {
      id: 'Patient.birthDate.extension:time',
      max: '1',
      type: [{ code: 'Extension', profile: [R4('patient-birthTime')] }],
    },
  ]),
  define('by-extension', 'Patient', [
    { id: 'Patient.name', ...by('value', "extension('http://example.org/kind').value") },
    { id: 'Patient.name:stage', min: 1 },
    { id: 'Patient.name:stage.extension:kind', min: 1 },
    { id: 'Patient.name:stage.extension:kind.url', fixedUri: 'http://example.org/kind' },
    { id: 'Patient.name:stage.extension:kind.value[x]', min: 1, fixedCode: 'stage' },
    { id: 'Patient.name:stage.text', min: 1 },
  ]),
  define('bounded', 'Observation', [
    { id: 'Observation.value[x]', type: [{ code: 'Quantity' }, { code: 'integer' }, { code: 'dateTime' }] },
    {
      id: 'Observation.value[x]:valueQuantity',
      type: [{ code: 'Quantity' }],
      minValueQuantity: { value: 1, system: 'http://unitsofmeasure.org', code: 'kg' },
      maxValueQuantity: { value: 9, system: 'http://unitsofmeasure.org', code: 'kg' },
    },
    {
      id: 'Observation.value[x]:valueInteger',
      type: [{ code: 'integer' }],
      minValueInteger: 1,
      maxValueInteger: 9,
    },
    { id: 'Observation.value[x]:valueDateTime', type: [{ code: 'dateTime' }], minValueDateTime: '2020' },
    { id: 'Observation.method.text', maxLength: 3 },
    { id: 'Observation.identifier', fixedIdentifier: { system: 'urn:x', value: '1' } as never },
    { id: 'Observation.subject', min: 1, ...to('named', R4('Group')) },
    { id: 'Observation.issued', max: '0' },
  ]),
  define('constrained', 'Observation', [
    {
      id: 'Observation',
      constraint: [
        {
          key: 'c-1',
          severity: 'error',
          human: 'a value or a reason',
          expression: 'value.exists() or dataAbsentReason.exists()',
        },
        { key: 'c-2', severity: 'warning', human: 'a note', expression: 'note.exists()' },
        {
          key: 'c-3',
          severity: 'error',
          human: 'cannot be told',
          expression: "code.memberOf('http://example.org/vs')",
        },
      ],
    },
    {
      id: 'Observation.component',
      constraint: [
        { key: 'c-4', severity: 'error', human: 'a short text', expression: 'code.text.length() < 4' },
      ],
    },
  ]),
  define(
    'narrower',
    'Observation',
    [
      { id: 'Observation.component:two', max: '1' },
      { id: 'Observation.method', min: 1 },
    ],
    'by-value',
  ),
  define('sections', 'Composition', [{ id: 'Composition.section.code', min: 1 }]),
  define('codes', 'Observation', [
    {
      id: 'Observation.method',
      binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
    },
    {
      id: 'Observation.bodySite',
      binding: { strength: 'extensible', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
    },
    {
      id: 'Observation.interpretation',
      binding: { strength: 'preferred', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
    },
    {
      id: 'Observation.category',
      binding: { strength: 'required', valueSet: 'http://example.org/ValueSet/unknown' },
    },
  ]),
];

const KNOWN = new Map(DEFINITIONS.map((definition) => [definition.url, definition]));
const furtherProfiles: ReadonlyMap<string, ProfileRow> = new Map(
  DEFINITIONS.map((definition) => [
    definition.url,
    { type: definition.type, version: '1', rule: mergeRule(definition, KNOWN) },
  ]),
);

const BASE: Readonly<Record<string, object>> = {
  Observation: { status: 'final', code: { text: 'x' } },
  Patient: {},
  Task: { status: 'draft', intent: 'order' },
  Bundle: { type: 'collection' },
  Composition: {
    status: 'final',
    type: { text: 'x' },
    date: '2026',
    author: [{ display: 'x' }],
    title: 'x',
  },
};

/** What is found, as `expression` for errors and `severity expression` for what is less. */
async function found(profile: string, more: object): Promise<readonly string[]> {
  const type = KNOWN.get(EXAMPLE + profile)?.type ?? '';
  const resource: Resource = {
    resourceType: type,
    meta: { profile: [EXAMPLE + profile] },
    ...BASE[type],
    ...more,
  };
  const details = await judgeResource(resource, { furtherProfiles });
  return details.map(({ severity = 'error', expression }) =>
    [...(severity === 'error' ? [] : [severity]), ...(expression ?? [])].join(' '),
  );
}

const component = (code: string, more: object = {}) => ({ code: coded(code), ...more });
const quantity = { valueQuantity: { value: 1 } };
const kg = (value: number) => ({ valueQuantity: { value, system: 'http://unitsofmeasure.org', code: 'kg' } });
const phone = { system: 'phone', use: 'home', value: '1' };
const mail = { system: 'email', value: 'a@b' };
const named = { resourceType: 'Patient', name: [{ text: 'x' }] };
const dated = { resourceType: 'Patient', birthDate: '2000' };
const contain = (...resources: readonly object[]) => ({
  contained: resources.map((resource, at) => ({ ...resource, id: `c${at}` })),
  section: [{ entry: resources.map((_, at) => ({ reference: `#c${at}` })) }],
});
const ours = (use?: string) => ({ system: 'urn:ours', value: '1', ...(use !== undefined && { use }) });
const birthPlace = { url: R4('patient-birthPlace'), valueAddress: { city: 'x' } };
const subject = { subject: { reference: 'Group/1' } };
const entry = (resource: object, at: number) => ({
  fullUrl: `urn:uuid:00000000-0000-4000-8000-00000000000${at}`,
  resource,
});

test.each<[profile: string, what: string, resource: object, expected: readonly string[]]>([
  // — by value
  ['by-value', 'all there', { component: [component('1', quantity), component('2'), component('3')] }, []],
  ['by-value', 'one is missing', { component: [component('2')] }, ['Observation.component']],
  ['by-value', 'one without its value', { component: [component('1')] }, ['Observation.component[0].value']],
  [
    'by-value',
    'a value of another type',
    { component: [component('1', { valueString: 'x' })] },
    ['Observation.component[0].value'],
  ],
  [
    'by-value',
    'too many',
    { component: [component('1', quantity), component('2'), component('2'), component('2')] },
    ['Observation.component'],
  ],
  [
    'by-value',
    'what a slice forbids',
    { component: [component('2', { interpretation: [{ text: 'x' }] }), component('1', quantity)] },
    ['Observation.component[0].interpretation'],
  ],
  ['by-fixed-code', 'closed, all of a slice', { telecom: [phone, mail] }, []],
  [
    'by-fixed-code',
    'closed, one of none',
    { telecom: [phone, { system: 'fax', value: '1' }] },
    ['Patient.telecom[1]'],
  ],
  [
    'by-fixed-code',
    'a child that the slice needs',
    { telecom: [mail, { system: 'phone', value: '1' }] },
    ['Patient.telecom[1].use'],
  ],
  ['by-fixed-code', 'none at all', {}, ['Patient.telecom']],
  [
    'by-binding',
    'a code of the value set',
    { category: [coded('male', 'http://hl7.org/fhir/administrative-gender')] },
    [],
  ],
  ['by-binding', 'a code of none', { category: [coded('x')] }, ['Observation.category']],
  ['by-deep-value', 'all there', { category: [coded('vital-signs', `${TERMS}observation-category`)] }, []],
  [
    'by-deep-value',
    'the code of another system',
    { category: [coded('vital-signs')] },
    ['Observation.category'],
  ],
  [
    'by-deep-value',
    'what the slice forbids',
    { category: [{ ...coded('vital-signs', `${TERMS}observation-category`), text: 'x' }] },
    ['Observation.category[0].text'],
  ],
  // — by type
  ['by-type', 'a quantity', { valueQuantity: { value: 1, code: 'kg', system: 'urn:x' } }, []],
  ['by-type', 'a quantity without its code', { valueQuantity: { value: 1 } }, ['Observation.value.code']],
  ['by-type', 'a text that is too long', { valueString: 'abcdef' }, ['Observation.value']],
  ['by-type', 'closed, another type', { valueBoolean: true }, ['Observation.value']],
  [
    'by-shorthand',
    'a quantity without its code',
    { valueQuantity: { value: 1 } },
    ['Observation.value.code'],
  ],
  ['by-shorthand', 'another type is not asked', { valueBoolean: true }, []],
  [
    'by-contained-type',
    'one of the type',
    { contained: [{ ...dated, id: 'a' }], for: { reference: '#a' } },
    [],
  ],
  [
    'by-contained-type',
    'one of another type',
    {
      contained: [{ resourceType: 'Group', id: 'a', type: 'person', actual: false }],
      for: { reference: '#a' },
    },
    ['Task.contained'],
  ],
  [
    'by-contained-type',
    'below one of the type',
    { contained: [{ resourceType: 'Patient', id: 'a' }], for: { reference: '#a' } },
    ['Task.contained[0].birthDate'],
  ],
  // — by existence
  [
    'by-exists',
    'one of each',
    { identifier: [{ value: '1' }, { system: 'urn:x', period: { start: '2020' } }] },
    [],
  ],
  [
    'by-exists',
    'none without',
    { identifier: [{ system: 'urn:x', period: { start: '2020' } }] },
    ['Patient.identifier'],
  ],
  [
    'by-exists',
    'what each needs',
    { identifier: [{ system: 'urn:x' }, { value: '1', period: { start: '2020' } }] },
    ['Patient.identifier[1].system', 'Patient.identifier[0].value'],
  ],
  // — by profile
  ['by-profile', 'an entry as the profile asks', { entry: [entry(named, 1), entry(dated, 2)] }, []],
  [
    'by-profile',
    'no entry as the profile asks, and why',
    { entry: [entry(dated, 1)] },
    ['Bundle.entry', 'Bundle.entry[0].resource.name'],
  ],
  ['by-profile', 'two of them', { entry: [entry(named, 1), entry(named, 2)] }, ['Bundle.entry']],
  ['by-profile', 'below the one', { entry: [{ resource: named }] }, ['Bundle.entry[0].fullUrl']],
  // — by what a reference leads to
  ['by-resolved-profile', 'both', contain(named, dated), []],
  ['by-resolved-profile', 'none as the profile asks', contain(dated), ['Composition.section[0].entry']],
  ['by-resolved-profile', 'two of one', contain(named, dated, dated), ['Composition.section[0].entry']],
  [
    'by-resolved-profile',
    'what is not at hand is not guessed',
    { section: [{ entry: [{ reference: 'Patient/1' }] }] },
    ['information Composition.section[0].entry'],
  ],
  [
    'by-resolved-profile',
    'a type that no profile is for',
    { section: [{ entry: [{ reference: 'Group/1' }] }] },
    ['Composition.section[0].entry'],
  ],
  [
    'by-resolved-type',
    'shown by the literal',
    { section: [{ entry: [{ reference: 'Patient/1' }, { reference: 'Group/1' }] }] },
    [],
  ],
  [
    'by-resolved-type',
    'closed',
    { section: [{ entry: [{ reference: 'Patient/1' }, { reference: 'Task/1' }] }] },
    ['Composition.section[0].entry[1]'],
  ],
  [
    'by-resolved-type',
    'too many',
    {
      section: [{ entry: [{ reference: 'Patient/1' }, { reference: 'Group/1' }, { reference: 'Group/2' }] }],
    },
    ['Composition.section[0].entry'],
  ],
  [
    'by-resolved-value',
    'its code',
    contain({ resourceType: 'Observation', status: 'final', code: coded('29463-7') }),
    [],
  ],
  [
    'by-resolved-value',
    'another code',
    contain({ resourceType: 'Observation', status: 'final', code: coded('1') }),
    ['Composition.section[0].entry'],
  ],
  // — slices within slices
  ['resliced', 'both', { identifier: [ours('official'), ours('old'), { value: '2' }] }, []],
  ['resliced', 'the inner one is missing', { identifier: [ours('old')] }, ['Patient.identifier']],
  [
    'resliced',
    'the inner one is closed',
    { identifier: [ours('official'), ours('temp')] },
    ['Patient.identifier[1]'],
  ],
  [
    'resliced',
    'too many of the inner one',
    { identifier: [ours('official'), ours('old'), ours('old')] },
    ['Patient.identifier'],
  ],
  [
    'nested',
    'all there',
    {
      contact: [
        { gender: 'female', telecom: [phone] },
        { gender: 'male', name: { text: 'x' } },
      ],
    },
    [],
  ],
  [
    'nested',
    'the inner one is missing',
    { contact: [{ gender: 'female', telecom: [mail] }] },
    ['Patient.contact[0].telecom'],
  ],
  [
    'nested',
    'below the inner one',
    { contact: [{ gender: 'female', telecom: [{ system: 'phone', use: 'home' }] }] },
    ['Patient.contact[0].telecom[0].value'],
  ],
  // — order
  ['in-order', 'in order, others at the end', { telecom: [phone, mail, { value: '1', system: 'fax' }] }, []],
  ['in-order', 'out of order', { telecom: [mail, phone] }, ['Patient.telecom[1]']],
  [
    'in-order',
    'another before the end',
    { telecom: [{ value: '1', system: 'fax' }, mail] },
    ['Patient.telecom[0]'],
  ],
  // — extensions
  ['extended', 'the extension', { extension: [birthPlace] }, []],
  ['extended', 'no extension', {}, ['Patient.extension']],
  [
    'extended',
    'a value of another type',
    { extension: [{ url: R4('patient-birthPlace'), valueString: 'x' }] },
    ['Patient.extension[0].value'],
  ],
  [
    'extended',
    'of a primitive',
    {
      extension: [birthPlace],
      birthDate: '2000-01-01',
      _birthDate: { extension: [{ url: R4('patient-birthTime'), valueDateTime: '2000-01-01' }] },
    },
    [],
  ],
  [
    'by-extension',
    'its value',
    { name: [{ text: 'x', extension: [{ url: 'http://example.org/kind', valueCode: 'stage' }] }] },
    [],
  ],
  [
    'by-extension',
    'another value',
    { name: [{ text: 'x', extension: [{ url: 'http://example.org/kind', valueCode: 'pen' }] }] },
    ['Patient.name'],
  ],
  [
    'by-extension',
    'below the slice',
    { name: [{ family: 'x', extension: [{ url: 'http://example.org/kind', valueCode: 'stage' }] }] },
    ['Patient.name[0].text'],
  ],
  // — bounds, fixed values, targets, what is forbidden
  ['bounded', 'within', { ...subject, ...kg(5) }, []],
  [
    'bounded',
    'another unit is not compared',
    { ...subject, valueQuantity: { value: 50, system: 'http://unitsofmeasure.org', code: 'g' } },
    [],
  ],
  ['bounded', 'below', { ...subject, ...kg(0.5) }, ['Observation.value']],
  ['bounded', 'above', { ...subject, ...kg(10) }, ['Observation.value']],
  ['bounded', 'a whole number above', { ...subject, valueInteger: 10 }, ['Observation.value']],
  ['bounded', 'a moment before', { ...subject, valueDateTime: '2019-12-31' }, ['Observation.value']],
  [
    'bounded',
    'a text that is too long',
    { ...subject, method: { text: 'abcd' } },
    ['Observation.method.text'],
  ],
  ['bounded', 'exactly the fixed value', { ...subject, identifier: [{ system: 'urn:x', value: '1' }] }, []],
  [
    'bounded',
    'more than the fixed value',
    { ...subject, identifier: [{ system: 'urn:x', value: '1', use: 'usual' }] },
    ['Observation.identifier[0]'],
  ],
  ['bounded', 'a target of another type', { subject: { reference: 'Device/1' } }, ['Observation.subject']],
  [
    'bounded',
    'a contained target as its profile asks',
    { contained: [{ ...named, id: 'a' }], subject: { reference: '#a' } },
    [],
  ],
  [
    'bounded',
    'a contained target that is not',
    { contained: [{ ...dated, id: 'a' }], subject: { reference: '#a' } },
    ['Observation.subject'],
  ],
  ['bounded', 'what is forbidden', { ...subject, issued: '2026-01-01T00:00:00Z' }, ['Observation.issued']],
  [
    'bounded',
    'a primitive that has only an extension is there',
    { ...subject, _issued: { extension: [{ url: 'http://example.org/x', valueCode: 'x' }] } },
    ['Observation.issued'],
  ],
  // — constraints
  [
    'constrained',
    'all hold but what cannot be told',
    { valueBoolean: true, note: [{ text: 'x' }], component: [{ code: { text: 'x' } }] },
    ['information Observation'],
  ],
  ['constrained', 'an error', { note: [{ text: 'x' }] }, ['Observation', 'information Observation']],
  ['constrained', 'a warning', { valueBoolean: true }, ['warning Observation', 'information Observation']],
  [
    'constrained',
    'below, each by itself',
    {
      valueBoolean: true,
      note: [{ text: 'x' }],
      component: [{ code: { text: 'x' } }, { code: { text: 'long text' } }],
    },
    ['information Observation', 'Observation.component[1]'],
  ],
  // — profiles of profiles, structures within themselves, bindings
  [
    'narrower',
    'what both ask',
    { component: [component('1')] },
    ['Observation.component[0].value', 'Observation.method'],
  ],
  [
    'narrower',
    'the narrower of both',
    { method: { text: 'x' }, component: [component('1', quantity), component('2'), component('2')] },
    ['Observation.component'],
  ],
  [
    'sections',
    'a section within',
    {
      section: [
        {
          code: { text: 'x' },
          section: [
            {
              title: 'x',
              text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
            },
          ],
        },
      ],
    },
    ['Composition.section[0].section[0].code'],
  ],
  [
    'codes',
    'a code of the value set',
    { method: coded('male', 'http://hl7.org/fhir/administrative-gender') },
    [],
  ],
  ['codes', 'required, another code', { method: coded('x') }, ['Observation.method']],
  ['codes', 'required, words alone', { method: { text: 'x' } }, ['Observation.method']],
  ['codes', 'extensible, another code', { bodySite: coded('x') }, ['warning Observation.bodySite']],
  ['codes', 'extensible, words alone', { bodySite: { text: 'x' } }, []],
  ['codes', 'preferred', { interpretation: [coded('x')] }, []],
  ['codes', 'required, not held here', { category: [coded('x')] }, ['information Observation.category[0]']],
])('%s: %s', async (profile, _what, resource, expected) => {
  expect(await found(profile, resource)).toEqual(expected);
});

describe('within a Bundle', () => {
  const observation = (reference: string) => ({
    resourceType: 'Observation',
    meta: { profile: [`${EXAMPLE}bounded`] },
    status: 'final',
    code: { text: 'x' },
    subject: { reference },
  });
  const at = async (
    reference: string,
    fullUrl: string,
    target: object,
    own = 'http://a.org/Observation/1',
  ) => {
    const bundle: Resource = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { fullUrl: own, resource: { ...observation(reference), id: '1' } },
        { fullUrl, resource: target },
      ],
    };
    const details = await judgeResource(bundle, { furtherProfiles });
    return details.map(({ expression }) => String(expression));
  };
  const fault = ['Bundle.entry[0].resource.subject'];
  const urn = 'urn:uuid:00000000-0000-4000-8000-000000000001';

  test.each<[string, string, string, object, readonly string[]]>([
    ['by urn', urn, urn, dated, fault],
    ['by urn, as asked', urn, urn, named, []],
    ['by absolute URL', 'http://b.org/Patient/1', 'http://b.org/Patient/1', { ...dated, id: '1' }, fault],
    ['relative to its own URL', 'Patient/1', 'http://a.org/Patient/1', { ...dated, id: '1' }, fault],
    ['a version of it', 'Patient/1/_history/2', 'http://a.org/Patient/1', { ...dated, id: '1' }, fault],
    ['elsewhere it is not at hand', 'Patient/1', 'http://b.org/Patient/1', { ...dated, id: '1' }, []],
  ])('a target is found %s', async (_what, reference, fullUrl, target, expected) => {
    expect(await at(reference, fullUrl, target)).toEqual(expected);
  });
});

test('targets that are handed in are judged, and what they refer to in turn', async () => {
  const asked: string[] = [];
  const resource: Resource = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: 'Patient/1' },
  };
  const details = await judgeResource(resource, {
    furtherProfiles,
    against: [`${EXAMPLE}bounded`],
    lookUp: async (references) => {
      asked.push(...references);
      return new Map([['Patient/1', dated as Resource]]);
    },
  });
  expect(asked).toEqual(['Patient/1']);
  expect(details.map(({ expression }) => String(expression))).toEqual(['Observation.subject']);
});
