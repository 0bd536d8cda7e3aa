/**
 * Rich resources of every type that clients write, such that each search parameter of R4 has something to find: the
 * samples of the validation, their references led to what is here, and what the samples leave out.
 */
import { rewriteReferences } from '../../../src/fhir/reference.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { fullestOf } from '../validation/fullest.ts';
import { BY_HAND, SAMPLES } from '../validation/samples.ts';

type More = Readonly<Record<string, unknown>> & { readonly meta?: Resource['meta'] };

/** The types that clients create. */
export const WRITTEN_TYPES: readonly string[] = [...RESOURCE_TYPES.values()]
  .filter(({ renderedFromAudit }) => renderedFromAudit !== true)
  .map(({ type }) => type);

const concept = (code: string) => ({ coding: [{ system: 'http://example.org/codes', code }], text: code });
const coding = (code: string) => ({ system: 'http://example.org/codes', code });
const to = (reference: string) => ({ reference });
const identifier = [{ system: 'http://example.org/ids', value: 'rich' }];
const email = [
  { system: 'email', value: 'desk@example.org' },
  { system: 'phone', value: '+1 555 0199' },
];
const address = {
  use: 'work',
  line: ['2 Side St'],
  city: 'Ogdenville',
  state: 'IL',
  postalCode: '62702',
  country: 'US',
};
const encounter = to('https://other.example/fhir/Encounter/1');
const DRAFT = { status: 'draft' };

const META = {
  profile: ['http://example.org/StructureDefinition/rich'],
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'N' }],
  source: 'http://example.org/source',
  tag: [{ system: 'http://example.org/tags', code: 'rich' }],
};

