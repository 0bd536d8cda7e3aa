/**
 * Search over HTTP, the finer print (http://hl7.org/fhir/R4/search.html): quantities with units, composites, intervals of
 * every precision under every prefix, modifiers of every kind, chains of several hops, and what is refused.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { entriesOf, idsOf, openRest, type Rest } from './client.ts';
import { ROLES, UCUM, writeLabelled, type Labelled } from './search-labelled.ts';
import { PREFIXES } from './search-rows.ts';

let rest: Rest;
let world: Labelled;
beforeAll(async () => {
  rest = await openRest();
  world = await writeLabelled(rest);
});
afterAll(() => rest.close());

/** `{label}` is the id of that resource. */
const placed = (query: string): string =>
  query.replaceAll(/\{([^}]+)\}/g, (_, label: string) => world.idOf(label));

async function found(query: string): Promise<string> {
  const answer = await rest.must(`GET ${placed(query)}&_count=200&_total=accurate`);
  expect(answer.bundle.total).toBe(idsOf(answer).length);
  const labels = entriesOf(answer).map(({ resource }) =>
    world.labelOf(`${resource?.resourceType}/${resource?.id}`),
  );
  return labels.toSorted().join(' ');
}

const sorted = (labels: string): string => labels.split(' ').filter(Boolean).toSorted().join(' ');

