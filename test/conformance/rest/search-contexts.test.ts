/**
 * Where a search looks (http://hl7.org/fhir/R4/http.html#vsearch): in one type, in a compartment, in the whole system; by
 * GET, by POST and in a Bundle.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { entriesOf, idsOf, linkOf, openRest, type Answer, type Rest, type Sending } from './client.ts';

let rest: Rest;
const made = new Map<string, Stored>();
const ref = (name: string): `${string}/${string}` => {
  const stored = made.get(name);
  if (stored === undefined) throw new Error(`nothing is called ${name}`);
  return `${stored.resourceType}/${stored.id}`;
};
const keep = async (name: string, resource: Resource, as = 'initiator'): Promise<void> => {
  made.set(name, await rest.create(resource, as));
};
const coded = (code: string) => ({ coding: [{ system: 'http://example.org/codes', code }] });
const TAGGED = { tag: [{ system: 'http://example.org/tags', code: 'here' }] };

beforeAll(async () => {
  rest = await openRest();
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' } as const;
  await keep('ana', { ...make.patient(), meta: TAGGED });
  await keep('bob', make.patient());
  await keep('doc', { resourceType: 'Practitioner', name: [{ family: 'Doc' }] }, 'administrator');
  await keep('kin', { resourceType: 'RelatedPerson', patient: make.to(ref('ana')) });
  await keep('device', { resourceType: 'Device', patient: make.to(ref('ana')) });
  await keep('encounter', {
    resourceType: 'Encounter',
    status: 'planned',
    class: { code: 'AMB' },
    subject: make.to(ref('ana')),
  });
  await keep(
    'order',
    make.serviceRequest(
      { subject: ref('ana'), ...parties },
      { status: 'draft', encounter: make.to(ref('encounter')) },
    ),
  );
  await keep('task', {
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    code: { text: 'work' },
    for: make.to(ref('ana')),
  });
  await keep('a1', {
    ...make.observation(ref('ana'), { code: coded('one'), encounter: make.to(ref('encounter')) }),
    meta: TAGGED,
  });
  await keep('a2', make.observation(ref('ana'), { code: coded('two'), performer: [make.to(ref('doc'))] }));
  await keep('b1', make.observation(ref('bob'), { code: coded('one'), performer: [make.to(ref('ana'))] }));
  await keep(
    'b2',
    make.observation(ref('bob'), {
      code: coded('two'),
      performer: [make.to(ref('kin'))],
      device: make.to(ref('device')),
    }),
  );
  await keep('b3', make.observation(ref('bob'), { code: coded('two') }));
  await keep('condition', {
    ...make.condition(ref('ana'), { asserter: make.to(ref('doc')), encounter: make.to(ref('encounter')) }),
    meta: TAGGED,
  });
});
afterAll(() => rest.close());

const fill = (text: string): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name: string) => made.get(name)?.id ?? '');
const ask = (query: string, sending?: Sending): Promise<Answer> => rest.send(`GET ${fill(query)}`, sending);
const namesOf = (answer: Answer): readonly string[] =>
  entriesOf(answer)
    .filter(({ search }) => search?.mode === 'match')
    .map(({ resource }) => {
      const at = `${resource?.resourceType}/${resource?.id}`;
      return [...made.keys()].find((name) => ref(name) === at) ?? at;
    });
/** The same search by POST. */
const post = (query: string): Promise<Answer> => {
  const [path = '', form = ''] = fill(query).split(/\?(.*)/s);
  return rest.send(`POST ${path}${path === '' ? '' : '/'}_search`, { body: form });
};

const OF_ANA = ['a1', 'a2', 'ana', 'b1', 'condition', 'encounter', 'kin', 'order', 'task'];