/** What the samples leave out; several where one element excludes another. */
const FURTHER: Readonly<Record<string, readonly More[]>> = {
  Appointment: [
    {
      identifier,
      status: 'proposed',
      appointmentType: concept('ROUTINE'),
      serviceCategory: [concept('nutrition')],
      serviceType: [concept('visit')],
      specialty: [concept('dietetics')],
      reasonCode: [concept('diabetes')],
      supportingInformation: [to('DocumentReference/known')],
      slot: [to('https://other.example/fhir/Slot/1')],
      participant: ['Patient', 'Location', 'Practitioner'].map((type) => ({
        actor: to(`${type}/known`),
        status: 'accepted',
      })),
    },
  ],
  Basic: [{ identifier, code: concept('work'), subject: to('Patient/known') }],
  Bundle: [
    {
      entry: [
        {
          fullUrl: 'http://example.org/Composition/inside',
          resource: {
            resourceType: 'Composition',
            id: 'inside',
            status: 'final',
            type: concept('note'),
            date: '2026-01-01',
            author: [to('Practitioner/known')],
            title: 'Note',
          },
        },
      ],
    },
    {
      type: 'message',
      entry: [
        {
          fullUrl: 'http://example.org/MessageHeader/inside',
          resource: {
            resourceType: 'MessageHeader',
            id: 'inside',
            eventUri: 'http://example.org/event',
            source: { endpoint: 'http://example.org/source' },
          },
        },
      ],
    },
  ],
  Communication: [
    {
      identifier,
      category: [concept('question')],
      encounter,
      instantiatesCanonical: ['http://example.org/PlanDefinition/p'],
      instantiatesUri: ['http://example.org/protocol'],
      medium: [concept('WRITTEN')],
      partOf: [to('Task/known')],
      received: '2026-01-01T11:00:00Z',
    },
  ],
  Composition: [
    {
      identifier: identifier[0],
      category: [concept('note')],
      encounter,
      event: [{ code: [concept('care')], period: { start: '2026-01-01' } }],
      relatesTo: [
        { code: 'appends', targetIdentifier: identifier[0] },
        { code: 'replaces', targetReference: to('Composition/known') },
      ],
    },
  ],
  Condition: [
    {
      identifier,
      abatementString: undefined,
      abatementDateTime: '2025',
      asserter: to('Practitioner/known'),
      bodySite: [concept('foot')],
      category: [concept('problem')],
      encounter,
      evidence: [{ code: [concept('sign')], detail: [to('Observation/known')] }],
      recordedDate: '2026-01-01',
      severity: concept('mild'),
      stage: [{ summary: concept('I') }],
    },
    { onsetAge: undefined, onsetDateTime: '2020-03', abatementString: 'last spring' },
    {
      onsetAge: undefined,
      onsetString: 'in childhood',
      abatementString: undefined,
      abatementAge: { value: 41, system: 'http://unitsofmeasure.org', code: 'a' },
    },
  ],
  Consent: [
    {
      identifier,
      sourceAttachment: undefined,
      sourceReference: to('DocumentReference/known'),
      provision: {
        ...(SAMPLES['Consent']?.['provision'] as More),
        provision: undefined,
        action: [concept('disclose')],
        purpose: [coding('TREAT')],
        securityLabel: [coding('N')],
      },
    },
  ],
  Contract: [
    {
      identifier,
      authority: [to('Organization/initiator')],
      domain: [to('Location/known')],
      instantiatesUri: 'http://example.org/agreement',
      issued: '2026-01-01',
      subject: [to('Patient/known')],
      url: 'http://example.org/Contract/c',
    },
  ],
  Coverage: [
    {
      type: concept('EHCPOL'),
      class: [{ type: concept('group'), value: 'G1' }],
      dependent: '01',
      policyHolder: to('Patient/known'),
      subscriber: to('Patient/known'),
    },
  ],
  DocumentReference: [
    {
      identifier,
      authenticator: to('Practitioner/known'),
      category: [concept('letter')],
      custodian: to('Organization/initiator'),
      description: 'A letter',
      securityLabel: [concept('N')],
      content: [
        {
          attachment: { contentType: 'application/pdf', language: 'en', url: 'Binary/known' },
          format: coding('pdf'),
        },
      ],
      context: {
        encounter: [encounter],
        event: [concept('visit')],
        facilityType: concept('clinic'),
        practiceSetting: concept('nutrition'),
        period: { start: '2026' },
        related: [to('ServiceRequest/known')],
      },
    },
  ],
  Endpoint: [
    {
      identifier,
      name: 'The door',
      managingOrganization: to('Organization/initiator'),
      payloadType: [concept('any')],
    },
  ],
  HealthcareService: [
    {
      identifier,
      active: true,
      characteristic: [concept('accessible')],
      coverageArea: [to('Location/known')],
      endpoint: [to('Endpoint/known')],
      location: [to('Location/known')],
      program: [concept('prevention')],
      category: [concept('public')],
      type: [concept('nutrition')],
      specialty: [concept('dietetics')],
    },
  ],
  Location: [
    {
      identifier,
      address,
      endpoint: [to('Endpoint/known')],
      operationalStatus: coding('O'),
      partOf: to('Location/known'),
      type: [concept('office')],
    },
  ],
  MolecularSequence: [
    {
      coordinateSystem: 1,
      referenceSeq: { referenceSeqId: concept('NC_000009.11'), windowStart: 1, windowEnd: 9 },
      variant: [{ start: 3, end: 4 }],
    },
  ],
  Observation: [
    {
      identifier,
      basedOn: [to('ServiceRequest/known')],
      category: [concept('vital-signs')],
      dataAbsentReason: concept('unknown'),
      derivedFrom: [to('Observation/known')],
      device: to('https://other.example/fhir/Device/1'),
      encounter,
      focus: [to('Condition/known')],
      hasMember: [to('Observation/known')],
      method: concept('cuff'),
      partOf: [to('https://other.example/fhir/Procedure/1')],
      specimen: to('https://other.example/fhir/Specimen/1'),
      component: [
        { code: concept('a'), valueCodeableConcept: concept('good') },
        { code: concept('b'), dataAbsentReason: concept('error') },
        { code: concept('c'), valueQuantity: { value: 150, unit: 'mmHg' } },
      ],
    },
    { valueCodeableConcept: concept('better') },
    { valueDateTime: '2026-01-02' },
    { valueQuantity: { value: 7.25, unit: 'mmol/L' } },
    { valueString: 'as before' },
  ],
  Organization: [{ address: [address], endpoint: [to('Endpoint/known')] }],
  Patient: [
    {
      address: [address],
      telecom: email,
      deceasedBoolean: undefined,
      deceasedDateTime: '2026-01-03',
      communication: [{ language: concept('de') }],
      managingOrganization: to('Organization/initiator'),
    },
  ],
  Practitioner: [
    {
      active: true,
      address: [address],
      telecom: email,
      communication: [concept('de')],
      gender: 'female',
      name: [{ family: 'Arzt', given: ['Anna'] }],
    },
  ],
  PractitionerRole: [
    {
      identifier,
      active: true,
      period: { start: '2020' },
      telecom: email,
      location: [to('Location/known')],
      code: [concept('desk')],
    },
  ],
  Provenance: [
    {
      target: [to('Patient/known')],
      occurredPeriod: undefined,
      occurredDateTime: '2026-01-01',
      location: to('Location/known'),
      agent: [{ type: concept('author'), role: [concept('clerk')], who: to('Practitioner/known') }],
      entity: [{ role: 'source', what: to('DocumentReference/known') }],
      signature: [
        {
          type: [coding('1.2.840.10065.1.12.1.1')],
          when: '2026-01-01T10:00:00Z',
          who: to('Practitioner/known'),
        },
      ],
    },
  ],
  RelatedPerson: [{ identifier, active: true, address: [address], telecom: email }],
  ServiceRequest: [
    {
      ...DRAFT,
      basedOn: [to('ServiceRequest/known')],
      bodySite: [concept('foot')],
      encounter,
      instantiatesCanonical: ['http://example.org/PlanDefinition/p'],
      instantiatesUri: ['http://example.org/protocol'],
      performerType: concept('dietitian'),
      replaces: [to('ServiceRequest/known')],
      requisition: identifier[0],
      specimen: [to('https://other.example/fhir/Specimen/1')],
    },
  ],
  Task: [
    {
      ...DRAFT,
      basedOn: [to('ServiceRequest/known')],
      encounter,
      groupIdentifier: identifier[0],
      performerType: [concept('dietitian')],
      businessStatus: undefined,
      output: undefined,
    },
    // No referral's: its business status is its own.
    {
      ...DRAFT,
      meta: {},
      code: concept('approve'),
      focus: to('Basic/known'),
      businessStatus: concept('2.0'),
    },
  ],
};

