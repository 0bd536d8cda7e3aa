/**
 * Search over HTTP (http://hl7.org/fhir/R4/search.html): each kind of parameter with its modifiers and prefixes, chains,
 * includes, order and what is shown, against brute force over everything that is here.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Observation, OperationOutcome, Organization, Patient, Task } from '../../../src/fhir/types.ts';
import { BASE } from '../../world.ts';
import { entriesOf, idsOf, linkOf, openRest, type Answer, type Rest } from './client.ts';
import { all, FAMILIES, family, folded, PREFIXES, SYSTEM, TABLE, those, writeAll } from './search-rows.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
  await writeAll(rest);
});
afterAll(() => rest.close());

const sorted = (answer: Answer): readonly string[] => idsOf(answer).toSorted();

describe.each(Object.entries(TABLE))('%s', (_kind, rows) => {
  test.each(rows)('%s', async (query, expected) => {
    const [address = '', text = ''] = query.split(/\?(.*)/s);
    const get = await rest.must(`GET ${query}&_total=accurate`);
    expect(sorted(get)).toEqual(expected());
    expect(get.bundle.total).toBe(expected().length);
    const post = await rest.must(`POST ${address}/_search`, { body: `${text}&_total=accurate` });
    expect(post.json).toEqual(get.json);
    expect((await rest.must(`GET ${query}&_total=accurate`, { as: 'stranger' })).bundle.total).toBe(0);
  });
});

describe('references', () => {
  test('by id, by type and id, by absolute address, by type modifier, by identifier', async () => {
    const [patient] = all;
    const expected = those('Observation', (one) => one.subject?.reference === `Patient/${patient?.id}`);
    for (const query of [
      `subject=${patient?.id}`,
      `subject=Patient/${patient?.id}`,
      `subject=${BASE}/Patient/${patient?.id}`,
      `subject:Patient=${patient?.id}`,
      `patient=${patient?.id}`,
      `patient=unused,${patient?.id}`,
    ])
      expect([query, sorted(await rest.must(`GET Observation?${query}`))]).toEqual([query, expected]);
    const npi = those('Observation', (one) => one.performer?.[0]?.identifier?.value === 'npi1');
    expect(npi).not.toEqual([]);
    for (const query of [`performer:identifier=${SYSTEM}|npi1`, 'performer:identifier=npi1'])
      expect(sorted(await rest.must(`GET Observation?${query}`))).toEqual(npi);
    const missing = those('Observation', ({ performer }) => performer === undefined);
    expect(sorted(await rest.must('GET Observation?performer:missing=true'))).toEqual(missing);
  });
});

describe('_id and _lastUpdated', () => {
  test('_id', async () => {
    const [first, second] = those('Patient', () => true);
    expect(sorted(await rest.must(`GET Patient?_id=${second},${first},unused`))).toEqual([first, second]);
    expect(sorted(await rest.must(`GET Patient?_id=${first}&_id=${second}`))).toEqual([]);
  });

  test.each(['ge', 'gt', 'le', 'lt', 'eq'])('_lastUpdated=%s', async (prefix) => {
    const middle = all.filter(({ resourceType }) => resourceType === 'Patient')[2]?.meta?.lastUpdated ?? '';
    const compare = PREFIXES[prefix];
    const moment = Date.parse(middle);
    const expected = those('Patient', ({ meta }) => {
      const at = Date.parse(meta?.lastUpdated ?? '');
      return compare?.([at, at], [moment, moment]) === true;
    });
    expect(sorted(await rest.must(`GET Patient?_lastUpdated=${prefix}${middle}`))).toEqual(expected);
  });
});

const includedOf = (answer: Answer): readonly string[] =>
  entriesOf(answer)
    .filter(({ search }) => search?.mode === 'include')
    .map(({ resource }) => `${resource?.resourceType}/${resource?.id}`)
    .toSorted();

describe('includes', () => {
  test('_include and _revinclude, each once, beside the matches and not counted', async () => {
    const found = await rest.must(
      'GET Task?patient.gender=male&_include=Task:focus&_include=Task:patient&_include=Task:owner&_total=accurate&_count=100',
    );
    const matches = entriesOf(found).filter(({ search }) => search?.mode === 'match');
    const expected = matches.flatMap(({ resource }) => {
      const { focus, for: subjectOf, owner } = resource as Task;
      return [focus?.reference ?? '', subjectOf?.reference ?? '', owner?.reference ?? ''];
    });
    expect(includedOf(found)).toEqual([...new Set(expected)].toSorted());
    expect(found.bundle.total).toBe(matches.length);
    const back = await rest.must(
      'GET Patient?identifier=p1&_revinclude=Observation:subject&_revinclude=Task:patient',
    );
    const [id] = idsOf(back);
    const refers = all.filter(
      (one) =>
        (one.resourceType === 'Observation' &&
          (one as unknown as Observation).subject?.reference === `Patient/${id}`) ||
        (one.resourceType === 'Task' && (one as unknown as Task).for?.reference === `Patient/${id}`),
    );
    expect(includedOf(back)).toEqual(refers.map((one) => `${one.resourceType}/${one.id}`).toSorted());
  });

  test('of one type only, and onwards with :iterate', async () => {
    const only = await rest.must(
      'GET Task?priority=stat&_include=Task:subject:Patient&_include=Task:subject:Group',
    );
    expect(includedOf(only).every((ref) => ref.startsWith('Patient/'))).toBe(true);
    const [first] = those('Task', () => true);
    const onwards = await rest.must(
      `GET Task?_id=${first}&_include=Task:focus&_include:iterate=ServiceRequest:requester`,
    );
    expect(includedOf(onwards)).toContain('Organization/initiator');
    const still = await rest.must(`GET Task?_id=${first}&_include=Task:focus`);
    expect(includedOf(still)).not.toContain('Organization/initiator');
  });
});

const values = (answer: Answer, of: (patient: Patient) => string): readonly string[] =>
  entriesOf(answer).map(({ resource }) => of(resource as Patient));

describe('order', () => {
  test.each([
    ['gender,family', (one: Patient) => `${one.gender} ${folded(family(one))}`, false],
    ['-gender,-family', (one: Patient) => `${one.gender} ${folded(family(one))}`, true],
    ['_id', ({ id }: Patient) => id ?? '', false],
    ['-_lastUpdated', ({ meta }: Patient) => meta?.lastUpdated ?? '', true],
  ] as const)('_sort=%s', async (sort, of, descending) => {
    const found = values(await rest.must(`GET Patient?_sort=${sort}`), of);
    const expected = found.toSorted((a, b) => (a < b ? -1 : 1));
    expect(found).toHaveLength(FAMILIES.length);
    expect(found).toEqual(descending ? expected.toReversed() : expected);
  });

  test('several keys in several directions; what has no value comes last or first, and always together', async () => {
    const found = values(
      await rest.must('GET Patient?_sort=gender,-birthdate'),
      (one) => `${one.gender} ${one.birthDate}`,
    );
    const women = found.filter((text) => text.startsWith('female'));
    expect(women).toEqual(['female 1980-02-29', 'female 1974-12']);
    expect(found.slice(0, 2)).toEqual(women);
  });
});

const totalOf = async (query: string) => (await rest.must(`GET Patient?_count=1${query}`)).bundle.total;

describe('what is shown', () => {
  test('_summary', async () => {
    for (const [summary, present, absent] of [
      ['true', 'name', 'communication'],
      ['data', 'name', 'text'],
      ['text', 'text', 'name'],
      ['false', 'name', 'nothing'],
    ] as const) {
      const found = entriesOf(await rest.must(`GET Patient?_summary=${summary}`));
      expect(found).toHaveLength(FAMILIES.length);
      for (const { resource } of found) {
        expect(present === 'text' || present in (resource ?? {})).toBe(true);
        expect(resource).not.toHaveProperty(absent);
      }
    }
  });

  test.each(['_summary=count', '_count=0'])('%s: the total alone', async (query) => {
    const { bundle } = await rest.must(`GET Patient?gender=female&${query}`);
    expect(bundle).toEqual({
      resourceType: 'Bundle',
      type: 'searchset',
      total: 2,
      link: [{ relation: 'self', url: `${BASE}/Patient?gender=female&${query}` }],
    });
  });

  test('_elements', async () => {
    for (const { resource } of entriesOf(await rest.must('GET Task?_elements=focus,priority'))) {
      const names = Object.keys(resource ?? {}).toSorted();
      expect(names).toEqual(['focus', 'id', 'intent', 'meta', 'priority', 'resourceType', 'status']);
      expect(resource?.meta?.tag?.map(({ code }) => code)).toContain('SUBSETTED');
    }
  });

  test('_total: none, estimate, accurate', async () => {
    expect([await totalOf(''), await totalOf('&_total=none')]).toEqual([undefined, undefined]);
    expect([await totalOf('&_total=estimate'), await totalOf('&_total=accurate')]).toEqual([5, 5]);
  });

  test('_count is bounded, and self says by how much', async () => {
    expect(linkOf(await rest.must('GET Patient?_count=99999'), 'self')).toBe('Patient?_count=1000');
  });
});

describe('handling', () => {
  const unknown = 'GET Patient?gender=female&shoe-size=46&_total=accurate';

  test('strict, and by default: an unknown parameter is refused', async () => {
    for (const headers of [{}, { prefer: 'handling=strict' }])
      expect((await rest.send(unknown, { headers })).code).toBe('search-parameter-unknown');
  });

  test('lenient: it is left out, said, and not in self', async () => {
    const answer = await rest.must(unknown, { headers: { prefer: 'handling=lenient' } });
    expect(answer.bundle.total).toBe(2);
    expect(linkOf(answer, 'self')).toBe('Patient?gender=female&_total=accurate');
    const outcome = entriesOf(answer).find(({ search }) => search?.mode === 'outcome')
      ?.resource as OperationOutcome;
    expect(outcome.issue).toMatchObject([
      { severity: 'warning', diagnostics: expect.stringContaining('shoe-size') },
    ]);
  });

  test('lenient does not forgive a wrong value', async () => {
    const answer = await rest.send('GET Patient?birthdate=soon', { headers: { prefer: 'handling=lenient' } });
    expect(answer.code).toBe('search-value-invalid');
  });
});

test('the directory is found by everyone', async () => {
  const found = await rest.must('GET Organization?name=recipient', { as: 'stranger' });
  expect(entriesOf(found).map(({ resource }) => (resource as Organization).name)).toEqual(['recipient']);
});
