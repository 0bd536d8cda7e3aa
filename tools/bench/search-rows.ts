/** The table of searches: each row is a query that a clinic asks about what it may see, by the number of a referral. */
import { FILLER, MRN, patientIdOf, PLACER, serviceOf } from './resources.ts';

export interface SearchRow {
  readonly name: string;
  /** Path below the base, with its query. */
  readonly path: (i: number) => string;
}

type Query = (i: number) => string;

/** Over Tasks; as old as the bench, for comparison. */
const TASKS: Readonly<Record<string, Query>> = {
  status: () => 'status=accepted&_count=20',
  owner: (i) => `owner=Organization/${serviceOf(i)}&_count=20`,
  patient: (i) => `patient=Patient/${patientIdOf(i)}`,
  identifier: (i) => `identifier=${FILLER}|f${i}`,
  'focus:ServiceRequest.identifier': (i) => `focus:ServiceRequest.identifier=${PLACER}|r${i}`,
  _lastUpdated: () => `_lastUpdated=gt2020-01-01&_count=20`,
  'status + sort': () => 'status=received&_sort=authored-on&_count=20',
  'owner + status + sort': (i) =>
    `owner=Organization/${serviceOf(i)}&status=in-progress&_sort=-_lastUpdated&_count=20`,
};

const BMI = 'http://loinc.org|39156-5';
const UCUM = 'http://unitsofmeasure.org';
const mrn = (i: number): string => `${MRN}|mrn-${patientIdOf(i)}`;
const filter = (text: string): string => `_filter=${encodeURIComponent(text)}`;

/** Further features of R4, by name: the path below the base. */
const FURTHER: Readonly<Record<string, Query>> = {
  'Task?focus.subject.identifier (two hops)': (i) =>
    `Task?focus:ServiceRequest.subject:Patient.identifier=${mrn(i)}`,
  'Patient?_has:Task:patient:identifier': (i) => `Patient?_has:Task:patient:identifier=${FILLER}|f${i}`,
  'Observation?value-quantity': () => `Observation?value-quantity=gt47.5|${UCUM}|kg/m2&_count=20`,
  'Observation?code-value-quantity': () => `Observation?code-value-quantity=${BMI}$gt47.5&_count=20`,
  'Task?_content, of one referral': (i) => `Task?_content=f${i}`,
  'Task?_content, of all': () => 'Task?_content=interpreter+supervised&_count=20',
  'Task?_content + status': () => 'Task?_content=interpreter&status=accepted&_count=20',
  'Task?code:text': () => 'Task?code:text=fulfill&_count=20',
  'Task?_filter': (i) =>
    `Task?${filter(`status eq accepted and (priority eq urgent or owner re Organization/${serviceOf(i)})`)}&_count=20`,
  'Task + three sort keys': () => 'Task?_sort=status,-authored-on,_id&_count=20',
  'Task?owner + two sort keys': (i) =>
    `Task?owner=Organization/${serviceOf(i)}&_sort=priority,-authored-on&_count=20`,
  // Of the services whose urgent Tasks are all the first clinic's: what comes first in the order is hidden from it.
  'Task?owner + two sort keys, hidden ones first': (i) =>
    `Task?owner=Organization/${serviceOf(i - (i % 8))}&_sort=priority,-authored-on&_count=20`,
  'Task?_include:iterate': (i) =>
    `Task?identifier=${FILLER}|f${i}&_include=Task:focus&_include:iterate=ServiceRequest:subject`,
  'Patient/{id}/Task': (i) => `Patient/${patientIdOf(i)}/Task`,
  '?_type=Task,ServiceRequest': () => '?_type=Task,ServiceRequest&_count=20',
};

export const SEARCH_ROWS: readonly SearchRow[] = [
  ...Object.entries(TASKS).map(([name, query]) => ({ name, path: (i: number) => `/Task?${query(i)}` })),
  ...Object.entries(FURTHER).map(([name, query]) => ({
    name,
    path: (i: number) => (query(i).startsWith('?') ? query(i) : `/${query(i)}`),
  })),
];

/** Searches that are measured by their rate alone. */
export const RATED_ROWS: readonly SearchRow[] = [
  {
    name: 'Observation?subject:Patient.identifier',
    path: (i) => `/Observation?subject:Patient.identifier=${mrn(i)}`,
  },
  {
    name: 'Observation?code, the newest 20',
    path: () => `/Observation?code=${BMI}&_sort=-_lastUpdated&_count=20`,
  },
  { name: 'Task?identifier', path: (i) => `/Task?identifier=${FILLER}|f${i}` },
  {
    name: 'Task?identifier and what it includes',
    path: (i) => `/Task?identifier=${FILLER}|f${i}&_include=Task:focus&_include=Task:patient`,
  },
];

/** The name of a row in the report. */
export const titleOf = (name: string): string => (Object.hasOwn(TASKS, name) ? `Task?${name}` : name);
