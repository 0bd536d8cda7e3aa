/** Resources around an element, and what they are made of. */
import type { Resource } from '../../../src/fhir/types.ts';

export const text = { text: 'x' };
export const subject = { display: 'x' };
export const patient = subject;
export const statement = { status: 'draft', date: '2026', fhirVersion: '4.0.1', format: ['json'] };
export const rest = [{ mode: 'server' }];
export const requirements = { ...statement, kind: 'requirements', description: 'x', rest };
/** What a terminology server shall be able to do. */
export const capabilities = { status: 'draft', date: '2026', kind: 'requirements', description: 'x' };
const script = { url: 'http://x', name: 'X', status: 'draft' };
const report = { status: 'completed', testScript: { display: 'x' }, result: 'pass' };
export const item = { linkId: '1', type: 'string' };
/** A definition of a profile on Basic, with these elements. */
export const profile = (differential: readonly object[], more: object = {}) => ({
  url: 'http://x/p',
  name: 'P',
  status: 'draft',
  kind: 'resource',
  abstract: false,
  type: 'Basic',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Basic',
  derivation: 'constraint',
  ...(differential.length > 0 && { differential: { element: differential } }),
  ...more,
});
export const at = (path: string, more: object = {}) => ({ id: path, path, ...more });
export const root = at('Basic');

type Hold = (element: object) => object;

/** A resource around an element of a type, where one cannot be made from the sample of its resource. */
export const HOLDERS: Readonly<Record<string, Hold>> = {
  'CapabilityStatement.rest': (one) => ({ ...requirements, rest: [one] }),
  'CapabilityStatement.rest.resource': (one) => ({
    ...requirements,
    rest: [{ mode: 'server', resource: [one] }],
  }),
  'CarePlan.activity': (one) => ({ status: 'active', intent: 'plan', subject, activity: [one] }),
  'CareTeam.participant': (one) => ({ participant: [one] }),
  'ConceptMap.group.element.target': (one) => ({
    status: 'draft',
    group: [{ element: [{ target: [one] }] }],
  }),
  'ConceptMap.group.unmapped': (one) => ({
    status: 'draft',
    group: [{ element: [{ code: 'a' }], unmapped: one }],
  }),
  'CoverageEligibilityResponse.insurance.item': (one) => ({
    status: 'active',
    purpose: ['benefits'],
    patient,
    created: '2026',
    request: subject,
    outcome: 'complete',
    insurer: subject,
    insurance: [{ coverage: subject, item: [one] }],
  }),
  ElementDefinition: (one) => profile([one]),
  'ElementDefinition.binding': (one) => profile([at('Basic.a', { binding: one })]),
  'ElementDefinition.slicing': (one) => profile([at('Basic.a', { slicing: one })]),
  'ElementDefinition.type': (one) => profile([at('Basic.a', { type: [one] })]),
  'Goal.target': (one) => ({ lifecycleStatus: 'active', description: text, subject, target: [one] }),
  'Immunization.education': (one) => ({
    status: 'completed',
    vaccineCode: text,
    patient,
    occurrenceString: 'x',
    education: [one],
  }),
  'ImplementationGuide.definition': (one) => ({
    url: 'http://x',
    name: 'X',
    status: 'draft',
    packageId: 'x',
    fhirVersion: ['4.0.1'],
    definition: one,
  }),
  'MedicationAdministration.dosage': (one) => ({
    status: 'completed',
    medicationCodeableConcept: text,
    subject,
    effectiveDateTime: '2026',
    dosage: one,
  }),
  'MolecularSequence.referenceSeq': (one) => ({ coordinateSystem: 0, referenceSeq: one }),
  'OperationDefinition.parameter': (one) => ({
    name: 'X',
    status: 'draft',
    kind: 'operation',
    code: 'x',
    system: true,
    type: false,
    instance: false,
    parameter: [one],
  }),
  'Questionnaire.item': (one) => ({ status: 'draft', item: [one] }),
  'Questionnaire.item.enableWhen': (one) => ({ status: 'draft', item: [{ ...item, enableWhen: [one] }] }),
  'QuestionnaireResponse.item': (one) => ({ status: 'completed', item: [one] }),
  'RequestGroup.action': (one) => ({ status: 'active', intent: 'plan', action: [one] }),
  'RiskAssessment.prediction': (one) => ({ status: 'final', subject, prediction: [one] }),
  'StructureDefinition.mapping': (one) => profile([root], { mapping: [one] }),
  'StructureDefinition.snapshot': (one) => profile([], { snapshot: one }),
  'StructureMap.group.rule.target': (one) => ({
    ...script,
    group: [
      {
        name: 'x',
        typeMode: 'none',
        input: [{ name: 'x', mode: 'source' }],
        rule: [{ name: 'x', source: [{ context: 'x' }], target: [one] }],
      },
    ],
  }),
  'TerminologyCapabilities.codeSystem': (one) => ({ ...capabilities, codeSystem: [one] }),
  'TestReport.setup.action': (one) => ({ ...report, setup: { action: [one] } }),
  'TestReport.test.action': (one) => ({ ...report, test: [{ action: [one] }] }),
  'TestScript.setup.action': (one) => ({ ...script, setup: { action: [one] } }),
  'TestScript.setup.action.assert': (one) => ({ ...script, setup: { action: [{ assert: one }] } }),
  'TestScript.setup.action.operation': (one) => ({ ...script, setup: { action: [{ operation: one }] } }),
  'TestScript.test.action': (one) => ({ ...script, test: [{ action: [one] }] }),
  'TestScript.variable': (one) => ({ ...script, variable: [one] }),
  'ValueSet.compose.include': (one) => ({ status: 'draft', compose: { include: [one] } }),
  'ValueSet.expansion.contains': (one) => ({
    status: 'draft',
    expansion: { timestamp: '2026', contains: [one] },
  }),
};

/** The resource type that holds an element of a type in {@link HOLDERS}. */
export const holderType = (type: string): string =>
  type.startsWith('ElementDefinition') ? 'StructureDefinition' : (type.split('.')[0] ?? type);

export const held = (type: string, element: object): Resource | undefined => {
  const hold = HOLDERS[type];
  return hold && ({ resourceType: holderType(type), ...hold(element) } as Resource); // a type and its elements
};
