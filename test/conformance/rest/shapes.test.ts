/**
 * What of a resource is shown (http://hl7.org/fhir/R4/search.html#summary): `_summary` and `_elements` of searches and
 * reads, against R4's own definitions.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readElements } from '../../../tools/generate/definitions.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Stored } from '../../world.ts';
import { entriesOf, openRest, type Rest } from './client.ts';

let rest: Rest;
let patient: Stored;
let observation: Stored;
let document: Stored;
const TEXT = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' };
const coded = (code: string) => ({ coding: [{ system: 'http://example.org/codes', code }] });

beforeAll(async () => {
  rest = await openRest('--unknown-modifier-extensions', 'accept');
  patient = await rest.create(
    make.patient({
      text: TEXT,
      communication: [{ language: coded('en') }],
      contact: [{ name: { family: 'X' } }],
      multipleBirthInteger: 1,
      _birthDate: { extension: [{ url: 'http://example.org/x', valueString: 'y' }] },
      modifierExtension: [{ url: 'http://example.org/m', valueBoolean: false }],
    }),
  );
  const own = make.observation(`Patient/${patient.id}`, {
    text: TEXT,
    note: [{ text: 'n' }],
    component: [{ code: coded('c'), valueString: 'v', interpretation: [coded('H')] }],
    referenceRange: [{ text: 'r' }],
  });
  const { json } = await rest.must('POST Observation', {
    body: JSON.stringify(own).replace('"value":142', '"value":142.50'),
  });
  observation = json as Stored;
  document = await rest.create(
    make.documentReference(`Patient/${patient.id}`, 'https://files.example.org/1', {
      content: [{ attachment: { contentType: 'text/plain', data: 'eA==', title: 't' } }],
      context: { period: { start: '2026' }, event: [coded('e')] },
    }),
  );
});
afterAll(() => rest.close());

const shown = async (ref: string, wish: string): Promise<Resource> => {
  const [type = '', id = ''] = ref.split('/');
  const searched = entriesOf(await rest.must(`GET ${type}?_id=${id}&${wish}`))[0]
    ?.resource as unknown as Resource; // a match
  const { json } = await rest.must(`GET ${ref}?${wish}`);
  expect(json).toEqual(searched);
  expect(json.meta?.tag).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'SUBSETTED' })]));
  return json;
};

/** Names of the elements of a type, as R4 publishes them, that satisfy a condition. */
function elementsOf(
  type: string,
  holds: (element: { readonly isSummary?: boolean; readonly min?: number }) => boolean,
): readonly string[] {
  return [...readElements()].flatMap(([path, element]) => {
    const [of, name = '', deeper] = path.split('.');
    return of === type && deeper === undefined && holds(element as never) ? [name.replace('[x]', '')] : [];
  });
}

const names = (resource: Resource): readonly string[] =>
  Object.keys(resource).map((name) => name.replace(/^_/, ''));
/** Structures of these resources that R4 marks as well; the published elements leave structures out. */
const STRUCTURES = ['component', 'content', 'context'];
const ALWAYS = ['resourceType', 'id', 'meta', 'modifierExtension', 'implicitRules'];

describe('_summary', () => {
  test.each(['patient', 'observation', 'document'])(
    'true: what R4 marks as summary, of a %s',
    async (which) => {
      const stored = { patient, observation, document }[which] ?? patient;
      const part = await shown(`${stored.resourceType}/${stored.id}`, '_summary=true');
      const allowed = elementsOf(
        stored.resourceType,
        ({ isSummary, min = 0 }) => isSummary === true || min > 0,
      );
      const isAllowed = (name: string): boolean =>
        ALWAYS.includes(name) || STRUCTURES.includes(name) || allowed.some((one) => name.startsWith(one));
      expect(names(part).filter((name) => !isAllowed(name))).toEqual([]);
      expect(names(stored).filter((name) => isAllowed(name) && !names(part).includes(name))).toEqual([]);
    },
  );

  test('true: inside a part, too', async () => {
    expect((await shown(`Observation/${observation.id}`, '_summary=true'))['component']).toEqual([
      { code: coded('c'), valueString: 'v' },
    ]);
    const part = await shown(`DocumentReference/${document.id}`, '_summary=true');
    expect(part['content']).toEqual([{ attachment: { contentType: 'text/plain', title: 't' } }]);
    expect(part['context']).toEqual({ period: { start: '2026' } });
  });

  test('text: narrative, id, meta and what is mandatory', async () => {
    expect(names(await shown(`Patient/${patient.id}`, '_summary=text')).toSorted()).toEqual([
      'id',
      'meta',
      'resourceType',
      'text',
    ]);
    expect(names(await shown(`Observation/${observation.id}`, '_summary=text')).toSorted()).toEqual([
      'code',
      'id',
      'meta',
      'resourceType',
      'status',
      'text',
    ]);
  });

  test('data: all but the narrative', async () => {
    const { text: _text, meta: _meta, ...rest_ } = patient as Resource & { text: unknown };
    const { meta: _shown, ...part } = await shown(`Patient/${patient.id}`, '_summary=data');
    expect(part).toEqual(rest_);
  });

  test('false: all of it, not marked', async () => {
    expect((await rest.must(`GET Patient/${patient.id}?_summary=false`)).json).toEqual(patient);
    expect(entriesOf(await rest.must(`GET Patient?_id=${patient.id}&_summary=false`))[0]?.resource).toEqual(
      patient,
    );
  });

  test('a decimal stays as it was written', async () => {
    for (const wish of ['_summary=true', '_summary=data', '_elements=value', '_elements=valueQuantity']) {
      expect((await rest.must(`GET Observation/${observation.id}?${wish}`)).text).toContain('"value":142.50');
    }
  });
});

