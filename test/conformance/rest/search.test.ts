/**
 * Search over HTTP (http://hl7.org/fhir/R4/search.html): each kind of parameter with its modifiers and prefixes, chains,
 * includes, order and what is shown, against brute force over everything that is here.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  Observation,
  OperationOutcome,
  Organization,
  Patient,
  Resource,
  ServiceRequest,
  Task,
} from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { entriesOf, idsOf, linkOf, openRest, type Answer, type Rest } from './client.ts';

let rest: Rest;
/** Everything that was written, as stored. */
const all: Stored[] = [];

const SYSTEM = 'http://example.org/ids';
const FAMILIES = ['Müller', 'Muller', 'MULLERSON', 'Smith, Jr.', 'Chalmers'];
const DATES = ['1974', '1974-12', '1974-12-25', '1980-02-29', undefined];
const VALUES = [5, 5.4, 5.44, 100, -2];
const EFFECTIVES = ['2026-01-01', '2026-01-01T12:00:00Z', '2026-01', '2025-12-31T23:30:00-05:00', undefined];

beforeAll(async () => {
  rest = await openRest();
  const keep = async (resource: Resource): Promise<Stored> => {
    const made = await rest.create(resource);
    all.push(made);
    return made;
  };
  for (const [index, family] of FAMILIES.entries()) {
    const birthDate = DATES[index];
    const patient = await keep({
      ...make.patient({
        identifier: [{ system: SYSTEM, value: `p${index}` }, { value: `bare${index % 2}` }],
        name: [{ family, given: ['Ana', `Given${index}`] }],
        gender: index % 2 === 0 ? 'male' : 'female',
        active: index === 0 ? undefined : index % 2 === 1,
        birthDate,
      }),
      meta: {
        tag: [{ system: SYSTEM, code: `t${index % 2}` }],
        security: [{ code: index === 3 ? 'R' : 'N' }],
        profile: [`http://example.org/StructureDefinition/p${index % 2}|1.0`],
      },
    });
    for (const offset of [0, 1]) {
      const at = (index + offset) % VALUES.length;
      await keep(
        make.observation(`Patient/${patient.id}`, {
          valueQuantity: { value: VALUES[at], unit: 'mmol/L' },
          ...(EFFECTIVES[at] !== undefined && { effectiveDateTime: EFFECTIVES[at] }),
          ...(offset === 1 && { performer: [{ identifier: { system: SYSTEM, value: `npi${index % 2}` } }] }),
          code: { coding: [{ system: 'http://loinc.org', code: `8480-${at}` }, { code: 'local' }] },
        }),
      );
    }
    const request = await keep(
      make.serviceRequest(
        {
          subject: `Patient/${patient.id}`,
          requester: 'Organization/initiator',
          performer: 'Organization/recipient',
          placer: `R-${index}`,
        },
        {
          status: 'draft',
          instantiatesUri: [`http://example.org/protocol/${index % 2}`],
          priority: 'urgent',
        },
      ),
    );
    await keep(
      make.task(
        {
          focus: `ServiceRequest/${request.id}`,
          for: `Patient/${patient.id}`,
          requester: 'Organization/initiator',
          owner: 'Organization/recipient',
        },
        { status: 'draft', priority: index % 2 === 0 ? 'routine' : 'stat' },
      ),
    );
  }
});
afterAll(() => rest.close());

interface Types {
  readonly Patient: Patient;
  readonly Observation: Observation;
  readonly ServiceRequest: ServiceRequest;
  readonly Task: Task;
}

/** Those of a type that satisfy a predicate, by id. */
function those<N extends keyof Types>(type: N, holds: (resource: Types[N]) => boolean): readonly string[] {
  return all
    .filter((one) => one.resourceType === type && holds(one as unknown as Types[N])) // of that type
    .map(({ id }) => id)
    .toSorted();
}

const patients = (holds: (patient: Patient) => boolean) => () => those('Patient', holds);
const observations = (holds: (observation: Observation) => boolean) => () => those('Observation', holds);
const tasks = (holds: (task: Task) => boolean) => () => those('Task', holds);
const requests = (holds: (request: ServiceRequest) => boolean) => () => those('ServiceRequest', holds);

function stored<N extends keyof Types>(type: N, reference: string | undefined): Types[N] {
  const found = all.find(({ resourceType, id }) => resourceType === type && `${type}/${id}` === reference);
  return found as unknown as Types[N]; // it is here
}

const family = ({ name }: Patient): string => name?.[0]?.family ?? '';
const folded = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
const value = ({ valueQuantity }: Observation): number => valueQuantity?.value ?? Number.NaN;
const subject = ({ subject: reference }: Observation): Patient => stored('Patient', reference?.reference);
const onlyIf = (text: string | undefined, pattern: RegExp): boolean =>
  text !== undefined && pattern.test(text);

type Row = readonly [query: string, expected: () => readonly string[]];

