/** Results and vital signs: reports and observations as organizers of their observations. */
import { LOINC } from '../../systems.ts';
import { URI_SYSTEM } from '../../../fhir/identifier.ts';
import type { Identifier, Reference, Resource } from '../../../fhir/types.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, point, ucumOf } from '../values.ts';
import { element, nothing, type Xml } from '../../../xml/elements.ts';
import { isModified, lose, loseOthers, within, type Writing } from '../writing.ts';
import {
  codeOf,
  conceptAt,
  dayOf,
  isInError,
  listAt,
  OID,
  status,
  stringAt,
  wordsOf,
  type EntryWritten,
  type WriteEntry,
} from './entry.ts';
import {
  authorOfResult,
  loseCategory,
  OBSERVATION_CARRIED,
  observationOf,
  rangeWords,
  statusOfResult,
  timeOfResult,
  valuesOf,
  valueWords,
} from './observation.ts';

export const RESULT_COLUMNS = ['Test', 'Result', 'Range', 'Date'] as const;

const REPORT_CARRIED = [
  'identifier',
  'status',
  'category',
  'code',
  'subject',
  'encounter',
  'performer',
  'issued',
  'result',
  'effectiveDateTime',
  'effectivePeriod',
];

/** A report holds its observations; an observation alone is a report of its own. */
export const writeResult: WriteEntry = (writing, resource, pieces) => {
  const isReport = resource.resourceType === 'DiagnosticReport';
  const members = isReport
    ? membersOf(writing, resource, 'result')
    : [resource, ...membersOf(writing, resource, 'hasMember')];
  const shown = partsOf(writing, members);
  const cells = [
    wordsOf(conceptAt(resource, 'code')),
    shown.map((one) => lineOf(resource, one, valueWords(one))).join('\n'),
    shown.flatMap((one) => (rangeWords(one) === '' ? [] : lineOf(resource, one, rangeWords(one)))).join('\n'),
    dayOf(timeOfResult(resource).start),
  ];
  for (const member of members)
    if (!shown.includes(member)) loseOthers(writing, member, [...SHARED, ...HOLDING]);
  if (isReport) loseOthers(writing, resource, REPORT_CARRIED);
  if (isReport) loseCategory(writing, resource, 'LAB');
  if (shown.length === 0) {
    lose(writing, 'unmapped', resource, 'result', 'a report without observations is told by its name alone');
    return { entry: undefined, cells };
  }
  const organizer = element(
    'organizer',
    { classCode: 'BATTERY', moodCode: 'EVN' },
    templateIds(template('4.1', '2015-08-01')),
    isReport || !shown.includes(resource) ? idsOf(writing, resource) : ownId(writing, resource),
    concept(writing, 'code', conceptAt(resource, 'code'), { prefers: LOINC }),
    status(statusOfResult(writing, resource)),
    spanOf(resource),
    authorOfResult(writing, resource),
    shown.map((one) =>
      element(
        'component',
        {},
        observationOf(writing, one, pieces, {
          templates: [template('4.2', '2015-08-01')],
          category: 'laboratory',
        }),
      ),
    ),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, organizer), cells };
};

/** A line for people: which test, what, and that it is not final. */
function lineOf(report: Resource, observation: Resource, words: string): string {
  const name = wordsOf(conceptAt(observation, 'code'));
  const said = stringAt(observation, 'status') ?? '';
  const before = observation === report || name === '' ? '' : `${name}: `;
  return `${before}${words}${/^(?:final|)$/.test(said) ? '' : ` (${said})`}`;
}

const ownId = (writing: Writing, { id = '' }: Resource): Xml =>
  element('id', { root: writing.actId(`organizer ${id}`) });

/** Observations by reference, with those that they hold in turn, each once. */
function membersOf(writing: Writing, resource: Resource, name: 'result' | 'hasMember'): readonly Resource[] {
  const found = new Set<Resource>();
  const walk = (from: Resource, path: string): void => {
    for (const one of listAt<Reference>(from, path)) {
      const member = within(writing, from).lookUp(one);
      if (member?.resourceType !== 'Observation')
        lose(writing, 'unresolved', from, path, 'refers to what is not told');
      else if (member === resource) lose(writing, 'unmapped', from, path, 'refers to itself');
      else if (!found.has(member)) {
        found.add(member);
        walk(member, 'hasMember');
      }
    }
  };
  walk(resource, name);
  return [...found].filter((member) => {
    if (isModified(member))
      lose(
        writing,
        'unmapped',
        member,
        'modifierExtension',
        'what changes its meaning has no place in C-CDA',
      );
    return !isInError(member) && !isModified(member);
  });
}

