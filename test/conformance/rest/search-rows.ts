/** What is searched over HTTP, each query with what brute force finds over everything that was written. */
import type { Observation, Patient, Resource, ServiceRequest, Task } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { Stored } from '../../world.ts';
import type { Rest } from './client.ts';

/** Everything that was written for the test file that runs, as stored. */
export const all: Stored[] = [];

export const SYSTEM = 'http://example.org/ids';
export const FAMILIES = ['Müller', 'Muller', 'MULLERSON', 'Smith, Jr.', 'Chalmers'];
const DATES = ['1974', '1974-12', '1974-12-25', '1980-02-29', undefined];
const VALUES = [5, 5.4, 5.44, 100, -2];
const EFFECTIVES = ['2026-01-01', '2026-01-01T12:00:00Z', '2026-01', '2025-12-31T23:30:00-05:00', undefined];

/** Writes everything that the rows are about. */
export async function writeAll(rest: Rest): Promise<void> {
  all.length = 0;
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
}

interface Types {
  readonly Patient: Patient;
  readonly Observation: Observation;
  readonly ServiceRequest: ServiceRequest;
  readonly Task: Task;
}

/** Those of a type that satisfy a predicate, by id. */
export function those<N extends keyof Types>(
  type: N,
  holds: (resource: Types[N]) => boolean,
): readonly string[] {
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

export const family = ({ name }: Patient): string => name?.[0]?.family ?? '';
export const folded = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
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
export const PREFIXES: Readonly<Record<string, Compare>> = {
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

export const TABLE: Readonly<Record<string, readonly Row[]>> = {
  tokens: TOKENS,
  strings: STRINGS,
  'dates of days': DATED,
  'dates with times': TIMED,
  'numbers and quantities': NUMBERS,
  'uris and canonicals': URIS,
  'chains and _has': CHAINS,
};