// prettier-ignore
const FOUND: readonly (readonly [query: string, names: readonly string[]])[] = [
  // — compartments of one type
  ['Patient/{ana}/Observation?', ['a1', 'a2', 'b1']],
  ['Patient/{ana}/Observation?code=one', ['a1', 'b1']],
  ['Patient/{ana}/Observation?subject=Patient/{bob}', ['b1']],
  ['Patient/{ana}/Observation?code=none', []],
  ['Patient/{ana}/Task?', ['task']],
  ['Patient/{ana}/ServiceRequest?status=draft', ['order']],
  ['Patient/{ana}/Patient?', ['ana']],
  ['Patient/{bob}/Patient?', ['bob']],
  ['Patient/{bob}/Condition?', []],
  ['Encounter/{encounter}/Observation?', ['a1']],
  ['Encounter/{encounter}/ServiceRequest?', ['order']],
  ['Encounter/{encounter}/Encounter?', ['encounter']],
  ['Practitioner/{doc}/Observation?', ['a2']],
  ['Practitioner/{doc}/Condition?', ['condition']],
  ['RelatedPerson/{kin}/Observation?', ['b2']],
  ['Device/{device}/Observation?', ['b2']],
  // — all types of a compartment
  ['Patient/{ana}/*?', OF_ANA],
  ['Patient/{ana}/*?_type=Observation,Condition', ['a1', 'a2', 'b1', 'condition']],
  ['Patient/{ana}/*?_tag=here', ['a1', 'ana', 'condition']],
  ['Encounter/{encounter}/*?', ['a1', 'condition', 'encounter', 'order']],
  ['Device/{device}/*?', ['b2', 'device']],
  // — the system
  ['?_type=Observation', ['a1', 'a2', 'b1', 'b2', 'b3']],
  ['?_type=Observation,Condition', ['a1', 'a2', 'b1', 'b2', 'b3', 'condition']],
  ['?_type=Observation,Condition&patient=Patient/{ana}', ['a1', 'a2', 'condition']],
  ['?_type=Observation,Condition&_tag=here', ['a1', 'condition']],
  ['?_type=Patient,Observation&_id={ana},{b3}', ['ana', 'b3']],
  ['?_tag=here', ['a1', 'ana', 'condition']],
  ['?_id={task}', ['task']],
  ['?_type=Observation&code=one&_sort=code', ['a1', 'b1']],
  ['?_type=Observation,Condition&patient.gender=male&encounter=Encounter/{encounter}', ['a1', 'condition']],
  ['?_type=Practitioner,Patient&_has:Observation:performer:code=one', ['ana']],
];

describe('what is found', () => {
  test.each(FOUND)('%s', async (query, names) => {
    const asked = `${query}${query.endsWith('?') ? '' : '&'}_total=accurate`;
    const answer = await ask(asked);
    expect([answer.status, namesOf(answer).toSorted(), answer.bundle.total]).toEqual([
      200,
      names,
      names.length,
    ]);
    expect((await post(asked)).json).toEqual(answer.json);
    const url = fill(asked);
    const entry = [{ request: { method: 'GET', url } }];
    for (const type of ['batch', 'transaction']) {
      const bundle = await rest.must('POST ', { body: { resourceType: 'Bundle', type, entry } });
      expect(entriesOf(bundle)[0]?.resource).toEqual(answer.json);
    }
    const stranger = await ask(asked, { as: 'stranger' });
    // A Practitioner is everyone's; what is in its compartment is not.
    const told = stranger.status === 200 ? namesOf(stranger) : [stranger.status, stranger.code];
    expect(told).toEqual(stranger.status === 200 ? [] : [404, 'not-found']);
  });

  test('parameters in the address and in the form count together', async () => {
    const answer = await rest.must(fill('POST Patient/{ana}/Observation/_search?code=one'), {
      body: fill('subject=Patient/{ana}'),
    });
    expect(namesOf(answer)).toEqual(['a1']);
    expect(linkOf(answer, 'self')).toBe(fill('Patient/{ana}/Observation?code=one&subject=Patient/{ana}'));
    const all = await rest.must(fill('POST Patient/{ana}/_search'), { body: '_type=Task' });
    expect(namesOf(all)).toEqual(['task']);
    expect(linkOf(all, 'self')).toBe(fill('Patient/{ana}/*?_type=Task'));
  });

  test('an AuditEvent is in the compartment of whom it is about', async () => {
    await ask('Patient/{bob}/Observation');
    const answer = await ask('Patient/{bob}/AuditEvent?_count=200');
    const entities = entriesOf(answer).map(({ resource }) => JSON.stringify(resource));
    expect(entities.length).toBeGreaterThan(0);
    expect(entities.every((text) => text.includes(ref('bob')))).toBe(true);
  });
});