const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'quantity: [prefix][number]|[system]|[code]': {
    'Observation?value-quantity=120': 'sys120',
    [`Observation?value-quantity=120|${UCUM}|mm[Hg]`]: 'sys120',
    'Observation?value-quantity=120||mm[Hg]': 'sys120',
    'Observation?value-quantity=120||mmHg': 'sys120',
    [`Observation?value-quantity=120|${UCUM}|mmHg`]: '',
    'Observation?value-quantity=120|http://other.example|mm[Hg]': '',
    'Observation?value-quantity=120||MMHG': '',
    'Observation?value-quantity=1.2e2||mmHg': 'sys120',
    'Observation?value-quantity=1e2||mmHg': '',
    'Observation?value-quantity=12e1||mmHg': 'sys120',
    'Observation?value-quantity=gt100||mmHg': 'sys120',
    'Observation?value-quantity=ge90||mmHg': 'sys120 sys90',
    'Observation?value-quantity=lt90||mmHg': 'dia80',
    'Observation?value-quantity=le90||mmHg': 'sys90 dia80',
    'Observation?value-quantity=sa90||mmHg': 'sys120',
    'Observation?value-quantity=eb90||mmHg': 'dia80',
    'Observation?value-quantity=ne90||mmHg': 'sys120 dia80',
    'Observation?value-quantity=ap85||mmHg': 'sys90 dia80',
    'Observation?value-quantity=gt100||mmHg,lt85||mmHg': 'sys120 dia80',
    'Observation?value-quantity=gt85||mmHg&value-quantity=lt100||mmHg': 'sys90',
    'Observation?value-quantity=5.4||g': 'bare gram',
    [`Observation?value-quantity=5.4|${UCUM}|g`]: 'gram',
    'Observation?value-quantity=5.4': 'bare gram unitless',
    'Observation?value-quantity=5': 'bare gram unitless',
    'Observation?value-quantity=5.40||g': 'bare gram',
    'Observation?value-quantity=5.41||g': '',
    // a stored comparator: below5 is anything under 5, from5 is 5 and more
    'Observation?value-quantity=5||mg/dL': '',
    'Observation?value-quantity=lt5||mg/dL': 'below5',
    'Observation?value-quantity=lt3||mg/dL': 'below5',
    'Observation?value-quantity=gt5||mg/dL': 'from5',
    'Observation?value-quantity=gt300||mg/dL': 'from5',
    'Observation?value-quantity=ge5||mg/dL': 'from5',
    'Observation?value-quantity=eb5||mg/dL': 'below5',
    'Observation?value-quantity=sa4.9||mg/dL': 'from5',
    'Observation?component-value-quantity=150||mmHg': 'panel',
    'Observation?combo-value-quantity=ge120||mmHg': 'panel sys120',
  },
  composite: {
    'Observation?code-value-quantity=http://loinc.org|8480-6$gt100||mmHg': 'sys120',
    'Observation?code-value-quantity=8480-6$gt80': 'sys120 sys90',
    [`Observation?code-value-quantity=8480-6$120|${UCUM}|mm[Hg]`]: 'sys120',
    'Observation?code-value-quantity=8480-6$80': '',
    'Observation?code-value-quantity=8480-6$gt100,8462-4$lt85': 'dia80 sys120',
    'Observation?code-value-quantity=http://loinc.org|$gt100||mmHg': 'sys120',
    'Observation?code-value-quantity=http://snomed.info/sct|8480-6$gt1': '',
    // both values of one component, not of two
    'Observation?component-code-value-quantity=8480-6$150': 'panel',
    'Observation?component-code-value-quantity=8480-6$95': '',
    'Observation?component-code-value-quantity=8480-6$gt100&component-code-value-quantity=8462-4$lt100':
      'panel',
    'Observation?component-code-value-concept=8478-0$http://snomed.info/sct|260373001': 'panel',
    'Observation?component-code-value-concept=8480-6$260373001': '',
    'Observation?combo-code-value-quantity=8480-6$ge120': 'panel sys120',
    'Observation?combo-code-value-concept=8478-0$260373001,5778-6$260373001': 'panel seen',
    'Observation?code-value-concept=5778-6$260373001': 'seen',
    'Observation?code-value-concept=5778-6$260415000': 'unseen',
    'Observation?code-value-string=5778-6$grun': 'green',
    [String.raw`Observation?code-value-string=5778-6$GR%C3%9CN\,%20sehr%20\$g`]: 'green',
    'Observation?code-value-string=5778-6$gut': '',
    'Observation?code-value-date=2$2026-03-15': 'dated',
    'Observation?code-value-date=2$2026-03': 'dated lasting',
    'Observation?code-value-date=2$gt2026-03-20': 'lasting',
    'Observation?code-value-quantity:missing=false&code=8480-6': 'sys120 sys90',
    'Observation?code-value-quantity:missing=true&code=8480-6,5778-6': 'green seen unseen',
  },
  'token: case and modifiers': {
    'Observation?code=mixed': 'mixed',
    'Observation?code=MIXED': 'mixed',
    'Observation?code=http://example.org/codes|mIXED': 'mixed',
    'Observation?code=http://EXAMPLE.org/codes|mixed': '',
    'RelatedPerson?relationship=mth': '',
    'RelatedPerson?relationship=MTH': 'MTH',
    'Patient?identifier=ann': 'ann',
    'Patient?identifier=ANN': '',
    'Patient?email=ANN@example.ORG': 'ann',
    'Patient?telecom=ann@example.org': 'ann',
    'Patient?identifier=Mr-7': 'ann bob',
    'Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|Mr-7': 'ann',
    'Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|mr-7': '',
    'Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|Mr-7': '',
    'Patient?gender:not=male': 'ann',
    'Patient?gender:missing=true': 'ann',
    'Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender': 'bob',
    'Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender': 'ann',
    'Observation?code:in=http://example.org/ValueSet/members': 'mixed sys120 sys90',
    'Observation?code:in=ValueSet/{members}': 'mixed sys120 sys90',
    'Observation?code:not-in=http://example.org/ValueSet/members&value-quantity=ge1||mmHg': 'dia80',
    'Observation?code:below=http://example.org/codes|root': 'mixed',
    'Observation?code:above=http://example.org/codes|mixed': 'mixed',
    'Task?patient._has:Observation:patient:code:in=http://example.org/ValueSet/members': 'referral',
    [`RelatedPerson?relationship:below=${ROLES}|PRN`]: 'FTH MTH',
    [`RelatedPerson?relationship:below=${ROLES}|FAMMEMB`]: 'FTH MTH',
    [`RelatedPerson?relationship:below=${ROLES}|MTH`]: 'MTH',
    [`RelatedPerson?relationship:above=${ROLES}|NMTH`]: 'MTH',
  },
  'string: case, accents, ligatures and strokes': {
    'Patient?family=aero': 'ann',
    'Patient?family=%C3%86R%C3%98': 'ann',
    'Patient?family:contains=ost': 'ann bob',
    'Patient?family:exact=Ost': 'bob',
    'Patient?family:exact=ost': '',
    'Patient?name:missing=false': 'ann bob',
  },
  'reference: hierarchies': {
    'Location?partof={site}': 'building',
    'Location?partof:below={site}': 'building floor context',
    'Location?partof:below=Location/{building}': 'floor context',
    'Location?partof:above={context}': 'building floor context',
    'Encounter?location={site}': 'at site',
    'Encounter?location:below={site}': 'at floor at context at site',
    'Encounter?location:below={floor}': 'at floor at context',
    'Encounter?location:below={elsewhere}': 'at elsewhere',
    'Encounter?location:above={context}': 'at floor at context at site',
    'Encounter?location:above={building}': 'at site',
    'Encounter?location:Location={context}': 'at context',
  },
  'near: within a distance of a position': {
    'Location?near=42.2565|-83.6948|0.5|km': 'site',
    'Location?near=42.2565|-83.6948|1|km': 'building site',
    'Location?near=42.2565|-83.6948|1': 'building site',
    'Location?near=42.2565|-83.6948|900|m': 'site',
    'Location?near=42.2565|-83.6948|0.7|[mi_i]': 'building site',
    'Location?near=42.2565|-83.6948': 'building site',
    'Location?near=-42.2565|96.3052|1|km,42.2565|-83.6827|0.1|km': 'building elsewhere',
    'Location?near=42.2565|-83.6948|20016|km': 'building elsewhere site',
    'Location?near:missing=true': 'floor context',
  },
  'chains of several hops, and _has': {
    'Task?focus:ServiceRequest.subject:Patient.organization:Organization.name=initiator': 'referral',
    'Task?focus:ServiceRequest.patient._has:Observation:patient:code-value-quantity=8480-6$gt100': 'referral',
    'Task?focus:ServiceRequest.patient._has:Observation:patient:code-value-quantity=8480-6$gt200': '',
    'Patient?_has:ServiceRequest:patient:_has:Task:focus:status=draft': 'ann',
    'Patient?_has:ServiceRequest:patient:_has:Task:focus:status=completed': '',
    'Patient?_has:Task:patient:focus:ServiceRequest.identifier=R-1': 'ann',
    'RelatedPerson?patient._has:Task:patient:focus:ServiceRequest.requester:Organization._id=initiator':
      'FRND FTH MTH',
    'Encounter?location.partof.partof.partof={site}': 'at context',
    'Encounter?location:Location.partof:Location.partof:Location.partof.name=site': 'at context',
    'Encounter?location:Location.partof:below={site}': 'at floor at context',
    'Task?patient._tag=urn:tags|chosen': 'referral',
    'Task?patient._id={ann}': 'referral',
    'Task?patient._id={bob}': '',
    'Task?patient._lastUpdated=gt2000': 'referral',
    'Task?patient._lastUpdated=lt2000': '',
    'Task?patient.gender:missing=true': 'referral',
    'Task?patient.gender:not=male': 'referral',
    'Task?patient.family:exact=Ost': '',
    'Patient?_has:Observation:patient:code:not=nothing': 'ann',
    'Patient?_has:RelatedPerson:patient:relationship=FRND&_has:Task:patient:status=draft': 'ann',
  },
  'a Composition inside a Bundle': {
    'Bundle?composition=inside': 'letter',
    'Bundle?composition=Composition/inside': 'letter',
    'Bundle?composition.status=final': 'letter',
    'Bundle?composition.status=preliminary': '',
    'Bundle?composition:Composition.type=11488-4': 'letter',
    'Bundle?composition.patient=Patient/{ann}': 'letter',
    'Bundle?composition.patient.identifier=urn:labels|ann': 'letter',
    'Bundle?composition.patient.identifier=urn:labels|bob': '',
    'Bundle?composition.date=2026-03': 'letter',
    'Bundle?message:missing=true&type=document': 'letter',
  },
  '_id and _lastUpdated': {
    'Patient?_id:not={ann}': 'bob',
    'Patient?_id:missing=false': 'ann bob',
    'Patient?_id:missing=true': '',
    'Patient?_lastUpdated:missing=true': '',
    'Patient?_lastUpdated=gt2000&_lastUpdated=lt2001': '',
  },
};