/** Where the samples' references lead; what is not served is elsewhere. */
const PLACES: Readonly<Record<string, string>> = {
  'PractitionerRole/r': 'PractitionerRole/initiator',
  'Organization/recipient': 'Organization/recipient',
};

function placed(text: string): string | undefined {
  if (text.startsWith('urn:uuid:')) return 'DocumentReference/known'; // the samples' package is not here
  const [, type] = /^([A-Z]\w+)\/[^/]+(?:\/_history\/\w+)?$/.exec(text) ?? [];
  if (type === undefined || text.endsWith('/known')) return undefined;
  const known = type === 'Organization' ? 'Organization/initiator' : `${type}/known`;
  return PLACES[text] ?? (WRITTEN_TYPES.includes(type) ? known : `https://other.example/fhir/${type}/1`);
}

/** Resources of a type in which each of its search parameters has a value somewhere. The first has the most. */
export function richOf(type: string): readonly Resource[] {
  const sample = SAMPLES[type];
  if (sample === undefined) throw new Error(`no sample of ${type}`);
  const made = !BY_HAND.has(type);
  const { id: _id, ...rest } = made ? { resourceType: type } : sample;
  const more = FURTHER[type] ?? [];
  const variants: readonly More[] = made ? [...fullestOf(type), ...more] : more.length > 0 ? more : [{}];
  return variants.map((further) => {
    const { profile = [] } = further.meta ?? sample.meta ?? {};
    const meta = { ...META, profile: [...profile, ...META.profile] };
    const whole = { ...rest, ...further, meta };
    // What a variant sets to undefined is absent on the wire.
    const written: Resource = JSON.parse(JSON.stringify(whole));
    return rewriteReferences(written, placed);
  });
}

/** One transaction that puts a rich resource of every type at `Type/known`, all referring to each other. */
export function seedBundle(): Resource {
  const entry = WRITTEN_TYPES.filter((type) => type !== 'Organization').map((type) => ({
    resource: { ...richOf(type)[0], id: 'known' },
    request: { method: 'PUT', url: `${type}/known` },
  }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}