describe('pages', () => {
  test.each([
    ['?_type=Observation,Condition,Patient', ''],
    ['?_type=Observation,Condition,Patient', '_sort=_lastUpdated'],
    ['?_type=Observation,Condition,Patient', '_sort=_id'],
    ['?_type=Observation,Condition,Patient', '_sort=-_id'],
    ['Patient/{ana}/*?', ''],
    ['Patient/{ana}/Observation?', ''],
  ])('%s %s: each match once, in order, while others write', async (query, sort) => {
    const whole = await ask(`${query}&${sort}&_count=100`);
    const ids: string[] = [];
    let next: string | undefined = fill(`${query}&${sort}&_count=2&_total=accurate`);
    let pages = 0;
    while (next !== undefined) {
      const page: Answer = await rest.must(`GET ${next}`);
      expect(page.bundle.total).toBe(idsOf(whole).length);
      ids.push(...idsOf(page));
      next = linkOf(page, 'next');
      pages += 1;
      const first = pages > 1 ? idsOf(await rest.must(`GET ${linkOf(page, 'first')}`)) : ids.slice(0, 2);
      expect(first).toEqual(ids.slice(0, 2));
      await rest.create({ ...make.observation(ref('ana'), { code: coded('late') }) });
    }
    expect(ids).toEqual(idsOf(whole));
    for (const { resource } of entriesOf(await ask('Observation?code=late')))
      await rest.must(`DELETE Observation/${resource?.id}`);
  });

  test('the link to the page before', async () => {
    const first = await ask('Patient/{ana}/Observation?_count=2');
    const second = await rest.must(`GET ${linkOf(first, 'next')}`);
    expect(linkOf(first, 'previous')).toBeUndefined();
    expect(idsOf(await rest.must(`GET ${linkOf(second, 'previous')}`))).toEqual(idsOf(first));
  });

  test('newest write first, or by what is asked', async () => {
    const query = '?_type=Observation,Condition';
    const seqs = async (sort: string): Promise<readonly number[]> =>
      entriesOf(await ask(`${query}${sort}`)).map(({ resource }) => Number(resource?.meta?.versionId));
    const descending = (await seqs('')).toSorted((a, b) => b - a);
    expect(await seqs('')).toEqual(descending);
    expect(await seqs('&_sort=-_lastUpdated')).toEqual(descending);
    expect(await seqs('&_sort=_lastUpdated')).toEqual(descending.toReversed());
  });

  test('_count=0 and _summary=count give the total alone', async () => {
    for (const wish of ['_count=0', '_summary=count']) {
      const answer = await ask(`Patient/{ana}/*?${wish}`);
      expect([answer.bundle.total, answer.bundle.entry]).toEqual([OF_ANA.length, undefined]);
      expect(answer.bundle.link?.map(({ relation }) => relation)).toEqual(['self']);
    }
  });
});

// prettier-ignore
const REFUSED: readonly (readonly [line: string, status: number, code: string])[] = [
  ['GET Patient/unused/Task', 404, 'not-found'],
  ['GET Patient/unused/*', 404, 'not-found'],
  ['GET Encounter/unused/Observation?code=one', 404, 'not-found'],
  ['GET Organization/initiator/Task', 404, 'not-found'],
  ['GET Patient/{ana}/Substances', 404, 'type-unknown'],
  ['GET Patient/{ana}/Organization', 400, 'search-parameter-unknown'],
  ['GET Patient/{ana}/*?_type=Organization', 400, 'search-parameter-unknown'],
  ['GET Patient/{ana}/Task?shoe-size=46', 400, 'search-parameter-unknown'],
  ['GET Patient/{ana}/Task?_type=Task', 400, 'search-parameter-unknown'],
  ['PUT Patient/{ana}/Task', 405, 'method-not-allowed'],
  ['GET ?_type=Substances', 400, 'search-value-invalid'],
  ['GET ?_type=AuditEvent', 400, 'search-value-invalid'],
  ['GET ?_type=Task,', 400, 'search-value-invalid'],
  ['GET ?_type=Task&_type=Patient', 400, 'search-value-invalid'],
  ['GET ?_type=Task,Patient&birthdate=1970', 400, 'search-parameter-unknown'],
  ['GET ?_type=Task,Patient&_sort=status', 400, 'search-parameter-unknown'],
  ['GET ?_type=Task,Observation&_sort=status', 400, 'search-parameter-unknown'],
  ['GET ?_type=Observation&date=yesterday', 400, 'search-value-invalid'],
  ['GET ?family=Chalmers', 400, 'search-parameter-unknown'],
  ['GET ?_type=Task&_page=1-1.2.3', 410, 'page-expired'],
];

