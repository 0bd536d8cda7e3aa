/** A patient's record as one transaction, in the shape in which Synthea (https://synthea.mitre.org) writes it. */
import type { Resource } from '../../../src/fhir/types.ts';

const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem';
const concept = (system: string, code: string, display: string) => ({
  coding: [{ system, code, display }],
  text: display,
});
const period = { start: '2026-01-05T09:00:00Z', end: '2026-01-05T09:30:00Z' };
const status = 'active';
const money = (value: number) => ({ value, currency: 'USD' });
const claimType = concept(`${TERMINOLOGY}/claim-type`, 'professional', 'Professional');
const normal = concept(`${TERMINOLOGY}/processpriority`, 'normal', 'Normal');
const check = concept(SNOMED, '185349003', 'Encounter for check up');
const headache = concept(SNOMED, '25064002', 'Headache');

/** Entries are called by words; what they are about is by `urn:uuid:` of the word’s number. */
const NAMES = [
  'patient',
  'encounter',
  'condition',
  'observation',
  'medication',
  'request',
  'administration',
  'account',
  'coverage',
  'claim',
  'benefit',
  'charge',
  'study',
  'device',
  'supply',
  'substance',
  'person',
] as const;
type Name = (typeof NAMES)[number];

const urnOf = (name: Name): string =>
  `urn:uuid:00000000-0000-4000-8000-${String(NAMES.indexOf(name) + 1).padStart(12, '0')}`;
const to = (name: Name) => ({ reference: urnOf(name) });

/** @param doctor a conditional reference to a Practitioner, as Synthea names those outside of the bundle */
function resourcesFor(doctor: string): Readonly<Record<Name, Resource>> {
  const provider = { reference: doctor };
  const subject = to('patient');
  return {
    patient: {
      resourceType: 'Patient',
      name: [{ family: 'Record', given: ['Rita'] }],
      birthDate: '1980-02-03',
    },
    encounter: {
      resourceType: 'Encounter',
      status: 'finished',
      class: { system: `${TERMINOLOGY}/v3-ActCode`, code: 'AMB' },
      type: [check],
      subject,
      participant: [{ individual: provider }],
      period,
      account: [to('account')],
    },
    condition: {
      resourceType: 'Condition',
      clinicalStatus: concept(`${TERMINOLOGY}/condition-clinical`, 'active', 'Active'),
      code: headache,
      subject,
      encounter: to('encounter'),
      onsetDateTime: period.start,
    },
    observation: {
      resourceType: 'Observation',
      status: 'final',
      code: concept(LOINC, '72514-3', 'Pain severity'),
      subject,
      encounter: to('encounter'),
      effectiveDateTime: period.start,
      valueQuantity: { value: 4, unit: '{score}', system: 'http://unitsofmeasure.org', code: '{score}' },
    },
    substance: { resourceType: 'Substance', status, code: concept(SNOMED, '387207008', 'Ibuprofen') },
    medication: {
      resourceType: 'Medication',
      status,
      code: concept('http://www.nlm.nih.gov/research/umls/rxnorm', '310965', 'Ibuprofen 200 MG Oral Tablet'),
      ingredient: [{ itemReference: to('substance') }],
    },
    request: {
      resourceType: 'MedicationRequest',
      status,
      intent: 'order',
      medicationReference: to('medication'),
      subject,
      encounter: to('encounter'),
      requester: provider,
    },
    administration: {
      resourceType: 'MedicationAdministration',
      status: 'completed',
      medicationReference: to('medication'),
      subject,
      context: to('encounter'),
      effectiveDateTime: period.start,
      reasonReference: [to('condition')],
    },
    account: {
      resourceType: 'Account',
      status,
      subject: [subject],
      coverage: [{ coverage: to('coverage') }],
    },
    coverage: { resourceType: 'Coverage', status, beneficiary: subject, payor: [{ display: 'Humana' }] },
    claim: {
      resourceType: 'Claim',
      status,
      type: claimType,
      use: 'claim',
      patient: subject,
      billablePeriod: period,
      created: period.end,
      provider,
      priority: normal,
      prescription: to('request'),
      insurance: [{ sequence: 1, focal: true, coverage: to('coverage') }],
      diagnosis: [{ sequence: 1, diagnosisReference: to('condition') }],
      item: [{ sequence: 1, productOrService: check, encounter: [to('encounter')], net: money(129.16) }],
      total: money(129.16),
    },
    benefit: {
      resourceType: 'ExplanationOfBenefit',
      status,
      type: claimType,
      use: 'claim',
      patient: subject,
      billablePeriod: period,
      created: period.end,
      insurer: { display: 'Humana' },
      provider,
      claim: to('claim'),
      outcome: 'complete',
      careTeam: [{ sequence: 1, provider }],
      diagnosis: [{ sequence: 1, diagnosisReference: to('condition') }],
      insurance: [{ focal: true, coverage: to('coverage') }],
      item: [{ sequence: 1, productOrService: check, encounter: [to('encounter')], net: money(129.16) }],
      payment: { amount: money(103.33) },
    },
    charge: {
      resourceType: 'ChargeItem',
      status: 'billed',
      code: check,
      subject,
      context: to('encounter'),
      service: [to('observation')],
      account: [to('account')],
    },
    study: {
      resourceType: 'ImagingStudy',
      status: 'available',
      subject,
      encounter: to('encounter'),
      started: period.start,
      series: [
        {
          uid: '1.2.840.99999999.1.1',
          modality: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: 'CT' },
          instance: [
            {
              uid: '1.2.840.99999999.1.1.1',
              sopClass: { system: 'urn:ietf:rfc:3986', code: 'urn:oid:1.2.840.10008.5.1.4.1.1.2' },
            },
          ],
        },
      ],
    },
    device: {
      resourceType: 'Device',
      status,
      patient: subject,
      type: concept(SNOMED, '706767009', 'Fitness tracker'),
    },
    supply: {
      resourceType: 'SupplyDelivery',
      status: 'completed',
      patient: subject,
      suppliedItem: { quantity: { value: 1 }, itemReference: to('device') },
      occurrenceDateTime: period.start,
    },
    person: {
      resourceType: 'Person',
      name: [{ family: 'Record' }],
      link: [{ target: subject, assurance: 'level3' }],
    },
  };
}

/** The transaction, its entries in the order of {@link NAMES}. */
export function recordBundle(doctor: string): Resource {
  const resources = resourcesFor(doctor);
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: NAMES.map((name) => ({
      fullUrl: urnOf(name),
      resource: resources[name],
      request: { method: 'POST', url: resources[name].resourceType },
    })),
  };
}
