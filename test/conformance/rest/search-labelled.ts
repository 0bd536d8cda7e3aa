/**
 * Resources that are told apart by a label, each with one thing about it that a search can be about. What is expected of a
 * query is a list of labels, written from the standard by hand.
 */
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Stored } from '../../world.ts';
import type { Rest } from './client.ts';

export const UCUM = 'http://unitsofmeasure.org';
export const ROLES = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';
const TYPES = 'http://terminology.hl7.org/CodeSystem/v2-0203';

type More = Readonly<Record<string, unknown>>;

const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
const snomed = (code: string) => ({ coding: [{ system: 'http://snomed.info/sct', code }] });
const measure = (value: number, code: string, more: More = {}) => ({
  value,
  unit: code === 'mm[Hg]' ? 'mmHg' : code,
  system: UCUM,
  code,
  ...more,
});

/** Of each type, what is special about the resource of a label. */
const OBSERVATIONS: Readonly<Record<string, More>> = {
  sys120: { code: loinc('8480-6'), valueQuantity: measure(120, 'mm[Hg]') },
  sys90: { code: loinc('8480-6'), valueQuantity: measure(90, 'mm[Hg]') },
  dia80: { code: loinc('8462-4'), valueQuantity: measure(80, 'mm[Hg]') },
  panel: {
    code: loinc('85354-9'),
    component: [
      { code: loinc('8480-6'), valueQuantity: measure(150, 'mm[Hg]') },
      { code: loinc('8462-4'), valueQuantity: measure(95, 'mm[Hg]') },
      { code: loinc('8478-0'), valueCodeableConcept: snomed('260373001') },
    ],
  },
  below5: { code: loinc('2345-7'), valueQuantity: measure(5, 'mg/dL', { comparator: '<' }) },
  from5: { code: loinc('2345-7'), valueQuantity: measure(5, 'mg/dL', { comparator: '>=' }) },
  gram: { code: loinc('29463-7'), valueQuantity: measure(5.4, 'g') },
  bare: { code: loinc('29463-7'), valueQuantity: { value: 5.4, unit: 'g' } },
  unitless: { code: loinc('29463-7'), valueQuantity: { value: 5.4 } },
  seen: { code: loinc('5778-6'), valueCodeableConcept: snomed('260373001') },
  unseen: { code: loinc('5778-6'), valueCodeableConcept: snomed('260415000') },
  green: { code: loinc('5778-6'), valueString: 'Grün, sehr $gut' },
  // when it was seen: a Period open to either side, a moment, a month
  year: { code: loinc('1'), effectiveDateTime: '2026' },
  month: { code: loinc('1'), effectiveDateTime: '2026-03' },
  day: { code: loinc('1'), effectiveDateTime: '2026-03-15' },
  second: { code: loinc('1'), effectiveDateTime: '2026-03-15T10:20:30Z' },
  milli: { code: loinc('1'), effectiveDateTime: '2026-03-15T10:20:30.500Z' },
  east: { code: loinc('1'), effectiveDateTime: '2026-03-16T00:30:00+02:00' },
  since: { code: loinc('1'), effectivePeriod: { start: '2026-03-10' } },
  until: { code: loinc('1'), effectivePeriod: { end: '2026-03-20' } },
  span: { code: loinc('1'), effectivePeriod: { start: '2026-03-14', end: '2026-03-16' } },
  dated: { code: loinc('2'), valueDateTime: '2026-03-15' },
  lasting: { code: loinc('2'), valuePeriod: { start: '2026-03-01', end: '2026-03-31' } },
  mixed: { code: { coding: [{ system: 'http://example.org/codes', code: 'MiXed' }] } },
};

const LOCATIONS: Readonly<Record<string, More>> = {
  site: { position: { latitude: 42.2565, longitude: -83.6948 } },
  building: { partOf: 'site', position: { latitude: 42.2565, longitude: -83.6827 } },
  floor: { partOf: 'building' },
  context: { partOf: 'floor' },
  elsewhere: { position: { latitude: -42.2565, longitude: 96.3052 } },
};

const identifiers = (label: string) => [
  { system: 'urn:labels', value: label },
  { type: { coding: [{ system: TYPES, code: 'MR' }] }, system: 'urn:mrn', value: 'Mr-7' },
];

