/** What cannot stand together, by type: R4's invariants, and what the table of structures does not show. */

type Filled = Readonly<Record<string, unknown>>;
type Change = (filled: Filled, variant: number) => Filled;

/** Leaves out one of what exclude each other: a different one for each variant. */
const oneOf =
  (...names: readonly string[]): Change =>
  (filled, variant) => ({
    ...filled,
    ...Object.fromEntries(
      names.filter((_, at) => at !== variant % names.length).map((name) => [name, undefined]),
    ),
  });

/** Inner structures that must differ. */
const first = (list: unknown): Filled => (list as readonly Filled[])[0] ?? {}; // as filled
const element = (path: string): Filled => ({
  id: path,
  path,
  definition: 'words',
  min: 0,
  max: '*',
  base: { path, min: 0, max: '*' },
  binding: { strength: 'example', valueSet: 'http://example.org/ValueSet/v' },
});
const UCUM = 'http://unitsofmeasure.org';
const percent = (value: number): Filled => ({ value, unit: '%', system: UCUM, code: '%' });

export const OTHERWISE: Readonly<Record<string, Change>> = {
  'CarePlan.activity': oneOf('detail', 'reference'),
  'CareTeam.participant': (participant) => ({ ...participant, member: { reference: 'Practitioner/full' } }),
  'CodeSystem.concept': (concept) =>
    concept['concept'] === undefined ? { ...concept, code: 'inner' } : { ...concept, code: 'outer' },
  'CoverageEligibilityResponse.insurance.item': oneOf('category', 'productOrService'),
  FamilyMemberHistory: (history, variant) =>
    variant % 2 === 0
      ? { ...history, bornPeriod: undefined, bornDate: undefined, bornString: undefined }
      : { ...history, ageAge: undefined, ageRange: undefined, ageString: undefined, estimatedAge: undefined },
  'ImplementationGuide.definition.grouping': (grouping) => ({ ...grouping, id: 'full' }),
  Linkage: (linkage) => ({ ...linkage, item: [first(linkage['item']), first(linkage['item'])] }),
  List: (list, variant) =>
    variant % 2 === 0
      ? {
          ...list,
          mode: 'working',
          emptyReason: undefined,
          entry: [{ ...first(list['entry']), deleted: undefined }],
        }
      : { ...list, entry: undefined },
  'Measure.group.stratifier': (stratifier, variant) =>
    variant % 2 === 0
      ? { ...stratifier, component: undefined }
      : { ...stratifier, code: undefined, description: undefined, criteria: undefined },
  'MeasureReport.group.stratifier.stratum': oneOf('value', 'component'),
  MolecularSequence: (sequence) => ({ ...sequence, coordinateSystem: 1 }),
  'MolecularSequence.referenceSeq': (sequence, variant) => {
    const one = oneOf('genomeBuild', 'referenceSeqId', 'referenceSeqPointer', 'referenceSeqString');
    const left = one(sequence, variant);
    return left['genomeBuild'] === undefined ? { ...left, chromosome: undefined } : left;
  },
  'OperationDefinition.parameter': (parameter) => ({
    ...parameter,
    type: parameter['part'] === undefined ? 'string' : undefined,
    searchType: parameter['part'] === undefined ? 'token' : undefined,
    targetProfile: undefined,
  }),
  'Questionnaire.item': (item) =>
    item['item'] === undefined
      ? { ...item, linkId: 'inner', type: 'string', answerOption: undefined, answerValueSet: undefined }
      : {
          ...item,
          linkId: 'outer',
          type: 'group',
          answerOption: undefined,
          answerValueSet: undefined,
          initial: undefined,
          maxLength: undefined,
        },
  'Questionnaire.item.enableWhen': (condition, variant) => ({
    ...condition,
    operator: variant % 2 === 0 ? '=' : '!=',
  }),
  'QuestionnaireResponse.item': oneOf('item', 'answer'),
  'RequestGroup.action': (action, variant) =>
    oneOf('action', 'resource')(action, action['action'] === undefined ? 1 : variant),
  'RiskAssessment.prediction': (prediction) =>
    prediction['probabilityRange'] === undefined
      ? prediction
      : { ...prediction, probabilityRange: { low: percent(10), high: percent(20) } },
  SearchParameter: (parameter) => ({ ...parameter, type: 'reference' }),
  StructureDefinition: (definition) => ({
    ...definition,
    kind: 'resource',
    abstract: false,
    type: 'Extension',
    derivation: 'constraint',
    snapshot: { element: [element('Extension'), element('Extension.value[x]')] },
    differential: { element: [element('Extension')] },
  }),
  'TestReport.setup.action': oneOf('operation', 'assert'),
  'TestReport.test.action': oneOf('assert', 'operation'),
  'TestScript.setup.action': oneOf('operation', 'assert'),
  'TestScript.setup.action.assert': (assertion, variant) => ({
    ...oneOf(
      'contentType',
      'expression',
      'headerField',
      'minimumId',
      'navigationLinks',
      'path',
    )(assertion, variant),
    direction: 'response',
    requestMethod: undefined,
    resource: undefined,
    response: undefined,
    responseCode: undefined,
    validateProfileId: undefined,
  }),
  'TestScript.test.action': oneOf('assert', 'operation'),
  'TestScript.variable': oneOf('expression', 'headerField', 'path'),
  'ValueSet.compose.include': oneOf('concept', 'filter'),
};

const words = { text: 'words' };

/** What R4's invariants ask for beyond what is required. */
export const MUST_HAVE: Readonly<Record<string, Filled>> = {
  AllergyIntolerance: {
    clinicalStatus: {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' },
      ],
    },
  },
  Appointment: { status: 'proposed' },
  'Appointment.participant': { type: [words] },
  AppointmentResponse: { participantType: [words] },
  Bundle: { type: 'collection' },
  CapabilityStatement: { kind: 'requirements', description: 'words', rest: [{ mode: 'server' }] },
  'Composition.section': {
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">words</div>' },
  },
  Consent: { policyRule: words },
  Contract: { authority: [{ reference: 'Organization/initiator' }] },
  ImplementationGuide: { fhirVersion: ['4.0.1'] },
  'ImmunizationRecommendation.recommendation': { targetDisease: words },
  InsurancePlan: { name: 'words' },
  Linkage: { item: [1, 2].map(() => ({ type: 'source', resource: { display: 'shown' } })) },
  MolecularSequence: { coordinateSystem: 1 },
  Organization: { name: 'words' },
  'RequestGroup.action': { resource: { display: 'shown' } },
  TerminologyCapabilities: { kind: 'requirements', description: 'words' },
  'TestReport.setup.action': { assert: { result: 'pass' } },
  StructureDefinition: {
    kind: 'resource',
    type: 'Basic',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Basic',
    differential: { element: [{ id: 'Basic', path: 'Basic' }] },
  },
};