describe.each(Object.entries(TABLE))('%s', (_kind, rows) => {
  test.each(Object.entries(rows))('%s', async (query, labels) => {
    const expected = labels.replaceAll(/at (\w+)/g, 'at_$1');
    expect((await found(query)).replaceAll(/at (\w+)/g, 'at_$1')).toBe(sorted(expected));
  });
});

/** First and last moment of what is kept under Observation.date, written out by hand. */
const MOMENTS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  year: ['2026-01-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z'],
  month: ['2026-03-01T00:00:00.000Z', '2026-03-31T23:59:59.999Z'],
  day: ['2026-03-15T00:00:00.000Z', '2026-03-15T23:59:59.999Z'],
  second: ['2026-03-15T10:20:30.000Z', '2026-03-15T10:20:30.999Z'],
  milli: ['2026-03-15T10:20:30.500Z', '2026-03-15T10:20:30.500Z'],
  east: ['2026-03-15T22:30:00.000Z', '2026-03-15T22:30:00.999Z'],
  since: ['2026-03-10T00:00:00.000Z', '+275760-09-13T00:00:00.000Z'],
  until: ['-271821-04-20T00:00:00.000Z', '2026-03-20T23:59:59.999Z'],
  span: ['2026-03-14T00:00:00.000Z', '2026-03-16T23:59:59.999Z'],
};

