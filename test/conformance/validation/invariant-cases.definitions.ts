/** Invariants of definitions: an element that breaks one, and the same mended. */
import { at, profile, root } from './invariant-cases.holders.ts';
import type { Row } from './invariant-cases.ts';

/** As a snapshot has it. */
const full = (path: string, more: object = {}) =>
  at(path, { definition: 'x', min: 0, max: '1', base: { path, min: 0, max: '1' }, ...more });
const snapshot = (...element: readonly object[]) => ({ snapshot: { element } });
const binding = { strength: 'example' };
const ofFhir = 'http://hl7.org/fhir/StructureDefinition/P';
const special = { derivation: 'specialization' };

export const DEFINITION_ROWS: Readonly<Record<string, readonly Row[]>> = {
  ElementDefinition: [
    ['eld-2', at('Basic.code', { min: 2, max: '1' }), at('Basic.code', { min: 2, max: '*' })],
    ['eld-2', at('Basic.code', { min: 10, max: '9' }), at('Basic.code', { min: 9, max: '10' })],
    ['eld-3', at('Basic.code', { max: '-1' }), at('Basic.code', { max: '0' })],
    [
      'eld-5',
      at('Basic.code', { contentReference: '#Basic.a', type: [{ code: 'code' }] }),
      at('Basic.code', { contentReference: '#Basic.a' }),
    ],
    [
      'eld-5',
      at('Basic.code', { contentReference: '#Basic.a', maxValueInteger: 1 }),
      at('Basic.code', { maxValueInteger: 1 }),
    ],
    [
      'eld-6',
      at('Basic.code', { fixedCode: 'a', type: [{ code: 'code' }, { code: 'string' }] }),
      at('Basic.code', { fixedCode: 'a', type: [{ code: 'code' }] }),
    ],
    [
      'eld-7',
      at('Basic.code', { patternCode: 'a', type: [{ code: 'code' }, { code: 'string' }] }),
      at('Basic.code', { patternCode: 'a', type: [{ code: 'code' }] }),
    ],
    ['eld-8', at('Basic.code', { patternCode: 'a', fixedCode: 'a' }), at('Basic.code', { patternCode: 'a' })],
    [
      'eld-13',
      at('Basic.code', { type: [{ code: 'code' }, { code: 'code' }] }),
      at('Basic.code', { type: [{ code: 'code' }, { code: 'string' }] }),
    ],
    [
      'eld-14',
      at('Basic.code', { constraint: [1, 2].map(() => ({ key: 'a', severity: 'error', human: 'x' })) }),
      at('Basic.code', { constraint: ['a', 'b'].map((key) => ({ key, severity: 'error', human: 'x' })) }),
    ],
    [
      'eld-15',
      at('Basic.code', { defaultValueCode: 'a', meaningWhenMissing: 'x' }),
      at('Basic.code', { meaningWhenMissing: 'x' }),
    ],
    ['eld-16', at('Basic.code', { sliceName: 'a b' }), at('Basic.code', { sliceName: 'a/b-[c]@' })],
    [
      'eld-18',
      at('Basic.code', { isModifier: true }),
      at('Basic.code', { isModifier: true, isModifierReason: 'x' }),
    ],
    ['eld-19', { id: 'x', path: '.?!' }, at('Basic.value[x]')],
    [
      'eld-22',
      at('Basic.code', { sliceIsConstraining: true }),
      at('Basic.code', { sliceIsConstraining: true, sliceName: 'a' }),
    ],
  ],
  'ElementDefinition.binding': [
    ['eld-12', { ...binding, valueSet: 'ValueSet/x' }, { ...binding, valueSet: 'urn:oid:1.2' }],
  ],
  'ElementDefinition.slicing': [
    ['eld-1', { rules: 'open' }, { rules: 'open', discriminator: [{ type: 'value', path: 'x' }] }],
  ],
  'ElementDefinition.type': [
    ['eld-4', { code: 'code', aggregation: ['bundled'] }, { code: 'Reference', aggregation: ['bundled'] }],
    [
      'eld-17',
      { code: 'code', targetProfile: ['http://x'] },
      { code: 'canonical', targetProfile: ['http://x'] },
    ],
  ],
  StructureDefinition: [
    [
      'sdf-1',
      profile([], { ...special, ...snapshot(full('Basic'), full('Basic.a'), full('Basic.a', { id: 'b' })) }),
      profile([], snapshot(full('Basic'), full('Basic.a'), full('Basic.a', { id: 'b' }))),
    ],
    [
      'sdf-4',
      profile([root], { baseDefinition: undefined }),
      profile([root], { baseDefinition: undefined, abstract: true }),
    ],
    [
      'sdf-5',
      profile([at('Extension')], { type: 'Extension' }),
      profile([at('Extension')], { type: 'Extension', context: [{ type: 'element', expression: 'Task' }] }),
    ],
    ['sdf-6', profile([]), profile([root])],
    [
      'sdf-8',
      profile([], snapshot(full('Basic'), full('Task.code'))),
      profile([], snapshot(full('Basic'), full('Basic.code'))),
    ],
    ['sdf-8a', profile([at('Task.code')]), profile([at('Basic.code')])],
    ['sdf-8a', profile([root, at('Basics.code')]), profile([at('Basic.code'), at('Basic.a')])],
    ['sdf-9', profile([at('Basic', { label: 'x' })]), profile([root, at('Basic.code', { label: 'x' })])],
    [
      'sdf-9',
      profile([], snapshot(full('Basic', { requirements: 'x' }))),
      profile([], snapshot(full('Basic'))),
    ],
    ['sdf-11', profile([], snapshot(full('Task'))), profile([], snapshot(full('Basic')))],
    ['sdf-14', profile([{ path: 'Basic' }]), profile([root])],
    [
      'sdf-15',
      profile([], snapshot(full('Basic', { type: [{ code: 'Basic' }] }))),
      profile([], snapshot(full('Basic'))),
    ],
    ['sdf-15a', profile([at('Basic', { type: [{ code: 'Basic' }] })]), profile([root])],
    [
      'sdf-16',
      profile([], snapshot(full('Basic'), full('Basic.a', { id: 'Basic' }))),
      profile([], snapshot(full('Basic'), full('Basic.a'))),
    ],
    ['sdf-17', profile([root, at('Basic.a', { id: 'Basic' })]), profile([root, at('Basic.a')])],
    [
      'sdf-18',
      profile([root], { contextInvariant: ['x'] }),
      profile([at('Extension')], {
        type: 'Extension',
        context: [{ type: 'element', expression: 'Task' }],
        contextInvariant: ['x'],
      }),
    ],
    [
      'sdf-19',
      profile([at('Basic.a', { type: [{ code: 'http://x/y' }] })], { url: ofFhir }),
      profile([at('Basic.a', { type: [{ code: 'http://hl7.org/fhirpath/System.String' }] })], {
        url: ofFhir,
      }),
    ],
    [
      'sdf-20',
      profile([at('Basic', { slicing: { rules: 'open', description: 'x' } })]),
      profile([at('Basic.a', { slicing: { rules: 'open', description: 'x' } })]),
    ],
    [
      'sdf-21',
      profile([at('Basic.a', { defaultValueCode: 'x' })]),
      profile([at('Basic.a', { defaultValueCode: 'x' })], special),
    ],
    [
      'sdf-22',
      profile([at('Basic.a', { defaultValueCode: 'x' })], { ...special, url: ofFhir }),
      profile([at('Basic.a', { defaultValueCode: 'x' })], special),
    ],
    ['sdf-23', profile([at('Basic', { sliceName: 'x' })]), profile([at('Basic.a', { sliceName: 'x' })])],
  ],
  'StructureDefinition.mapping': [['sdf-2', { identity: 'x' }, { identity: 'x', uri: 'http://x' }]],
  'StructureDefinition.snapshot': [
    ['sdf-3', { element: [full('Basic', { min: undefined })] }, { element: [full('Basic')] }],
    ['sdf-8b', { element: [full('Basic', { base: undefined })] }, { element: [full('Basic')] }],
    [
      'sdf-10',
      { element: [full('Basic'), full('Basic.a', { binding })] },
      { element: [full('Basic'), full('Basic.a', { binding: { ...binding, description: 'x' } })] },
    ],
  ],
};
