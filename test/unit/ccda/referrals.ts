/** Referrals at random: valid FHIR, as odd as it may be. */
import * as fc from '../../chance.ts';
import type { Coding, Reference, Resource } from '../../../src/fhir/types.ts';
import type { DocumentContent } from '../../../src/ccda/write/document.ts';
import { partyAt } from '../../../src/ccda/write/from-bundle.ts';
import {
  DOCUMENTS,
  SECTIONS,
  type DocumentKind,
  type SectionName,
} from '../../../src/ccda/write/templates.ts';
import { LOINC, SNOMED, UCUM } from '../../../src/ccda/systems.ts';

export interface Referral {
  readonly content: DocumentContent;
  readonly resources: readonly Resource[];
}

export const BASE = 'https://hub.example/fhir';

type Made = Readonly<Record<string, unknown>>;

/** Values that are there or not, each member by itself. */
const some = <Shape extends Readonly<Record<string, fc.Arbitrary<unknown>>>>(shape: Shape) =>
  fc.record(shape, { requiredKeys: [] });

// FHIR's strings have none of them.
// oxlint-disable-next-line no-control-regex -- these are what is taken out
const CONTROL = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff\ud800-\udfff]/gu;

const words = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('Knee pain', 'Dr. O’Hara & Sons', 'a < b > c "d"', 'x') },
  {
    weight: 2,
    arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }).map((one) => `w${one.replaceAll(CONTROL, '')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'emoji 👩🏽‍⚕️ and \u{1f9b5}',
      'tab\tline\r\nnext',
      ']]> <![CDATA[ <!-- --> &amp; &#0;',
      ' padded  ',
      `long ${'word '.repeat(2000)}`,
    ),
  },
);

const date = fc.constantFrom(
  '2019',
  '2024-02',
  '2024-12-20',
  '2025-03-14T09:03:00-05:00',
  '2025-03-14T09:03:07.125Z',
  '0009-01-01T00:00:00+14:00',
);
const instant = fc.constantFrom('2025-03-14T09:03:00-05:00', '2025-03-14T09:03:07.125Z');
const period = some({
  start: fc.constantFrom('2019', '2024-02'),
  end: fc.constantFrom('2025-01-02', '2025-02'),
});

const number = fc.oneof(
  fc.integer({ min: -3, max: 900 }),
  fc.constantFrom(0.5, 1e-7, 123456.789),
  fc.constantFrom('1.50', '100', '1e2', '0.010').map((text) => JSON.rawJSON(text) as unknown as number),
);

const codes: Readonly<Record<string, readonly string[]>> = {
  [SNOMED]: ['239873007', '38341003', '44383000', '7980'],
  [LOINC]: ['718-7', '2345-7', '8480-6'],
  'http://www.nlm.nih.gov/research/umls/rxnorm': ['314076', '7980'],
  'http://hl7.org/fhir/sid/icd-10-cm': ['M17.11'],
  'http://hl7.org/fhir/sid/cvx': ['141'],
  'urn:oid:2.999.3.4': ['local', 'with blank'],
  'urn:oid:not-an-oid': ['x'],
  'https://codes.example/ours?v=1': ['a b', 'ü'],
};

const coding: fc.Arbitrary<Coding> = fc.oneof(
  fc
    .constantFrom(
      ...Object.entries(codes).flatMap(([system, list]) => list.map((code) => ({ system, code }))),
    )
    .chain((one) => some({ display: words }).map((display) => ({ ...one, ...display }))),
  fc.record({ display: words }),
  fc.record({ code: fc.constantFrom('bare', 'two words') }),
  fc.record({ system: fc.constant(SNOMED), display: words }),
);

export const concept = fc.oneof(
  fc.record({ text: words }),
  fc.record({ coding: fc.array(coding, { minLength: 1, maxLength: 3 }) }),
  fc.record({ coding: fc.array(coding, { minLength: 1, maxLength: 3 }), text: words }),
);

const of = (system: string, ...list: readonly string[]) =>
  fc.constantFrom(...list).map((code) => ({ coding: [{ system, code }] }));

const identifier = fc.oneof(
  fc.record({
    system: fc.constantFrom(
      'urn:oid:2.999.10.1.15',
      'http://hl7.org/fhir/sid/us-npi',
      'http://hl7.org/fhir/sid/us-ssn',
      'https://ids.example/a/?x=1&y',
      'urn:ietf:rfc:3986',
      'urn:uuid:6f1e2d3c-0000-4000-8000-000000000001',
      'urn:oid:1.02.3',
      'urn:example:ours',
    ),
    value: fc.constantFrom(
      '1234567893',
      'A-1/&<>"',
      ' blank within ',
      'urn:uuid:6f1e2d3c-0000-4000-8000-000000000002',
      'urn:oid:2.999.1',
      'urn:oid:nonsense!',
      'https://x.example/1',
    ),
  }),
  fc.record({ value: fc.constantFrom('loose', 'urn:oid:1.02') }),
  fc.record({ system: fc.constant('https://ids.example') }),
);

const quantity = fc.oneof(
  fc.record({
    value: number,
    unit: fc.constantFrom('mg', 'per field', 'g/dL'),
    system: fc.constant(UCUM),
    code: fc.constantFrom('mg', 'mm[Hg]', 'g/dL', '1', '{tbl}'),
  }),
  fc.record({ value: number, unit: words }),
  fc.record({ value: number }),
  fc.record({ unit: words }),
  fc.record({ value: number, system: fc.constant('https://units.example'), code: fc.constant('our unit') }),
);
const compared = fc.oneof(
  quantity,
  fc.record({ value: number, comparator: fc.constantFrom('<', '<=', '>', '>='), unit: fc.constant('mg') }),
);
/** FHIR compares the ends of a range only where both have the same unit. */
const range = fc.oneof(
  fc.record({ low: fc.constant({ value: 1, unit: 'x' }), high: fc.constant({ value: 9, unit: 'x' }) }),
  fc.record({ low: fc.record({ value: number }) }),
  fc.record({ high: fc.record({ value: number, unit: words }) }),
);
const ratio = fc.record({ numerator: quantity, denominator: quantity });

const name = fc.oneof(
  some({
    use: fc.constantFrom('official', 'usual', 'nickname', 'maiden', 'old', 'temp', 'anonymous'),
    family: words,
    given: fc.array(words, { minLength: 1, maxLength: 3 }),
    prefix: fc.array(words, { minLength: 1, maxLength: 2 }),
    suffix: fc.array(words, { minLength: 1, maxLength: 2 }),
    text: words,
  }),
  fc.record({ text: words }),
);
const address = some({
  use: fc.constantFrom('work', 'temp', 'old', 'billing'),
  line: fc.array(words, { minLength: 1, maxLength: 6 }),
  city: words,
  district: words,
  state: fc.constantFrom('MA', 'Bavaria'),
  postalCode: fc.constantFrom('02118', 'SW1A 1AA'),
  country: fc.constantFrom('US', 'DE'),
  text: words,
});
const telecom = fc.record(
  {
    system: fc.constantFrom('phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'),
    use: fc.constantFrom('work', 'mobile', 'temp', 'old'),
    value: fc.constantFrom(
      '+1 (555) 0100',
      'a@b.example',
      'https://x.example/?a=b&c',
      'ext 12 <3>',
      'tel:+1-555',
    ),
  },
  { requiredKeys: ['system'] },
);
const filled = <Value extends object>(one: fc.Arbitrary<Value>) =>
  one.filter((value) => Object.keys(value).length > 0);
const list = <Value>(one: fc.Arbitrary<Value>, maxLength = 3) => fc.array(one, { minLength: 1, maxLength });
const contact = {
  identifier: list(identifier),
  address: list(filled(address)),
  telecom: list(filled(telecom)),
};

const refer = (...types: readonly string[]): fc.Arbitrary<Reference> =>
  fc.constantFrom(
    ...types.map((type): Reference => ({ reference: `${type}/1` })),
    { reference: `${types[0] ?? ''}/nowhere` },
    { display: 'somebody' },
  );
const PARTIES = ['Practitioner', 'PractitionerRole', 'Organization'];
const note = list(fc.record({ text: fc.constantFrom('Take care.', 'Two\nlines & more') }), 2);
const reasons = { reasonCode: list(concept), reasonReference: list(refer('Condition')) };

const CONDITION = 'http://terminology.hl7.org/CodeSystem/condition-';
const ALLERGY = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-';
const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';

/** Each kind of resource, without its id. */
const patient: fc.Arbitrary<Made> = some({
  ...contact,
  name: list(filled(name)),
  gender: fc.constantFrom('male', 'female', 'other', 'unknown'),
  birthDate: fc.constantFrom('1961', '1961-07', '1961-07-04'),
  deceasedBoolean: fc.boolean(),
  maritalStatus: fc.oneof(concept, of('http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', 'M', 'S')),
  communication: list(fc.record({ language: concept, preferred: fc.boolean() })),
  multipleBirthBoolean: fc.boolean(),
  managingOrganization: refer('Organization'),
  extension: fc.constantFrom(
    [
      {
        url: `${US_CORE}/us-core-race`,
        extension: [
          { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3' } },
          { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2054-5' } },
          { url: 'text', valueString: 'Mixed' },
        ],
      },
    ],
    [
      {
        url: `${US_CORE}/us-core-race`,
        extension: [
          {
            url: 'ombCategory',
            valueCoding: { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'ASKU' },
          },
          { url: 'text', valueString: 'Not said' },
        ],
      },
    ],
  ),
});
const practitioner = some({ ...contact, name: list(filled(name)) });
const organization = fc
  .record({ ...contact, name: words }, { requiredKeys: ['name'] })
  .map((one): Made => one);
const role = some({
  identifier: list(identifier),
  practitioner: refer('Practitioner'),
  organization: refer('Organization'),
  specialty: list(fc.oneof(concept, of('http://nucc.org/provider-taxonomy', '207X00000X'))),
  telecom: list(filled(telecom)),
});
const device = some({
  identifier: list(identifier),
  deviceName: list(fc.record({ name: words, type: fc.constant('model-name') }), 2),
});

const onset = fc.oneof(
  fc.record({ onsetDateTime: date }),
  fc.record({ onsetPeriod: filled(period) }),
  fc.record({ onsetString: words }),
  fc.record({ onsetAge: fc.constant({ value: 40, unit: 'a', system: UCUM, code: 'a' }) }),
  fc.constant({}),
);
const abatement = fc.oneof(
  fc.record({ abatementDateTime: date }),
  fc.record({ abatementString: words }),
  fc.constant({
    _abatementDateTime: {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ],
    },
  }),
  fc.constant({}),
);
const course = fc.oneof(
  fc.tuple(of(`${CONDITION}clinical`, 'active', 'recurrence', 'relapse'), fc.constant({})),
  fc.tuple(of(`${CONDITION}clinical`, 'inactive', 'remission', 'resolved'), abatement),
);
const condition = fc
  .tuple(
    some({
      identifier: list(identifier),
      verificationStatus: of(
        `${CONDITION}ver-status`,
        'confirmed',
        'refuted',
        'provisional',
        'differential',
        'unconfirmed',
      ),
      category: list(of(`${CONDITION}category`, 'problem-list-item', 'encounter-diagnosis')),
      severity: concept,
      code: fc.oneof(concept, of(SNOMED, '160245001')),
      bodySite: list(concept),
      recordedDate: date,
      recorder: refer('PractitionerRole', 'Practitioner'),
      stage: fc.constant([{ summary: { text: 'II' } }]),
      note,
    }),
    course,
    onset,
  )
  .map(([one, [clinicalStatus, end], start]): Made => ({ ...one, clinicalStatus, ...end, ...start }));

const allergy = fc
  .record(
    {
      identifier: list(identifier),
      clinicalStatus: of(`${ALLERGY}clinical`, 'active', 'inactive', 'resolved'),
      verificationStatus: of(`${ALLERGY}verification`, 'confirmed', 'refuted', 'unconfirmed'),
      type: fc.constantFrom('allergy', 'intolerance'),
      category: list(fc.constantFrom('food', 'medication', 'environment', 'biologic')),
      criticality: fc.constantFrom('low', 'high', 'unable-to-assess'),
      code: fc.oneof(concept, of(SNOMED, '716186003', '409137002', '429625007')),
      onsetDateTime: date,
      onsetString: words,
      recordedDate: date,
      recorder: refer('PractitionerRole', 'Practitioner'),
      lastOccurrence: date,
      reaction: list(
        fc.record(
          {
            manifestation: list(concept, 2),
            severity: fc.constantFrom('mild', 'moderate', 'severe'),
            onset: date,
            description: words,
          },
          { requiredKeys: ['manifestation'] },
        ),
      ),
      note,
    },
    { requiredKeys: ['clinicalStatus'] },
  )
  .map(({ onsetString, ...one }): Made =>
    onsetString === undefined || one.onsetDateTime !== undefined ? one : { ...one, onsetString },
  );

const repeat = fc.oneof(
  some({ boundsPeriod: filled(period) }),
  fc.record(
    {
      frequency: fc.integer({ min: 1, max: 5 }),
      period: fc.constantFrom(1, 0.5, 7, JSON.rawJSON('1.0') as unknown as number),
      periodMax: fc.constantFrom(8, 12),
      periodUnit: fc.constantFrom('h', 'd', 'wk', 'mo', 'min', 'a', 's'),
      boundsPeriod: filled(period),
    },
    { requiredKeys: ['period', 'periodUnit'] },
  ),
  fc.record({ when: list(fc.constantFrom('HS', 'AC', 'PCM', 'MORN', 'WAKE', 'NIGHT'), 2) }),
  fc.record({ when: fc.constant(['PC']), offset: fc.constantFrom(30, 0) }),
  fc.record({ count: fc.integer({ min: 1, max: 9 }), dayOfWeek: fc.constant(['mon', 'fri']) }),
);
const dosage = some({
  sequence: fc.integer({ min: 1, max: 3 }),
  text: words,
  patientInstruction: words,
  timing: some({ repeat: filled(repeat), code: concept, event: list(date, 2) }).filter(
    (one) => Object.keys(one).length > 0,
  ),
  route: fc.oneof(concept, of('http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl', 'C38288')),
  site: concept,
  method: concept,
  doseAndRate: list(
    fc.oneof(
      fc.record({ doseQuantity: quantity }),
      fc.record({ doseRange: range, rateQuantity: quantity }),
      fc.record({ rateRatio: ratio }),
      fc.record({ rateRange: range }),
    ),
    2,
  ),
  maxDosePerPeriod: ratio,
});
const needed = fc.oneof(
  fc.constant({}),
  fc.record({ asNeededBoolean: fc.boolean() }),
  fc.record({ asNeededCodeableConcept: concept }),
);
const medication = fc
  .tuple(
    fc.record(
      {
        identifier: list(identifier),
        status: fc.constantFrom('active', 'on-hold', 'cancelled', 'completed', 'stopped', 'draft', 'unknown'),
        intent: fc.constantFrom('plan', 'order', 'proposal', 'original-order'),
        reportedBoolean: fc.boolean(),
        authoredOn: date,
        requester: refer(...PARTIES),
        ...reasons,
        dosageInstruction: list(
          fc
            .tuple(dosage, needed)
            .map(([one, more]) => ({ ...one, ...more }))
            .filter((one) => Object.keys(one).length > 0),
        ),
        dispenseRequest: some({
          numberOfRepeatsAllowed: fc.integer({ min: 0, max: 9 }),
          quantity,
          validityPeriod: filled(period),
          expectedSupplyDuration: fc.constant({ value: 30, unit: 'd', system: UCUM, code: 'd' }),
        }).filter((one) => Object.keys(one).length > 0),
        priority: fc.constant('stat'),
        substitution: fc.constant({ allowedBoolean: false }),
        doNotPerform: fc.boolean(),
        note,
      },
      { requiredKeys: ['status', 'intent'] },
    ),
    fc.oneof(
      fc.record({ medicationCodeableConcept: concept }),
      fc.record({ medicationReference: refer('Medication') }),
    ),
  )
  .map(([one, medicine]): Made => ({ ...one, ...medicine }));

const immunization = fc
  .tuple(
    fc.record(
      {
        identifier: list(identifier),
        status: fc.constantFrom('completed', 'not-done', 'entered-in-error'),
        statusReason: fc.oneof(
          concept,
          of('http://terminology.hl7.org/CodeSystem/v3-ActReason', 'IMMUNE', 'PATOBJ', 'MEDPREC'),
        ),
        vaccineCode: concept,
        primarySource: fc.boolean(),
        manufacturer: refer('Organization'),
        lotNumber: words,
        expirationDate: fc.constant('2025-01-01'),
        site: concept,
        route: concept,
        doseQuantity: quantity,
        performer: list(fc.record({ actor: refer(...PARTIES) })),
        ...reasons,
        protocolApplied: list(
          fc.oneof(
            fc.record({ doseNumberPositiveInt: fc.integer({ min: 1, max: 4 }) }),
            fc.record({ doseNumberString: words }),
          ),
        ),
        note,
      },
      { requiredKeys: ['status', 'vaccineCode'] },
    ),
    fc.oneof(fc.record({ occurrenceDateTime: date }), fc.record({ occurrenceString: words })),
  )
  .map(([one, when]): Made => ({ ...one, ...when }));

const procedure = fc
  .tuple(
    fc.record(
      {
        identifier: list(identifier),
        status: fc.constantFrom(
          'preparation',
          'in-progress',
          'not-done',
          'on-hold',
          'stopped',
          'completed',
          'entered-in-error',
          'unknown',
        ),
        statusReason: concept,
        category: concept,
        code: concept,
        bodySite: list(concept),
        performer: list(fc.record({ actor: refer(...PARTIES) })),
        outcome: concept,
        ...reasons,
        note,
      },
      { requiredKeys: ['status'] },
    ),
    fc.oneof(
      fc.record({ performedDateTime: date }),
      fc.record({ performedPeriod: filled(period) }),
      fc.record({ performedString: words }),
      fc.constant({}),
    ),
  )
  .map(([one, when]): Made => ({ ...one, ...when }));

const value = fc.oneof(
  fc.record({ valueQuantity: compared }),
  fc.record({ valueCodeableConcept: concept }),
  fc.record({ valueString: words }),
  fc.record({ valueBoolean: fc.boolean() }),
  fc.record({ valueInteger: fc.integer() }),
  fc.record({ valueRange: range }),
  fc.record({ valueRatio: ratio }),
  fc.record({ valueDateTime: date }),
  fc.record({ valueTime: fc.constant('09:03:00') }),
  fc.record({ valuePeriod: filled(period) }),
  fc.record({
    valueSampledData: fc.constant({ origin: { value: 0 }, period: 10, dimensions: 1, data: '1 2 3' }),
  }),
  fc.record({
    dataAbsentReason: of(
      'http://terminology.hl7.org/CodeSystem/data-absent-reason',
      'unknown',
      'masked',
      'not-performed',
      'error',
    ),
  }),
  fc.constant({}),
);
const interpretation = list(
  fc.oneof(concept, of('http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', 'H', 'N', 'AA')),
  2,
);
const referenceRange = list(
  fc.oneof(
    fc.record({ low: fc.constant({ value: 3, unit: 'mg' }), text: words }),
    fc.record({ high: fc.constant({ value: 9 }), appliesTo: list(concept), type: concept }),
    fc.record({ text: words }),
  ),
  3,
);
const time = fc.oneof(
  fc.record({ effectiveDateTime: date }),
  fc.record({ effectivePeriod: filled(period) }),
  fc.record({ effectiveInstant: instant }),
  fc.record({ effectiveTiming: fc.constant({ event: ['2025-01-02'] }) }),
  fc.constant({}),
);
const STATUSES = [
  'registered',
  'preliminary',
  'final',
  'amended',
  'cancelled',
  'entered-in-error',
  'unknown',
];
const component = fc
  .tuple(
    fc.record({ code: of('urn:oid:2.999.9', 'first', 'second') }),
    value,
    some({ interpretation, referenceRange }),
  )
  .map((parts) => Object.assign({}, ...parts) as Made);
const observation = fc
  .tuple(
    fc.record(
      {
        identifier: list(identifier),
        status: fc.constantFrom(...STATUSES),
        code: fc.oneof(concept, of(LOINC, '8302-2', '8480-6', '72166-2', '2708-6', '85353-1', '85354-9')),
        issued: instant,
        performer: list(refer(...PARTIES)),
        interpretation,
        referenceRange,
        bodySite: concept,
        method: concept,
        component: list(component),
        hasMember: list(refer('Observation')),
        note,
      },
      { requiredKeys: ['status', 'code'] },
    ),
    value,
    time,
  )
  .map(([one, said, when]): Made => ({ ...one, ...said, ...when }));
const report = fc
  .tuple(
    fc.record(
      {
        identifier: list(identifier),
        status: fc.constantFrom('registered', 'partial', 'final', 'corrected', 'cancelled', 'unknown'),
        category: list(concept),
        code: concept,
        issued: instant,
        performer: list(refer(...PARTIES)),
        result: list(refer('Observation')),
        conclusion: words,
      },
      { requiredKeys: ['status', 'code'] },
    ),
    time,
  )
  .map(([one, { effectiveInstant: _instant, effectiveTiming: _timing, ...when }]: [Made, Made]): Made => ({
    ...one,
    ...when,
  }));

const order = fc
  .tuple(
    fc.record(
      {
        identifier: list(
          fc.oneof(
            identifier,
            fc.constant({
              type: {
                coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PLAC' }],
              },
              system: 'urn:oid:2.999.10.1.15',
              value: 'R-1',
            }),
          ),
        ),
        status: fc.constantFrom('active', 'on-hold', 'revoked', 'completed', 'draft'),
        intent: fc.constantFrom('order', 'plan', 'proposal', 'directive'),
        priority: fc.constantFrom('routine', 'urgent', 'asap', 'stat'),
        code: concept,
        doNotPerform: fc.boolean(),
        authoredOn: date,
        requester: refer(...PARTIES),
        performer: list(refer(...PARTIES)),
        orderDetail: list(fc.oneof(concept, of(SNOMED, '268529002'))),
        quantityQuantity: quantity,
        bodySite: list(concept),
        patientInstruction: words,
        ...reasons,
        note,
      },
      { requiredKeys: ['status', 'intent', 'code'] },
    ),
    fc.oneof(
      fc.record({ occurrenceDateTime: date }),
      fc.record({ occurrencePeriod: filled(period) }),
      fc.record({ occurrenceTiming: fc.constant({ event: ['2025-01-02'] }) }),
      fc.constant({}),
    ),
  )
  .map(([one, when]): Made => ({ ...one, ...when }));

const encounter = fc.record(
  {
    identifier: list(identifier),
    status: fc.constantFrom('planned', 'in-progress', 'finished', 'cancelled', 'unknown'),
    class: fc.constantFrom(
      { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      { code: 'ours' },
    ),
    type: list(concept),
    participant: list(fc.record({ individual: refer('Practitioner', 'PractitionerRole') })),
    period: filled(period),
    ...reasons,
  },
  { requiredKeys: ['status', 'class'] },
);

const COVERAGE_CLASS = 'http://terminology.hl7.org/CodeSystem/coverage-class';
const coverage = fc.record(
  {
    identifier: list(identifier),
    status: fc.constantFrom('active', 'cancelled', 'draft'),
    type: fc.oneof(concept, of('https://nahdo.org/sopt', '5')),
    subscriberId: words,
    relationship: of(
      'http://terminology.hl7.org/CodeSystem/subscriber-relationship',
      'self',
      'spouse',
      'injured',
    ),
    period: filled(period),
    payor: list(refer('Organization')),
    class: list(
      fc.record(
        { type: of(COVERAGE_CLASS, 'group', 'plan', 'subgroup'), value: words, name: words },
        { requiredKeys: ['type', 'value'] },
      ),
    ),
    network: words,
  },
  { requiredKeys: ['status', 'payor'] },
);

const careTeam = some({
  identifier: list(identifier),
  status: fc.constantFrom('proposed', 'active', 'suspended', 'inactive', 'entered-in-error'),
  name: words,
  period: filled(period),
  participant: list(
    some({
      role: list(concept, 2),
      member: refer(...PARTIES, 'Patient'),
      period: filled(period),
    }).filter((one) => Object.keys(one).length > 0),
  ),
  reasonCode: list(concept),
});

/** XHTML of every element that FHIR's narrative may have. */
const DIVS = [
  '<div xmlns="http://www.w3.org/1999/xhtml">bare</div>',
  '<div xmlns="http://www.w3.org/1999/xhtml"><p>a <b>b</b> <i>c</i><br/>d <span style="x">e</span></p></div>',
  `<div xmlns="http://www.w3.org/1999/xhtml">loose <em>words</em>
    <h1>h</h1><h6>h</h6><blockquote><p>q</p></blockquote><pre>a
    b</pre><hr/><address>street</address>
    <ul><li>one<ul><li>deep<ol><li/></ol></li></ul></li><li><p>p</p></li></ul><ul></ul>
    <dl><dt>t</dt><dd>d<p>in</p></dd></dl>
    <p><a href="javascript:x">bad</a><a href="https://x.example/?a=1&amp;b=2">good</a><a name="n"/><img src="#i" alt="pic"/></p>
    <p><tt>t</tt><code>c</code><kbd>k</kbd><samp>s</samp><var>v</var><q>q</q><cite>c</cite><abbr>a</abbr><acronym>a</acronym><dfn>d</dfn><small>s</small><big>b</big><sub>1</sub><sup>2</sup><strong>s</strong><ins>i</ins><del>d</del></p>
  </div>`,
  `<div xmlns="http://www.w3.org/1999/xhtml"><table border="1"><caption>c <b>d</b></caption><colgroup><col/></colgroup><thead><tr><th colspan="2">h</th></tr></thead><tfoot><tr><td>f</td></tr></tfoot><tbody><tr><td>a<table><tr><td>in</td></tr></table></td><td><ul><li>x</li></ul><p>y</p></td></tr></tbody></table>
   <table><tr><td>loose</td></tr></table><table><tbody><tr><td rowspan="0"/></tr></tbody><tr><th>n</th></tr></table><table><tbody></tbody></table><table></table></div>`,
  '<div xmlns="http://www.w3.org/1999/xhtml"><div><div><p>deep</p>tail</div></div><span><p>block in a span</p></span><b><ul><li>list in bold</li></ul></b></div>',
  '<div xmlns="http://www.w3.org/1999/xhtml"><p> </p> &#160; <p/></div>',
  `<div xmlns="http://www.w3.org/1999/xhtml"><p>${'long &amp; '.repeat(5000)}</p></div>`,
];

const made: Readonly<Record<string, fc.Arbitrary<Made>>> = {
  Condition: condition,
  AllergyIntolerance: allergy,
  MedicationRequest: medication,
  Immunization: immunization,
  Procedure: procedure,
  DiagnosticReport: report,
  Observation: observation,
  ServiceRequest: order,
  Encounter: encounter as fc.Arbitrary<Made>,
  Coverage: coverage as fc.Arbitrary<Made>,
  CareTeam: careTeam as fc.Arbitrary<Made>,
};

const OWNERS: Readonly<Record<string, string>> = {
  AllergyIntolerance: 'patient',
  Immunization: 'patient',
  Coverage: 'beneficiary',
};

/** Resources of a type, about the patient. */
export const resourcesOf = (type: string): fc.Arbitrary<readonly Resource[]> =>
  fc.array(made[type] ?? fc.constant({}), { maxLength: 3 }).map((all) =>
    all.map((one, index): Resource => ({
      resourceType: type,
      id: `${index + 1}`,
      ...one,
      [OWNERS[type] ?? 'subject']: { reference: 'Patient/1' },
    })),
  );

const clinical = fc
  .tuple(...Object.keys(made).map(resourcesOf))
  .map((all): readonly Resource[] => all.flat());

export const cast = fc
  .tuple(patient, practitioner, role, organization, device, concept)
  .map(([who, doctor, place, house, machine, medicine]): readonly Resource[] => [
    { resourceType: 'Patient', id: '1', ...who },
    { resourceType: 'Practitioner', id: '1', ...doctor },
    { resourceType: 'PractitionerRole', id: '1', ...place },
    { resourceType: 'Organization', id: '1', ...house },
    { resourceType: 'Device', id: '1', ...machine },
    { resourceType: 'Medication', id: '1', code: medicine },
  ]);

const section =
  (resources: readonly Resource[]) =>
  (name: SectionName): fc.Arbitrary<DocumentContent['sections'][number]> =>
    some({
      div: fc.constantFrom(...DIVS),
      words,
      title: words,
      nullFlavor: fc.constantFrom('MSK', 'NASK', 'NI'),
      labels: fc.constant<readonly Coding[]>([
        { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' },
      ]),
    }).map((one) => ({
      ...(one as object),
      name,
      resources: resources.filter(({ resourceType }) => SECTIONS[name].types.includes(resourceType)),
    }));

const sections = (kind: DocumentKind, resources: readonly Resource[]) => {
  const { required, optional } = DOCUMENTS[kind];
  return fc
    .subarray([...required, ...optional, 'assessment-and-plan' as const])
    .chain((names) => fc.tuple(...names.map(section(resources))));
};

export const lookUpIn =
  (resources: readonly Resource[]) =>
  (reference: Reference | undefined): Resource | undefined =>
    resources.find(({ resourceType, id }) => reference?.reference === `${resourceType}/${id}`);

/** A document of any kind about a referral. */
export const referral: fc.Arbitrary<Referral> = fc.tuple(cast, clinical).chain(([parties, acts]) => {
  const resources = [...parties, ...acts];
  const lookUp = lookUpIn(resources);
  const find = (type: string): Resource => lookUp({ reference: `${type}/1` }) as Resource;
  return fc
    .constantFrom<DocumentKind>('referral-note', 'consultation-note', 'ccd')
    .chain((kind) =>
      fc.record(
        {
          kind: fc.constant(kind),
          id: fc.constant('9a8b7c6d-0000-4000-8000-000000000001'),
          setId: fc.constant('9a8b7c6d-0000-4000-8000-000000000002'),
          version: fc.integer({ min: 1, max: 9 }),
          replaces: fc.constant('9a8b7c6d-0000-4000-8000-000000000003'),
          title: words,
          time: fc.constantFrom('2025-03-14T09:03:00-05:00', '2025-03-14T09:03:07.125Z'),
          confidentiality: fc.constantFrom('N', 'R', 'V'),
          patient: fc.constant(find('Patient')),
          author: refer('PractitionerRole', 'Practitioner', 'Organization', 'Device').map((one) =>
            partyAt(lookUp, one),
          ),
          custodian: fc.constant(find('Organization')),
          recipients: fc.array(
            refer(...PARTIES).map((one) => partyAt(lookUp, one)),
            { maxLength: 3 },
          ),
          order: fc.constant(lookUp({ reference: 'ServiceRequest/1' })),
          visit: fc.constant(lookUp({ reference: 'Encounter/1' })),
          careSince: fc.constantFrom('2019', '2024-12-20'),
          sections: sections(kind, acts),
        },
        {
          requiredKeys: [
            'kind',
            'id',
            'setId',
            'version',
            'time',
            'confidentiality',
            'patient',
            'author',
            'custodian',
            'recipients',
            'sections',
          ],
        },
      ),
    )
    .map((content): Referral => ({ content: content as DocumentContent, resources }));
});