/** What is asked, and the interval it means. */
const ASKED: Readonly<Record<string, readonly [from: string, to: string]>> = {
  '2026': MOMENTS['year']!,
  '2026-03': MOMENTS['month']!,
  '2026-03-15': MOMENTS['day']!,
  '2026-03-15T10:20': ['2026-03-15T10:20:00.000Z', '2026-03-15T10:20:59.999Z'],
  '2026-03-15T10:20Z': ['2026-03-15T10:20:00.000Z', '2026-03-15T10:20:59.999Z'],
  '2026-03-15T10:20:30Z': MOMENTS['second']!,
  '2026-03-15T10:20:30.500Z': MOMENTS['milli']!,
  '2026-03-15T10:20:30.5Z': ['2026-03-15T10:20:30.500Z', '2026-03-15T10:20:30.599Z'],
  '2026-03-15T12:20:30%2B02:00': MOMENTS['second']!,
  '2026-03-15T12:20:30+02:00': MOMENTS['second']!,
  '2026-03-15T05:20:30-05:00': MOMENTS['second']!,
  '2026-03-16T00:30:00%2B02:00': MOMENTS['east']!,
  '2026-03-16': ['2026-03-16T00:00:00.000Z', '2026-03-16T23:59:59.999Z'],
};

const spanOf = ([from, to]: readonly [string, string]): readonly [number, number] => [
  Date.parse(from),
  Date.parse(to),
];

describe.each(Object.entries(ASKED))('a date asked as %s', (date, interval) => {
  test.each(Object.entries(PREFIXES))('%s', async (prefix, holds) => {
    const expected = Object.entries(MOMENTS).flatMap(([label, moments]) =>
      holds(spanOf(moments), spanOf(interval)) ? [label] : [],
    );
    expect(await found(`Observation?code=1&date=${prefix}${date}`)).toBe(expected.toSorted().join(' '));
  });
});

describe('refusals name the parameter and say what it takes', () => {
  test.each([
    ['Observation?value-quantity=5|mg', 400, 'search-value-invalid'],
    ['Observation?value-quantity=five', 400, 'search-value-invalid'],
    ['Observation?value-quantity=gt', 400, 'search-value-invalid'],
    ['Observation?code-value-quantity=8480-6', 400, 'search-value-invalid'],
    ['Observation?code-value-quantity=8480-6$', 400, 'search-value-invalid'],
    ['Observation?code-value-quantity=8480-6$5$6', 400, 'search-value-invalid'],
    ['Observation?code-value-quantity:not=8480-6$5', 400, 'search-parameter-unknown'],
    ['Observation?date=ge2026-02-30', 400, 'search-value-invalid'],
    ['Observation?date=2026-03-15T10', 400, 'search-value-invalid'],
    ['Observation?date=xx2026', 400, 'search-value-invalid'],
    ['Location?near=91|0', 400, 'search-value-invalid'],
    ['Location?near=1', 400, 'search-value-invalid'],
    ['Location?near=1|2|3|furlong', 400, 'search-value-invalid'],
    ['Patient?gender:in=http://example.org/ValueSet/unheard', 404, 'value-set-unknown'],
    ['RelatedPerson?relationship:below=http://example.org/codes|a', 422, 'code-system-unknown'],
    [`RelatedPerson?relationship:below=${ROLES}|nothing`, 422, 'code-system-unknown'],
    ['RelatedPerson?relationship:below=MTH', 400, 'search-value-invalid'],
    ['Patient?identifier:of-type=MR|7', 400, 'search-value-invalid'],
    ['Patient?general-practitioner:below=Practitioner/1', 400, 'search-parameter-unknown'],
    ['Task?part-of.part-of.part-of.part-of.part-of.part-of.status=draft', 400, 'search-parameter-unknown'],
    ['Bundle?composition._lastUpdated=gt2000', 400, 'search-parameter-unknown'],
    ['Observation?_sort=code-value-quantity', 400, 'search-parameter-unknown'],
  ])('%s: %d %s', async (query, status, code) => {
    const answer = await rest.send(`GET ${query}`);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.issues[0]?.diagnostics).toMatch(/^[\w.:-]+: /);
  });
});

test('whoever sees none of it finds nothing, by whatever way', async () => {
  for (const query of Object.values(TABLE).flatMap((rows) => Object.keys(rows))) {
    if (query.startsWith('Location?')) continue; // the directory is everybody's
    const { bundle } = await rest.must(`GET ${placed(query)}&_total=accurate`, { as: 'stranger' });
    expect([query, bundle.total]).toEqual([query, 0]);
  }
}, 60_000);