/** What of an observation that only holds others is told by its report. */
const HOLDING = ['identifier', 'code', 'component', 'hasMember'];

/** What a component has from the observation that it belongs to. */
const SHARED = [
  'contained',
  'status',
  'category',
  'subject',
  'encounter',
  'performer',
  'bodySite',
  'method',
  'effectiveDateTime',
  'effectivePeriod',
  'effectiveInstant',
];

/** Components become observations of their own, under the identity of the one they belong to. */
function partsOf(writing: Writing, observations: readonly Resource[]): readonly Resource[] {
  return observations.flatMap((observation) => {
    const components = listAt<Record<string, unknown>>(observation, 'component');
    // A panel that was read has the identifiers of its parts.
    const identifiers = listAt<Identifier>(observation, 'identifier');
    const parts = components.map((component, index): Resource => ({
      resourceType: observation.resourceType,
      id: `${observation.id ?? ''}.${index + 1}`,
      identifier: [
        identifiers.length === components.length
          ? identifiers[index]
          : {
              system: URI_SYSTEM,
              value: `urn:uuid:${writing.actId(`part ${observation.id ?? ''} ${index}`)}`,
            },
      ],
      ...Object.fromEntries(
        SHARED.filter((name) => name in observation).map((name) => [name, observation[name]]),
      ),
      ...component,
    }));
    const hasOwn = Object.keys(observation).some((name) => /^value[A-Z]/.test(name));
    const holds = components.length > 0 || listAt(observation, 'hasMember').length > 0;
    return hasOwn || !holds ? [observation, ...parts] : parts;
  });
}

const spanOf = (resource: Resource): Xml => {
  const { start, end } = timeOfResult(resource);
  return element(
    'effectiveTime',
    {},
    point('low', start),
    end === undefined ? nothing('high', 'UNK') : point('high', end),
  );
};

export const VITAL_COLUMNS = ['Vital signs', 'Value', 'Date'] as const;

/** Codes of panels, which are no vital sign themselves. */
const PANELS: ReadonlySet<string> = new Set(['85353-1', '85354-9', '8716-3', '55284-4', '34566-0']);

/** A vital sign of C-CDA is a quantity that was measured, with a unit. */
function isMeasured(observation: Resource): boolean {
  const { valueQuantity } = valuesOf(observation);
  return (
    valueQuantity?.value !== undefined &&
    valueQuantity.comparator === undefined &&
    ![undefined, '1'].includes(ucumOf(valueQuantity)) &&
    !/^(?:cancelled|registered)$/.test(stringAt(observation, 'status') ?? '')
  );
}

/** A panel or a single vital sign as a Vital Signs Organizer. */
export const writeVitals: WriteEntry = (writing, resource, pieces): EntryWritten => {
  const members = membersOf(writing, resource, 'hasMember');
  const shown = partsOf(writing, [resource, ...members]).filter((one) => isMeasured(one) || !isPanel(one));
  const told = shown.filter((one) => isMeasured(one) && !isPanel(one));
  for (const one of shown)
    if (!told.includes(one))
      lose(writing, 'unmapped', one, 'value', 'a vital sign of C-CDA is a quantity with a unit of UCUM');
  const cells = [
    wordsOf(conceptAt(resource, 'code')),
    shown.map((one) => lineOf(resource, one, valueWords(one))).join('\n'),
    dayOf(timeOfResult(resource).start),
  ];
  if (told.length === 0) return { entry: undefined, cells };
  if (!told.includes(resource)) loseOthers(writing, resource, OBSERVATION_CARRIED);
  const organizer = element(
    'organizer',
    { classCode: 'CLUSTER', moodCode: 'EVN' },
    templateIds(template('4.26', '2015-08-01')),
    members.length > 0 ? idsOf(writing, resource) : ownId(writing, resource),
    element(
      'code',
      { code: '46680005', codeSystem: OID.snomed, displayName: 'Vital signs' },
      code('translation', '74728-7', OID.loinc, 'Vital signs'),
    ),
    status('completed'),
    spanOf(resource),
    authorOfResult(writing, resource),
    told.map((one) =>
      element(
        'component',
        {},
        observationOf(writing, one, pieces, {
          templates: [template('4.27', '2014-06-09')],
          category: 'vital-signs',
          status: 'completed',
        }),
      ),
    ),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, organizer), cells };
};

const isPanel = (observation: Resource): boolean =>
  PANELS.has(codeOf(conceptAt(observation, 'code'), LOINC) ?? '');