const TOKENS: readonly Row[] = [
  ['Patient?gender=male', patients(({ gender }) => gender === 'male')],
  ['Patient?gender=male,female', patients(() => true)],
  ['Patient?gender:not=male', patients(({ gender }) => gender !== 'male')],
  ['Patient?active=true', patients(({ active }) => active === true)],
  ['Patient?active:not=true', patients(({ active }) => active !== true)],
  ['Patient?active:missing=true', patients(({ active }) => active === undefined)],
  ['Patient?active:missing=false', patients(({ active }) => active !== undefined)],
  [`Patient?identifier=${SYSTEM}|p1`, patients(({ identifier }) => identifier?.[0]?.value === 'p1')],
  [`Patient?identifier=${SYSTEM}|`, patients(() => true)],
  ['Patient?identifier=p1,p2', patients(({ identifier }) => /^p[12]$/.test(identifier?.[0]?.value ?? ''))],
  ['Patient?identifier=|bare1', patients(({ identifier }) => identifier?.[1]?.value === 'bare1')],
  ['Patient?identifier=|p1', patients(() => false)],
  ['Patient?identifier=bare0&identifier=p2', patients(({ identifier }) => identifier?.[0]?.value === 'p2')],
  ['Patient?identifier=P1', patients(() => false)],
  [
    'Observation?code=http://loinc.org|8480-1',
    observations(({ code }) => code.coding?.[0]?.code === '8480-1'),
  ],
  ['Observation?code=|local', observations(() => true)],
  [`Patient?_tag=${SYSTEM}|t0`, patients(({ meta }) => meta?.tag?.[0]?.code === 't0')],
  ['Patient?_tag:not=t0', patients(({ meta }) => meta?.tag?.[0]?.code !== 't0')],
  ['Patient?_security=R', patients(({ meta }) => meta?.security?.[0]?.code === 'R')],
];

const STRINGS: readonly Row[] = [
  ['Patient?family=mull', patients((one) => folded(family(one)).startsWith('mull'))],
  ['Patient?family=M%C3%9CLLER', patients((one) => folded(family(one)).startsWith('muller'))],
  ['Patient?family:exact=M%C3%BCller', patients((one) => family(one) === 'Müller')],
  ['Patient?family:exact=m%C3%BCller', patients(() => false)],
  ['Patient?family:contains=ers', patients((one) => folded(family(one)).includes('ers'))],
  ['Patient?family=ersn', patients(() => false)],
  ['Patient?family=smith%5C,%20jr', patients((one) => family(one) === 'Smith, Jr.')],
  ['Patient?family=smith,chalm', patients((one) => /^(smith|chalm)/.test(folded(family(one))))],
  ['Patient?name=given3', patients(({ name }) => name?.[0]?.given?.[1] === 'Given3')],
  ['Patient?given=ana&family=muller', patients((one) => folded(family(one)).startsWith('muller'))],
  ['Patient?birthdate:missing=true', patients(({ birthDate }) => birthDate === undefined)],
];

/** First and last moment that a date means. */
function interval(date: string | undefined): readonly [number, number] | undefined {
  if (date === undefined) return undefined;
  const start = Date.parse(date);
  if (date.length > 10) return [start, start + 999];
  const end = new Date(start);
  if (date.length === 4) end.setUTCFullYear(end.getUTCFullYear() + 1);
  else if (date.length === 7) end.setUTCMonth(end.getUTCMonth() + 1);
  else end.setUTCDate(end.getUTCDate() + 1);
  return [start, end.getTime() - 1];
}

type Compare = (target: readonly [number, number], asked: readonly [number, number]) => boolean;

/** http://hl7.org/fhir/R4/search.html#prefix */
const PREFIXES: Readonly<Record<string, Compare>> = {
  '': ([low, high], [from, to]) => from <= low && high <= to,
  eq: ([low, high], [from, to]) => from <= low && high <= to,
  ne: ([low, high], [from, to]) => !(from <= low && high <= to),
  gt: ([, high], [, to]) => high > to,
  lt: ([low], [from]) => low < from,
  ge: ([low, high], [from, to]) => high > to || (from <= low && high <= to),
  le: ([low, high], [from, to]) => low < from || (from <= low && high <= to),
  sa: ([low], [, to]) => low > to,
  eb: ([, high], [from]) => high < from,
};

const DATED: readonly Row[] = ['1974', '1974-12', '1974-12-25', '1980-02-29', '1980-02'].flatMap((date) =>
  Object.entries(PREFIXES).map(([prefix, holds]): Row => {
    const asked = interval(date) ?? [0, 0];
    const within = ({ birthDate }: Patient): boolean => {
      const target = interval(birthDate);
      return target !== undefined && holds(target, asked);
    };
    return [`Patient?birthdate=${prefix}${date}`, patients(within)];
  }),
);

