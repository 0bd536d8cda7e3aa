/** Results: DiagnosticReport and Observation as Result Organizer and Result Observation; vital signs likewise. */
import type {
  CodeableConcept,
  Period,
  Quantity,
  Range,
  Ratio,
  Reference,
  Resource,
} from '../../../fhir/types.ts';
import { authorOf } from '../party.ts';
import { template, templateIds, type Template } from '../templates.ts';
import { bounded, code, concept, idsOf, interval, numberText, point, quantity, tsOf } from '../values.ts';
import { element, nothing, text, texted, type Xml } from '../xml.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import {
  codeOf,
  comments,
  conceptAt,
  dayOf,
  listAt,
  LOINC,
  OID,
  reference,
  SNOMED,
  status,
  stringAt,
  wordsOf,
  type EntryWritten,
  type Pieces,
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'status',
  'category',
  'code',
  'subject',
  'encounter',
  'effectiveDateTime',
  'effectivePeriod',
  'issued',
  'performer',
  'value',
  'dataAbsentReason',
  'interpretation',
  'note',
  'bodySite',
  'referenceRange',
  'hasMember',
  'component',
  'result',
  'presentedForm',
  'conclusion',
  'basedOn',
];

export const RESULT_COLUMNS = ['Test', 'Result', 'Range', 'Date'] as const;

/** A report holds its observations; an observation alone is a report of its own. */
export const writeResult: WriteEntry = (writing, resource, pieces) => {
  const members =
    resource.resourceType === 'DiagnosticReport' ? membersOf(writing, resource, 'result') : [resource];
  const shown = partsOf(members);
  const cells = [
    wordsOf(conceptAt(resource, 'code')),
    shown
      .map(valueWords)
      .filter((words) => words !== '')
      .join('; '),
    shown
      .map(rangeWords)
      .filter((words) => words !== '')
      .join('; '),
    dayOf(timeOf(resource).start),
  ];
  if (stringAt(resource, 'status') === 'entered-in-error') return { entry: undefined, cells };
  loseOthers(writing, resource, CARRIED);
  for (const name of ['presentedForm', 'conclusion'])
    if (resource[name] !== undefined)
      lose(writing, 'unmapped', resource, name, 'has no place in an entry of C-CDA');
  if (shown.length === 0) {
    lose(
      writing,
      'unmapped',
      resource,
      'result',
      'a report without observations is told in the narrative alone',
    );
    return { entry: undefined, cells };
  }
  const organizer = element(
    'organizer',
    { classCode: 'BATTERY', moodCode: 'EVN' },
    templateIds(template('4.1', '2015-08-01')),
    resource.resourceType === 'DiagnosticReport'
      ? idsOf(writing, resource)
      : element('id', { root: writing.actId(`organizer ${resource.id ?? ''}`) }),
    concept(writing, 'code', conceptAt(resource, 'code'), { prefers: LOINC }),
    status(organizerStatus(resource)),
    spanOf(resource),
    authorIn(writing, resource),
    shown.map((observation) =>
      element('component', {}, observationOf(writing, observation, pieces, template('4.2', '2015-08-01'))),
    ),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, organizer), cells };
};

/** Observations by reference, with those that they hold in turn. */
function membersOf(writing: Writing, resource: Resource, name: 'result' | 'hasMember'): readonly Resource[] {
  return listAt<Reference>(resource, name).flatMap((one) => {
    const found = writing.lookUp(one);
    if (found !== undefined) return [found, ...membersOf(writing, found, 'hasMember')];
    lose(writing, 'unresolved', resource, name, 'refers to what is not told');
    return [];
  });
}

/** Components become observations of their own, under the identity of the one they belong to. */
export function partsOf(observations: readonly Resource[]): readonly Resource[] {
  return observations.flatMap((observation) => {
    const components = listAt<Record<string, unknown>>(observation, 'component');
    const parts = components.map((component, index): Resource => ({
      ...observation,
      id: `${observation.id ?? ''}.${index + 1}`,
      identifier: undefined,
      component: undefined,
      referenceRange: undefined,
      interpretation: undefined,
      note: undefined,
      hasMember: undefined,
      ...NO_VALUES,
      ...component,
    }));
    const hasOwn =
      Object.keys(observation).some((name) => name.startsWith('value')) || components.length === 0;
    return hasOwn && listAt(observation, 'hasMember').length === 0 ? [observation, ...parts] : parts;
  });
}

const NO_VALUES = {
  valueQuantity: undefined,
  valueCodeableConcept: undefined,
  valueString: undefined,
  dataAbsentReason: undefined,
};

const STATUSES: Readonly<Record<string, string>> = {
  final: 'completed',
  amended: 'completed',
  corrected: 'completed',
  preliminary: 'active',
  registered: 'active',
  partial: 'active',
  cancelled: 'aborted',
};

