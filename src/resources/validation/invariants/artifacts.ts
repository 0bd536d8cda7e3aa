/** Invariants of guides, maps, tests and names, of products, and of what is counted rather than cared for. */
import {
  atLeastOne,
  has,
  isDistinct,
  oneOf,
  row,
  together,
  treeOf,
  treesOf,
  type Invariant,
  type Tree,
} from './row.ts';

const count = (value: Tree, names: readonly string[]): number =>
  names.filter((name) => has(value, name)).length;

/** What an assertion of a test asserts; one of them. */
const ASSERTED = [
  'contentType',
  'expression',
  'headerField',
  'minimumId',
  'navigationLinks',
  'path',
  'requestMethod',
  'resource',
  'responseCode',
  'response',
  'validateProfileId',
];
/** Operations of a test that need no resource. */
const AT_LARGE = ['capabilities', 'search', 'transaction', 'history'];

const BY_KIND: readonly Invariant[] = [
  atLeastOne('tcp-2', 'description', 'software', 'implementation'),
  row(
    'tcp-3',
    'an instance has an implementation',
    (statement) => statement['kind'] !== 'instance' || has(statement, 'implementation'),
  ),
  row(
    'tcp-4',
    'a capability has software and no implementation',
    (statement) =>
      statement['kind'] !== 'capability' || (has(statement, 'software') && !has(statement, 'implementation')),
  ),
  row(
    'tcp-5',
    'requirements have neither software nor implementation',
    (statement) =>
      statement['kind'] !== 'requirements' ||
      (!has(statement, 'software') && !has(statement, 'implementation')),
  ),
];

const TESTS: Readonly<Record<string, readonly Invariant[]>> = {
  'TestReport.setup.action': [oneOf('inv-1', 'operation', 'assert')],
  'TestReport.test.action': [oneOf('inv-2', 'operation', 'assert')],
  'TestScript.setup.action': [oneOf('tst-1', 'operation', 'assert')],
  'TestScript.setup.action.assert': [
    row(
      'tst-5',
      `at most one of ${ASSERTED.join(', ')} is asserted`,
      (assertion) => has(assertion, 'extension') || count(assertion, ASSERTED) <= 1,
    ),
    row(
      'tst-10',
      'compareToSourceId needs compareToSourceExpression or compareToSourcePath, and they need it',
      (assertion) =>
        has(assertion, 'compareToSourceId') ===
        count(assertion, ['compareToSourceExpression', 'compareToSourcePath']) > 0,
    ),
    row(
      'tst-12',
      'a request has neither response nor responseCode',
      (assertion) =>
        assertion['direction'] !== 'request' || count(assertion, ['response', 'responseCode']) === 0,
    ),
  ],
  'TestScript.setup.action.operation': [
    row(
      'tst-7',
      'one of sourceId, targetId, params and url must be there',
      (operation) =>
        has(operation, 'sourceId') ||
        count(operation, ['targetId', 'url', 'params']) === 1 ||
        // Where no type is said, the published expression cannot tell.
        !has(treeOf(operation, 'type'), 'code') ||
        AT_LARGE.includes(String(treeOf(operation, 'type')['code'])),
    ),
  ],
  'TestScript.test.action': [oneOf('tst-2', 'operation', 'assert')],
  'TestScript.variable': [
    row(
      'tst-3',
      'expression, headerField and path exclude each other',
      (variable) => count(variable, ['expression', 'headerField', 'path']) < 3,
    ),
  ],
};

export const ARTIFACTS: Readonly<Record<string, readonly Invariant[]>> = {
  ...TESTS,
  ImplementationGuide: [
    row('ig-2', 'the fhirVersion of a resource is one of the guide’s', (guide) => {
      const versions = new Set(guide['fhirVersion'] as readonly unknown[]); // 1..*
      return treesOf(treeOf(guide, 'definition'), 'resource').every(({ fhirVersion = [] }) =>
        (fhirVersion as readonly unknown[]).every((version) => versions.has(version)),
      );
    }),
  ],
  'ImplementationGuide.definition': [
    row('ig-1', 'a groupingId is the id of a grouping', (definition) => {
      const groupings = new Set(treesOf(definition, 'grouping').map(({ id }) => id));
      return treesOf(definition, 'resource').every(
        ({ groupingId }) => groupingId === undefined || groupings.has(groupingId),
      );
    }),
  ],
  'ImmunizationRecommendation.recommendation': [atLeastOne('imr-1', 'vaccineCode', 'targetDisease')],
  InsurancePlan: [atLeastOne('ipn-1', 'identifier', 'name')],
  Linkage: [row('lnk-1', 'at least two items are linked', (linkage) => treesOf(linkage, 'item').length > 1)],
  'MessageDefinition.focus': [row('md-1', 'max is a positive number or *', ({ max }) => !(Number(max) < 1))],
  MolecularSequence: [
    row('msq-3', 'coordinateSystem is 0 or 1', ({ coordinateSystem }) =>
      [0, 1].includes(Number(coordinateSystem)),
    ),
  ],
  'MolecularSequence.referenceSeq': [
    row(
      'msq-5',
      'chromosome and genomeBuild need each other',
      (sequence) => has(sequence, 'chromosome') === has(sequence, 'genomeBuild'),
    ),
    row(
      'msq-6',
      'exactly one of genomeBuild, referenceSeqId, referenceSeqPointer, referenceSeqString must be there',
      (sequence) =>
        count(sequence, ['genomeBuild', 'referenceSeqId', 'referenceSeqPointer', 'referenceSeqString']) === 1,
    ),
  ],
  NamingSystem: [
    row(
      'nsd-1',
      'a root has no uuid',
      (system) =>
        system['kind'] !== 'root' || treesOf(system, 'uniqueId').every(({ type }) => type !== 'uuid'),
    ),
    row('nsd-2', 'one identifier of a type is preferred', (system) => {
      const preferred = treesOf(system, 'uniqueId').filter((one) => one['preferred'] === true);
      return isDistinct(preferred.map(({ type }) => String(type)));
    }),
  ],
  'StructureMap.group.rule.target': [
    together('smp-1', 'element', 'context'),
    together('smp-2', 'context', 'contextType'),
  ],
  TerminologyCapabilities: BY_KIND,
  'TerminologyCapabilities.codeSystem': [
    row('tcp-1', 'of several versions each has a code', (system) => {
      const versions = treesOf(system, 'version');
      return versions.length <= 1 || versions.every((version) => has(version, 'code'));
    }),
  ],
};