const TIMED: readonly Row[] = ['2026-01-01', '2026-01-01T12:00:00Z', '2026-01-01T04:30:00Z', '2025'].flatMap(
  (date) =>
    Object.entries(PREFIXES).map(([prefix, holds]): Row => {
      const asked = interval(date) ?? [0, 0];
      const within = ({ effectiveDateTime }: Observation): boolean => {
        const target = interval(effectiveDateTime);
        return target !== undefined && holds(target, asked);
      };
      return [`Observation?date=${prefix}${date}`, observations(within)];
    }),
);

/** A number without prefix means half a unit of its last digit around it; with one, itself. */
const NUMBERS: readonly Row[] = [
  ['Observation?value-quantity=5', observations((one) => value(one) >= 4.5 && value(one) < 5.5)],
  ['Observation?value-quantity=5.4', observations((one) => value(one) >= 5.35 && value(one) < 5.45)],
  ['Observation?value-quantity=5.40', observations((one) => value(one) >= 5.395 && value(one) < 5.405)],
  ['Observation?value-quantity=ne5.40', observations((one) => !(value(one) >= 5.395 && value(one) < 5.405))],
  ['Observation?value-quantity=gt5.4', observations((one) => value(one) > 5.4)],
  ['Observation?value-quantity=ge5.4', observations((one) => value(one) >= 5.4)],
  ['Observation?value-quantity=lt5.4', observations((one) => value(one) < 5.4)],
  ['Observation?value-quantity=le5.4', observations((one) => value(one) <= 5.4)],
  ['Observation?value-quantity=1e2', observations((one) => value(one) === 100)],
  ['Observation?value-quantity=-2,100', observations((one) => value(one) === -2 || value(one) === 100)],
  [
    'Observation?value-quantity=gt0&value-quantity=lt6',
    observations((one) => value(one) > 0 && value(one) < 6),
  ],
];

const URIS: readonly Row[] = [
  [
    'ServiceRequest?instantiates-uri=http://example.org/protocol/1',
    requests(({ instantiatesUri }) => instantiatesUri?.[0]?.endsWith('/1') === true),
  ],
  ['ServiceRequest?instantiates-uri=http://example.org/protocol', requests(() => false)],
  ['ServiceRequest?instantiates-uri:below=http://example.org/protocol', requests(() => true)],
  [
    'ServiceRequest?instantiates-uri:above=http://example.org/protocol/1/2',
    requests(({ instantiatesUri }) => instantiatesUri?.[0]?.endsWith('/1') === true),
  ],
  [
    'Patient?_profile=http://example.org/StructureDefinition/p1',
    patients(({ meta }) => onlyIf(meta?.profile?.[0], /p1\|/)),
  ],
  [
    'Patient?_profile=http://example.org/StructureDefinition/p1|1.0',
    patients(({ meta }) => onlyIf(meta?.profile?.[0], /p1\|/)),
  ],
  ['Patient?_profile=http://example.org/StructureDefinition/p1|2.0', patients(() => false)],
];

const CHAINS: readonly Row[] = [
  [
    'Task?focus:ServiceRequest.identifier=R-1',
    tasks(({ focus }) => stored('ServiceRequest', focus?.reference).identifier?.[0]?.value === 'R-1'),
  ],
  [
    `Task?focus:ServiceRequest.identifier=${make.PLACER_SYSTEM}|R-1,${make.PLACER_SYSTEM}|R-2`,
    tasks(({ focus }) =>
      /R-[12]/.test(stored('ServiceRequest', focus?.reference).identifier?.[0]?.value ?? ''),
    ),
  ],
  [
    'Task?patient.family=muller',
    tasks((task) => folded(family(stored('Patient', task.for?.reference))).startsWith('muller')),
  ],
  ['Task?patient.gender:not=male', tasks((task) => stored('Patient', task.for?.reference).gender !== 'male')],
  ['Task?owner:Organization.name=recip', tasks(() => true)],
  ['Task?owner:Organization.name=nobody', tasks(() => false)],
  [
    'Observation?subject:Patient.birthdate=1974-12-25',
    observations((one) => subject(one).birthDate === '1974-12-25'),
  ],
  [
    'Observation?subject.identifier=p2&value-quantity=gt5',
    observations((one) => subject(one).identifier?.[0]?.value === 'p2' && value(one) > 5),
  ],
  [
    'Patient?_has:Observation:subject:value-quantity=gt50',
    patients(
      ({ id }) =>
        those('Observation', (one) => value(one) > 50 && one.subject?.reference === `Patient/${id}`).length >
        0,
    ),
  ],
  [
    'Task?focus:ServiceRequest.subject:Patient.gender=male',
    tasks((task) => stored('Patient', task.for?.reference).gender === 'male'),
  ],
];

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  tokens: TOKENS,
  strings: STRINGS,
  'dates of days': DATED,
  'dates with times': TIMED,
  'numbers and quantities': NUMBERS,
  'uris and canonicals': URIS,
  'chains and _has': CHAINS,
};

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