const organizerStatus = (resource: Resource): string =>
  STATUSES[stringAt(resource, 'status') ?? ''] ?? 'completed';

function timeOf(resource: Resource): Period {
  const at =
    stringAt(resource, 'effectiveDateTime') ??
    stringAt(resource, 'effectiveInstant') ??
    stringAt(resource, 'issued');
  const period = resource['effectivePeriod'] as Period | undefined;
  return period ?? (at === undefined ? {} : { start: at, end: at });
}

const spanOf = (resource: Resource): Xml => {
  const { start, end } = timeOf(resource);
  return element('effectiveTime', {}, point('low', start), point('high', end));
};

const authorIn = (writing: Writing, resource: Resource): Xml | undefined =>
  listAt<Reference>(resource, 'performer')
    .map((one) => authorOf(writing, one, timeOf(resource).start))
    .find((one) => one !== undefined);

/** One observation under a template. */
export function observationOf(
  writing: Writing,
  observation: Resource,
  { row }: Pieces,
  ...templates: readonly Template[]
): Xml {
  const when = timeOf(observation);
  loseOthers(writing, { ...observation, id: observation.id?.replace(/\.\d+$/, '') ?? '' }, [
    ...CARRIED,
    ...Object.keys(observation).filter((name) => /^value[A-Z]/.test(name)),
  ]);
  return element(
    'observation',
    { classCode: 'OBS', moodCode: 'EVN' },
    templateIds(...templates),
    idsOf(writing, observation),
    concept(writing, 'code', conceptAt(observation, 'code'), { prefers: LOINC }),
    reference(row),
    status(organizerStatus(observation)),
    when.start !== undefined && when.start === when.end
      ? element('effectiveTime', { value: tsOf(when.start) })
      : when.start === undefined
        ? nothing('effectiveTime', 'UNK')
        : interval('effectiveTime', when),
    valueOf(writing, observation),
    listAt<CodeableConcept>(observation, 'interpretation').map((one) =>
      concept(writing, 'interpretationCode', one, {
        prefers: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
      }),
    ),
    observation['bodySite'] === undefined
      ? undefined
      : concept(writing, 'targetSiteCode', conceptAt(observation, 'bodySite'), { prefers: SNOMED }),
    authorIn(writing, observation),
    comments(observation),
    listAt<ReferenceRange>(observation, 'referenceRange').flatMap(
      (range) => rangeOf(writing, observation, range) ?? [],
    ),
  );
}

/** Absent for a reason, as CDA tells it. */
const ABSENT: Readonly<Record<string, string>> = {
  unknown: 'UNK',
  'asked-unknown': 'ASKU',
  'temp-unknown': 'NAV',
  'not-asked': 'NASK',
  masked: 'MSK',
  'not-applicable': 'NA',
};

function valueOf(writing: Writing, observation: Resource): Xml {
  const {
    valueQuantity,
    valueCodeableConcept,
    valueString,
    valueBoolean,
    valueInteger,
    valueRange,
    valueRatio,
    valueDateTime,
  } = observation as unknown as Values;
  if (valueQuantity !== undefined) return bounded('value', valueQuantity);
  if (valueCodeableConcept !== undefined)
    return concept(writing, 'value', valueCodeableConcept, {
      attributes: { 'xsi:type': 'CD' },
      prefers: SNOMED,
    });
  if (valueString !== undefined) return element('value', { 'xsi:type': 'ST' }, text(valueString));
  if (valueBoolean !== undefined) return element('value', { 'xsi:type': 'BL', value: String(valueBoolean) });
  if (valueInteger !== undefined)
    return element('value', { 'xsi:type': 'INT', value: numberText(valueInteger) });
  if (valueRange?.low !== undefined || valueRange?.high !== undefined) return rangeValue(valueRange);
  if (valueRatio?.numerator !== undefined && valueRatio.denominator !== undefined)
    return element(
      'value',
      { 'xsi:type': 'RTO_PQ_PQ' },
      quantity('numerator', valueRatio.numerator),
      quantity('denominator', valueRatio.denominator),
    );
  if (valueDateTime !== undefined) return element('value', { 'xsi:type': 'TS', value: tsOf(valueDateTime) });
  const other = Object.keys(observation).find((name) => name.startsWith('value'));
  if (other !== undefined)
    lose(writing, 'unmapped', observation, other, 'a value of this type has no place in C-CDA');
  const reason = codeOf(conceptAt(observation, 'dataAbsentReason')) ?? 'unknown';
  return nothing('value', ABSENT[reason] ?? 'UNK', { 'xsi:type': 'CD' });
}