export interface Labelled {
  readonly labelOf: (ref: string) => string;
  readonly idOf: (label: string) => string;
}

/** Writes everything, and knows it by its labels. */
export async function writeLabelled(rest: Rest): Promise<Labelled> {
  const labels = new Map<string, string>();
  const ids = new Map<string, string>();
  const keep = async (label: string, resource: Resource): Promise<Stored> => {
    const made = await rest.create(resource);
    labels.set(`${made.resourceType}/${made.id}`, label);
    ids.set(label, made.id);
    return made;
  };
  const idOf = (label: string): string => ids.get(label) ?? '';

  const patient = await keep(
    'ann',
    make.patient({
      identifier: identifiers('ann'),
      name: [{ family: 'Ærø Øst', given: ['Ann'] }],
      telecom: [{ system: 'email', value: 'Ann@Example.org' }],
      gender: undefined,
      managingOrganization: make.to('Organization/initiator'),
      meta: { tag: [{ system: 'urn:tags', code: 'chosen' }] },
    }),
  );
  await keep(
    'bob',
    make.patient({
      identifier: [{ system: 'urn:labels', value: 'Mr-7' }],
      name: [{ family: 'Ost' }],
      gender: 'male',
    }),
  );
  const subject = `Patient/${patient.id}` as const;
  for (const [label, more] of Object.entries(OBSERVATIONS))
    await keep(label, { resourceType: 'Observation', status: 'final', subject: make.to(subject), ...more });
  for (const [label, { partOf, ...more }] of Object.entries(LOCATIONS))
    await keep(label, {
      resourceType: 'Location',
      name: label,
      ...more,
      ...(typeof partOf === 'string' && { partOf: make.to(`Location/${idOf(partOf)}`) }),
    });
  for (const at of ['site', 'floor', 'context', 'elsewhere'])
    await keep(`at ${at}`, {
      resourceType: 'Encounter',
      status: 'planned',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: make.to(subject),
      location: [{ location: make.to(`Location/${idOf(at)}`) }],
    });
  for (const code of ['MTH', 'FTH', 'FRND'])
    await keep(code, {
      resourceType: 'RelatedPerson',
      patient: make.to(subject),
      relationship: [{ coding: [{ system: ROLES, code }] }],
    });
  const request = await keep(
    'order',
    make.serviceRequest(
      {
        subject,
        requester: 'Organization/initiator',
        performer: 'Organization/recipient',
        placer: 'R-1',
      },
      { status: 'draft' },
    ),
  );
  await keep(
    'referral',
    make.task(
      {
        focus: `ServiceRequest/${request.id}`,
        for: subject,
        requester: 'Organization/initiator',
        owner: 'Organization/recipient',
      },
      { status: 'draft' },
    ),
  );
  await keep('codes', {
    resourceType: 'CodeSystem',
    url: 'http://example.org/codes',
    status: 'active',
    content: 'complete',
    caseSensitive: false,
    concept: [{ code: 'root', concept: [{ code: 'MiXed' }, { code: 'other' }] }],
  });
  await keep('members', {
    resourceType: 'ValueSet',
    url: 'http://example.org/ValueSet/members',
    status: 'active',
    compose: {
      include: [
        {
          system: 'http://example.org/codes',
          filter: [{ property: 'concept', op: 'is-a', value: 'root' }],
        },
        { system: 'http://loinc.org', concept: [{ code: '8480-6' }] },
      ],
    },
  });
  await keep('letter', bundleAbout(subject));
  return { labelOf: (ref) => labels.get(ref) ?? `?${ref}`, idOf };
}

/** A document whose Composition is part of it, not stored by itself. */
const bundleAbout = (subject: `${string}/${string}`): Resource => ({
  resourceType: 'Bundle',
  type: 'document',
  identifier: { system: 'urn:letters', value: '1' },
  timestamp: '2026-03-15T10:00:00Z',
  entry: [
    {
      fullUrl: 'http://example.org/fhir/Composition/inside',
      resource: {
        resourceType: 'Composition',
        id: 'inside',
        status: 'final',
        type: loinc('11488-4'),
        subject: make.to(subject),
        date: '2026-03-15',
        author: [make.to('Organization/initiator')],
        title: 'Letter',
      },
    },
  ],
});
