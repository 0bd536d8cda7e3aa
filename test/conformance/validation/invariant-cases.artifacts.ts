/** Invariants of guides, maps, tests, names and products: an element that breaks one, and the same mended. */
import { capabilities, text } from './invariant-cases.holders.ts';
import type { Row } from './invariant-cases.ts';

const software = { name: 'x' };
const implementation = { description: 'x' };
const guide = {
  url: 'http://x',
  name: 'X',
  status: 'draft',
  packageId: 'x',
  fhirVersion: ['4.0.1'],
};
const guideOf = (fhirVersion: string) => ({
  ...guide,
  definition: { resource: [{ reference: { display: 'x' }, fhirVersion: [fhirVersion] }] },
});
const grouped = (groupingId: string) => ({
  grouping: [{ id: 'a', name: 'x' }],
  resource: [{ reference: { display: 'x' }, groupingId }],
});
const linked = { type: 'source', resource: { display: 'x' } };
const names = (kind: string, ...uniqueId: readonly object[]) => ({
  name: 'X',
  status: 'draft',
  kind,
  date: '2026',
  uniqueId,
});
const oid = { type: 'oid', value: '1.2' };
const uuid = { type: 'uuid', value: '0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e' };
const result = { result: 'pass' };
const operation = { sourceId: 'x', encodeRequestUrl: true };
const typed = (code: string) => ({ encodeRequestUrl: true, type: { code } });
const assert = { warningOnly: false };
const compared = { ...assert, compareToSourceId: 'x' };

export const ARTIFACT_ROWS: Readonly<Record<string, readonly Row[]>> = {
  ImplementationGuide: [['ig-2', guideOf('4.0.0'), guideOf('4.0.1')]],
  'ImplementationGuide.definition': [['ig-1', grouped('b'), grouped('a')]],
  'ImmunizationRecommendation.recommendation': [
    ['imr-1', { forecastStatus: text }, { forecastStatus: text, targetDisease: text }],
    ['imr-1', { forecastStatus: text }, { forecastStatus: text, vaccineCode: [text] }],
  ],
  InsurancePlan: [['ipn-1', { status: 'draft' }, { name: 'x' }]],
  Linkage: [['lnk-1', { item: [linked] }, { item: [linked, linked] }]],
  'MessageDefinition.focus': [
    ['md-1', { code: 'Task', min: 0, max: '0' }, { code: 'Task', min: 0, max: '1' }],
    ['md-1', { code: 'Task', min: 0, max: '-1' }, { code: 'Task', min: 0, max: '*' }],
  ],
  MolecularSequence: [['msq-3', { coordinateSystem: 2 }, { coordinateSystem: 1 }]],
  'MolecularSequence.referenceSeq': [
    ['msq-5', { chromosome: text, referenceSeqString: 'x' }, { chromosome: text, genomeBuild: 'x' }],
    ['msq-6', { referenceSeqId: text, referenceSeqString: 'x' }, { referenceSeqString: 'x' }],
    ['msq-6', { windowStart: 1 }, { windowStart: 1, referenceSeqId: text }],
  ],
  NamingSystem: [
    ['nsd-1', names('root', uuid), names('codesystem', uuid)],
    [
      'nsd-2',
      names('codesystem', { ...oid, preferred: true }, { ...oid, preferred: true }),
      names('codesystem', { ...oid, preferred: true }, { ...uuid, preferred: true }, oid),
    ],
  ],
  'StructureMap.group.rule.target': [
    ['smp-1', { element: 'x' }, { element: 'x', context: 'x', contextType: 'type' }],
    ['smp-2', { context: 'x' }, { context: 'x', contextType: 'variable' }],
  ],
  TerminologyCapabilities: [
    ['tcp-2', { ...capabilities, description: undefined }, capabilities],
    ['tcp-3', { ...capabilities, kind: 'instance' }, { ...capabilities, kind: 'instance', implementation }],
    ['tcp-4', { ...capabilities, kind: 'capability' }, { ...capabilities, kind: 'capability', software }],
    ['tcp-5', { ...capabilities, software }, capabilities],
  ],
  'TerminologyCapabilities.codeSystem': [
    ['tcp-1', { version: [{ code: '1' }, { isDefault: true }] }, { version: [{ code: '1' }, { code: '2' }] }],
  ],
  'TestReport.setup.action': [['inv-1', { operation: result, assert: result }, { assert: result }]],
  'TestReport.test.action': [['inv-2', { operation: result, assert: result }, { operation: result }]],
  'TestScript.setup.action': [['tst-1', { operation, assert }, { operation }]],
  'TestScript.setup.action.assert': [
    ['tst-5', { ...assert, path: 'x', response: 'okay' }, { ...assert, path: 'x' }],
    ['tst-10', compared, { ...compared, compareToSourcePath: 'x' }],
    ['tst-10', { ...assert, compareToSourceExpression: 'x' }, assert],
    [
      'tst-12',
      { ...assert, direction: 'request', responseCode: '200' },
      { ...assert, direction: 'response', responseCode: '200' },
    ],
  ],
  'TestScript.setup.action.operation': [
    ['tst-7', typed('read'), { ...typed('read'), url: 'x' }],
    ['tst-7', { ...typed('read'), url: 'x', params: 'x' }, { ...typed('search'), url: 'x', params: 'x' }],
  ],
  'TestScript.test.action': [['tst-2', { operation, assert }, { assert }]],
  'TestScript.variable': [
    [
      'tst-3',
      { name: 'x', expression: 'x', headerField: 'x', path: 'x' },
      { name: 'x', expression: 'x', headerField: 'x' },
    ],
  ],
};