// prettier-ignore
const ELEMENTS: readonly (readonly [ref: 'Patient' | 'Observation', wish: string, names: readonly string[]])[] = [
  ['Patient', 'name', ['name']],
  ['Patient', 'birthDate', ['birthDate', '_birthDate']],
  ['Patient', 'Patient.name,gender', ['name', 'gender']],
  ['Patient', 'Observation.code,name', ['name']],
  ['Patient', 'nothing', []],
  ['Observation', 'value', ['code', 'status', 'valueQuantity']],
  ['Observation', 'valueQuantity', ['code', 'status', 'valueQuantity']],
  ['Observation', 'Observation.subject,Patient.name', ['code', 'status', 'subject']],
];

describe('_elements', () => {
  test.each(ELEMENTS)('%s: %s', async (type, wish, expected) => {
    const stored = type === 'Patient' ? patient : observation;
    const part = await shown(`${type}/${stored.id}`, `_elements=${wish}`);
    const left = Object.keys(part).filter((name) => !ALWAYS.includes(name));
    expect(left.toSorted()).toEqual([...expected].toSorted());
  });

  test('of a type alone: resources of others, included ones too, are whole', async () => {
    const found = await rest.must(
      `GET Observation?_id=${observation.id}&_include=Observation:subject&_elements=Observation.code`,
    );
    const [match, included] = entriesOf(found);
    expect(Object.keys(match?.resource ?? {}).toSorted()).toEqual([
      'code',
      'id',
      'meta',
      'resourceType',
      'status',
    ]);
    expect(included?.resource).toEqual(patient);
    const both = await rest.must(
      `GET Observation?_id=${observation.id}&_include=Observation:subject&_elements=Observation.code,Patient.name`,
    );
    expect(Object.keys(entriesOf(both)[1]?.resource ?? {}).toSorted()).toEqual([
      'id',
      'meta',
      'modifierExtension',
      'name',
      'resourceType',
    ]);
  });
});

describe('totals', () => {
  test.each([
    ['', 3],
    ['&_total=none', undefined],
    ['&_total=accurate', 3],
    ['&_total=estimate', 3],
    ['&_count=1', undefined],
    ['&_count=1&_total=accurate', 3],
    ['&_count=0', 3],
    ['&_summary=count', 3],
    ['&_summary=count&_include=Basic:author', 3],
  ])('%s', async (wish, total) => {
    if (entriesOf(await rest.must('GET Basic')).length === 0)
      for (const text of ['a', 'b', 'c']) await rest.create({ resourceType: 'Basic', code: { text } });
    expect((await rest.must(`GET Basic?code:missing=true${wish}`)).bundle.total).toBe(total);
  });
});

// prettier-ignore
const REFUSED: readonly (readonly [query: string, code: string])[] = [
  ['Patient?_summary=yes', 'search-value-invalid'],
  ['Patient?_summary=text&_revinclude=Observation:subject', 'search-value-invalid'],
  ['Observation?_summary=text&_include=Observation:subject', 'search-value-invalid'],
  ['Patient?_elements=name.family', 'search-value-invalid'],
  ['Patient?_elements=Patient.name.family', 'search-value-invalid'],
  ['Patient?_elements=', 'search-value-invalid'],
  ['Patient?_total=maybe', 'search-value-invalid'],
  ['Patient?_count=-1', 'search-value-invalid'],
  ['Patient?_count=many', 'search-value-invalid'],
  ['Patient?_contained=both', 'search-parameter-unknown'],
  ['Patient?_contained=true', 'search-parameter-unknown'],
  ['Patient?_contained=maybe', 'search-value-invalid'],
  ['Patient?_containedType=contained', 'search-parameter-unknown'],
  ['Patient?_score=1', 'search-parameter-unknown'],
  ['Patient?_query=mine', 'search-parameter-unknown'],
  ['Patient/{id}?_summary=count', 'search-value-invalid'],
  ['Patient/{id}?_elements=name.family', 'search-value-invalid'],
  ['Patient/{id}?_count=1', 'search-parameter-unknown'],
];

describe('what is refused', () => {
  test.each(REFUSED)('%s: %s', async (query, code) => {
    const answer = await rest.send(`GET ${query.replace('{id}', patient.id)}`);
    expect([answer.status, answer.code]).toEqual([400, code]);
  });

  test('_contained=false is what is done anyway', async () => {
    expect(entriesOf(await rest.must(`GET Patient?_id=${patient.id}&_contained=false`))).toHaveLength(1);
  });
});