describe('what is refused', () => {
  test.each(REFUSED)('%s: %i %s', async (line, status, code) => {
    const answer = await rest.send(fill(line), line.startsWith('PUT') ? { body: {} } : {});
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  test('a compartment of what was deleted is gone', async () => {
    const { id } = await rest.create(make.patient());
    await rest.must(`DELETE Patient/${id}`);
    expect((await rest.send(`GET Patient/${id}/Task`)).status).toBe(410);
  });

  test('with handling=lenient, what some type does not know is left out for all, said, and not in the self link', async () => {
    const answer = await ask('?_type=Condition,Patient&gender=male&_tag=here', {
      headers: { prefer: 'handling=lenient' },
    });
    expect(namesOf(answer).toSorted()).toEqual(['ana', 'condition']);
    expect(answer.bundle.link?.[0]?.url).toBe(`${BASE}?_type=Condition,Patient&_tag=here`);
    expect(entriesOf(answer).at(-1)).toMatchObject({
      search: { mode: 'outcome' },
      resource: { issue: [{ severity: 'warning' }] },
    });
  });
});

describe('scopes', () => {
  const as = async (scope: string, more = {}): Promise<Sending> => ({
    as: 'nobody',
    headers: { authorization: `Bearer ${await rest.sign({ scope, ...more })}` },
  });

  test('types that they do not give are left out, and refused by name when named', async () => {
    const sending = await as('system/Observation.s system/Patient.rs');
    expect(namesOf(await ask('?_tag=here', sending)).toSorted()).toEqual(['a1', 'ana']);
    const named = await ask('?_type=Observation,Condition&_tag=here', sending);
    expect([named.status, named.code, named.issues[0]?.diagnostics]).toEqual([
      403,
      'scope-insufficient',
      'needed: system/Condition.s',
    ]);
    expect((await ask('Patient/{ana}/Condition', sending)).status).toBe(403);
    expect((await ask('?_tag=here', await as('system/Observation.r'))).status).toBe(403);
  });

  test('for one patient, the search stays in its compartment', async () => {
    const sending = await as('patient/*.rs', { patient: ref('ana') });
    expect(namesOf(await ask('Patient/{ana}/Observation', sending)).toSorted()).toEqual(['a1', 'a2', 'b1']);
    expect((await ask('Patient/{bob}/Observation', sending)).status).toBe(404);
    expect(namesOf(await ask('?_type=Observation', sending)).toSorted()).toEqual(['a1', 'a2', 'b1']);
  });

  test('the audit names the patient whose compartment was searched', async () => {
    const sending = await as('system/*.cruds', { client: 'compartment-searcher' });
    await ask('Patient/{bob}/Condition?code=none', sending);
    const events = entriesOf(await ask('AuditEvent?entity=Patient/{bob}&_count=5'));
    expect(JSON.stringify(events[0]?.resource)).toContain(ref('bob'));
  });
});

test('the CapabilityStatement says so', async () => {
  const { json } = await rest.must('GET metadata');
  const [{ interaction, compartment, searchParam }] = json['rest'] as [
    {
      interaction: readonly { code: string }[];
      compartment: readonly string[];
      searchParam: readonly { name: string }[];
    },
  ];
  expect(interaction.map(({ code }) => code)).toContain('search-system');
  expect(compartment).toContain('http://hl7.org/fhir/CompartmentDefinition/patient');
  expect(compartment).toHaveLength(5);
  for (const { name } of searchParam) {
    const value = name === '_lastUpdated' ? 'gt2000' : 'x';
    const answer = await ask(name === '_type' ? '?_type=Task' : `?${name}=${value}&_count=1`);
    expect([name, answer.status]).toEqual([name, 200]);
  }
});