interface Values {
  readonly valueQuantity?: Quantity;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly valueString?: string;
  readonly valueBoolean?: boolean;
  readonly valueInteger?: number;
  readonly valueRange?: Range;
  readonly valueRatio?: Ratio;
  readonly valueDateTime?: string;
}

const rangeValue = ({ low, high }: Range, name = 'value'): Xml =>
  element(
    name,
    { 'xsi:type': 'IVL_PQ' },
    low === undefined ? undefined : quantity('low', low),
    high === undefined ? undefined : quantity('high', high),
  );

interface ReferenceRange {
  readonly low?: Quantity;
  readonly high?: Quantity;
  readonly text?: string;
}

function rangeOf(writing: Writing, observation: Resource, range: ReferenceRange): Xml | undefined {
  const { low, high, text: words, ...others } = range;
  for (const name of Object.keys(others))
    if (name !== 'id')
      lose(writing, 'unmapped', observation, `referenceRange.${name}`, 'has no place in an entry of C-CDA');
  if (low === undefined && high === undefined && words === undefined) return undefined;
  const ends =
    low === undefined && high === undefined
      ? undefined
      : rangeValue({ ...(low !== undefined && { low }), ...(high !== undefined && { high }) });
  return element(
    'referenceRange',
    {},
    element(
      'observationRange',
      {},
      texted('text', words),
      ends ?? element('value', { 'xsi:type': 'ST' }, text(words ?? '')),
    ),
  );
}

/** The value of an observation for people. */
export function valueWords(observation: Resource): string {
  const { valueQuantity, valueCodeableConcept, valueString, valueBoolean, valueInteger, valueRange } =
    observation as unknown as Values;
  if (valueQuantity !== undefined)
    return `${valueQuantity.comparator ?? ''}${numberText(valueQuantity.value)} ${valueQuantity.unit ?? valueQuantity.code ?? ''}`.trim();
  if (valueCodeableConcept !== undefined) return wordsOf(valueCodeableConcept);
  if (valueRange !== undefined)
    return `${numberText(valueRange.low?.value ?? '')} - ${numberText(valueRange.high?.value ?? '')} ${valueRange.high?.unit ?? ''}`.trim();
  return (
    valueString ??
    (valueBoolean === undefined
      ? valueInteger === undefined
        ? ''
        : numberText(valueInteger)
      : valueBoolean
        ? 'yes'
        : 'no')
  );
}

function rangeWords(observation: Resource): string {
  const [range] = listAt<ReferenceRange>(observation, 'referenceRange');
  if (range === undefined) return '';
  if (range.text !== undefined) return range.text;
  return [range.low, range.high].map((end) => (end === undefined ? '' : numberText(end.value))).join(' - ');
}

export const VITAL_COLUMNS = ['Vital signs', 'Value', 'Date'] as const;

/** Codes of panels, which are no vital sign themselves. */
const PANELS: ReadonlySet<string> = new Set(['85353-1', '85354-9', '8716-3', '55284-4', '34566-0']);

/** A panel or a single vital sign as a Vital Signs Organizer. */
export const writeVitals: WriteEntry = (writing, resource, pieces): EntryWritten => {
  const members = listAt<Reference>(resource, 'hasMember');
  const all = members.length > 0 ? membersOf(writing, resource, 'hasMember') : [resource];
  const shown = partsOf(all).filter((one) => !PANELS.has(codeOf(conceptAt(one, 'code'), LOINC) ?? ''));
  const told = shown.filter((one) => (one as unknown as Values).valueQuantity !== undefined);
  for (const one of shown.filter((each) => !told.includes(each)))
    lose(writing, 'unmapped', one, 'value', 'a vital sign of C-CDA is a quantity');
  const cells = [
    told.map((one) => wordsOf(conceptAt(one, 'code'))).join('; '),
    told.map(valueWords).join('; '),
    dayOf(timeOf(resource).start),
  ];
  if (told.length === 0 || stringAt(resource, 'status') === 'entered-in-error')
    return { entry: undefined, cells };
  const organizer = element(
    'organizer',
    { classCode: 'CLUSTER', moodCode: 'EVN' },
    templateIds(template('4.26', '2015-08-01')),
    members.length > 0
      ? idsOf(writing, resource)
      : element('id', { root: writing.actId(`organizer ${resource.id ?? ''}`) }),
    element(
      'code',
      { code: '46680005', codeSystem: OID.snomed, displayName: 'Vital signs' },
      code('translation', '74728-7', OID.loinc, 'Vital signs'),
    ),
    status('completed'),
    spanOf(resource),
    authorIn(writing, resource),
    told.map((one) =>
      element('component', {}, observationOf(writing, one, pieces, template('4.27', '2014-06-09'))),
    ),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, organizer), cells };
};
