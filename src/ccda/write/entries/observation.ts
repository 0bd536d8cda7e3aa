/** Observation as an observation of CDA: its value, whichever type it has, and the range it is judged by. */
import { table } from '../../table.ts';
import { LOINC, SNOMED } from '../../systems.ts';
import type {
  CodeableConcept,
  Period,
  Quantity,
  Range,
  Ratio,
  Reference,
  Resource,
} from '../../../fhir/types.ts';
import { ABSENT_REASONS, NULL_FLAVORS } from '../../concepts.ts';
import { authorOf } from '../party.ts';
import { templateIds, type Template } from '../templates.ts';
import { bounded, concept, hasCode, idsOf, interval, quantity, quantityWords, tsOf } from '../values.ts';
import { numberText } from '../../number.ts';
import { element, nothing, text, texted, type Xml } from '../../../xml/elements.ts';
import { lose, loseMembers, loseOthers, within, type Writing } from '../writing.ts';
import {
  codeOf,
  comments,
  conceptAt,
  listAt,
  reference,
  status,
  stringAt,
  wordsOf,
  type Pieces,
} from './entry.ts';

/** What an observation carries over. A report carries what stands in the first line, and its results. */
export const OBSERVATION_CARRIED = [
  'identifier',
  'status',
  'category',
  'code',
  'subject',
  'encounter',
  'performer',
  'issued',
  'effectiveDateTime',
  'effectivePeriod',
  'effectiveInstant',
  'dataAbsentReason',
  'interpretation',
  'note',
  'bodySite',
  'method',
  'referenceRange',
  'hasMember',
  'component',
];

/** The status of an act, by the status of an observation or a report. */
const STATUSES: Readonly<Record<string, string>> = table({
  final: 'completed',
  amended: 'completed',
  corrected: 'completed',
  preliminary: 'active',
  registered: 'active',
  partial: 'active',
  cancelled: 'aborted',
});

/** Statuses that the way back gives again. */
const EXACT: ReadonlySet<string> = new Set(['final', 'registered', 'cancelled']);

/** Whether a result is there at all: one of unknown status may be none. */
export const statusOfResult = (writing: Writing, resource: Resource): string => {
  const said = stringAt(resource, 'status') ?? 'unknown';
  if (!EXACT.has(said)) lose(writing, 'narrowed', resource, 'status', `C-CDA has no status for ${said}`);
  return STATUSES[said] ?? 'active';
};

/** When an observation was made, or over which time. */
export function timeOfResult(resource: Resource): Period {
  const at = stringAt(resource, 'effectiveDateTime') ?? stringAt(resource, 'effectiveInstant');
  return (
    (resource['effectivePeriod'] as Period | undefined) ?? (at === undefined ? {} : { start: at, end: at })
  );
}

/** The first performer that is known, as the author. */
export function authorOfResult(writing: Writing, resource: Resource): Xml | undefined {
  const performers = listAt<Reference>(resource, 'performer');
  const issued = stringAt(resource, 'issued');
  const time = issued ?? timeOfResult(resource).start;
  const authors = performers.flatMap((one) => authorOf(writing, one, time) ?? []);
  if (issued !== undefined && (authors.length === 0 || resource.resourceType === 'Observation'))
    lose(writing, 'narrowed', resource, 'issued', 'it is the time of the author alone');
  if (performers.length > Math.min(authors.length, 1))
    lose(writing, 'unmapped', resource, 'performer', 'only the first performer that is known is told');
  return authors[0];
}

/** The category is that of the section. */
export function loseCategory(writing: Writing, resource: Resource, usual: string): void {
  const others = listAt<CodeableConcept>(resource, 'category').filter((one) => codeOf(one) !== usual);
  if (others.length > 0)
    lose(writing, 'unmapped', resource, 'category', 'a category other than that of the section');
}

interface ObservationOptions {
  readonly templates: readonly Template[];
  /** The category that the section gives. */
  readonly category: string;
  /** The status that the template fixes. */
  readonly status?: string;
  /** The template asks for a translation to LOINC of every other code. */
  readonly translated?: boolean;
}

/** One observation under its templates. */
export function observationOf(
  around: Writing,
  observation: Resource,
  pieces: Pieces,
  { templates, category, status: fixed, translated = false }: ObservationOptions,
): Xml {
  const writing = within(around, observation);
  const { start, end } = timeOfResult(observation);
  loseOthers(writing, { ...observation, id: observation.id?.replace(/\.\d+$/, '') ?? '' }, [
    ...OBSERVATION_CARRIED,
    ...Object.keys(observation).filter((name) => /^value[A-Z]/.test(name)),
  ]);
  loseCategory(writing, observation, category);
  const said = statusOfResult(writing, observation);
  if (fixed !== undefined && said !== fixed)
    lose(writing, 'narrowed', observation, 'status', `an observation of this template is ${fixed}`);
  return element(
    'observation',
    { classCode: 'OBS', moodCode: 'EVN' },
    templateIds(...templates),
    idsOf(writing, observation),
    concept(writing, 'code', conceptAt(observation, 'code'), {
      prefers: LOINC,
      also: translated && !isLoinc(observation) ? [nothing('translation', 'UNK')] : [],
    }),
    reference(pieces.row),
    status(fixed ?? said),
    start === undefined && end === undefined
      ? nothing('effectiveTime', 'UNK')
      : start === end
        ? element('effectiveTime', { value: tsOf(start ?? '') })
        : interval('effectiveTime', timeOfResult(observation)),
    valueOf(writing, observation),
    interpretationsOf(writing, observation),
    conceptIf(writing, 'methodCode', observation),
    conceptIf(writing, 'targetSiteCode', observation),
    authorOfResult(writing, observation),
    comments(writing, observation, pieces),
    listAt<ReferenceRange>(observation, 'referenceRange').flatMap(
      (range) => rangeOf(writing, observation, range) ?? [],
    ),
  );
}

/** An interpretation of C-CDA has a code. */
const interpretationsOf = (writing: Writing, observation: Resource): readonly Xml[] =>
  listAt<CodeableConcept>(observation, 'interpretation').flatMap((one) => {
    if (hasCode(one)) return [concept(writing, 'interpretationCode', one, { prefers: INTERPRETATION })];
    lose(writing, 'unmapped', observation, 'interpretation', 'an interpretation without a code of a system');
    return [];
  });

const isLoinc = (observation: Resource): boolean =>
  codeOf(conceptAt(observation, 'code'), LOINC) !== undefined;

const INTERPRETATION = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation';

function conceptIf(
  writing: Writing,
  name: 'methodCode' | 'targetSiteCode',
  observation: Resource,
): Xml | undefined {
  const value = conceptAt(observation, name === 'methodCode' ? 'method' : 'bodySite');
  return value === undefined ? undefined : concept(writing, name, value, { prefers: SNOMED });
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
  readonly valuePeriod?: Period;
  readonly valueTime?: string;
}

export const valuesOf = (observation: Resource): Values => observation as unknown as Values; // validated structure

const typed = (type: string, value: string): Xml => element('value', { 'xsi:type': type, value });
const words = (value: string): Xml => element('value', { 'xsi:type': 'ST' }, text(value));

function valueOf(writing: Writing, observation: Resource): Xml {
  const values = valuesOf(observation);
  if (values.valueQuantity !== undefined) return bounded('value', values.valueQuantity);
  if (values.valueCodeableConcept !== undefined)
    return concept(writing, 'value', values.valueCodeableConcept, {
      attributes: { 'xsi:type': 'CD' },
      prefers: SNOMED,
    });
  if (values.valueString !== undefined) return words(values.valueString);
  if (values.valueBoolean !== undefined) return typed('BL', String(values.valueBoolean));
  if (values.valueInteger !== undefined) return typed('INT', numberText(values.valueInteger));
  if (values.valueRange !== undefined) return rangeValue(values.valueRange);
  if (values.valueRatio !== undefined) return ratioValue(writing, observation, values.valueRatio);
  if (values.valueDateTime !== undefined) return typed('TS', tsOf(values.valueDateTime));
  if (values.valuePeriod !== undefined)
    return interval('value', values.valuePeriod, { attributes: { 'xsi:type': 'IVL_TS' } });
  if (values.valueTime !== undefined) {
    lose(writing, 'narrowed', observation, 'valueTime', 'a time of day is told as words');
    return words(values.valueTime);
  }
  return absentValue(writing, observation);
}

/** Why there is no value, as a null flavor. */
function absentValue(writing: Writing, observation: Resource): Xml {
  const other = Object.keys(observation).find((name) => /^value[A-Z]/.test(name));
  if (other !== undefined) {
    lose(writing, 'unmapped', observation, other, 'a value of this type has no place in C-CDA');
    return nothing('value', 'OTH', { 'xsi:type': 'CD' });
  }
  const reason = codeOf(conceptAt(observation, 'dataAbsentReason'));
  const nullFlavor = reason === undefined ? 'NI' : (NULL_FLAVORS[reason] ?? 'NI');
  if (ABSENT_REASONS[nullFlavor] !== reason)
    lose(writing, 'narrowed', observation, 'dataAbsentReason', 'C-CDA has no null flavor for the reason');
  return nothing('value', nullFlavor, { 'xsi:type': 'CD' });
}

/** A ratio. A comparator has no place in one: then it is words, never a number that says something else. */
function ratioValue(writing: Writing, observation: Resource, { numerator, denominator }: Ratio): Xml {
  const parts = [numerator ?? {}, denominator ?? {}] as const;
  if (parts.every(({ value, comparator }) => value !== undefined && comparator === undefined))
    return element(
      'value',
      { 'xsi:type': 'RTO_PQ_PQ' },
      quantity('numerator', parts[0]),
      quantity('denominator', parts[1]),
    );
  lose(writing, 'narrowed', observation, 'valueRatio', 'a ratio with a comparator is told as words');
  return words(parts.map(quantityWords).join(' : '));
}

const rangeValue = ({ low, high }: Range): Xml =>
  element(
    'value',
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
  const { low, high, text: said } = range;
  loseMembers(writing, observation, 'referenceRange', range, ['low', 'high', 'text']);
  const hasEnd = low !== undefined || high !== undefined;
  if (!hasEnd && said === undefined) return undefined;
  return element(
    'referenceRange',
    {},
    element('observationRange', {}, texted('text', said), hasEnd ? rangeValue(range) : words(said ?? '')),
  );
}

/** The value of an observation for people. */
export function valueWords(observation: Resource): string {
  const values = valuesOf(observation);
  if (values.valueQuantity !== undefined) return quantityWords(values.valueQuantity);
  if (values.valueCodeableConcept !== undefined) return wordsOf(values.valueCodeableConcept);
  if (values.valueRange !== undefined) return endsOf(values.valueRange);
  if (values.valueRatio !== undefined)
    return [values.valueRatio.numerator ?? {}, values.valueRatio.denominator ?? {}]
      .map(quantityWords)
      .join(' : ');
  if (values.valuePeriod !== undefined)
    return `${values.valuePeriod.start ?? ''} - ${values.valuePeriod.end ?? ''}`;
  if (values.valueBoolean !== undefined) return values.valueBoolean ? 'yes' : 'no';
  if (values.valueInteger !== undefined) return numberText(values.valueInteger);
  return values.valueString ?? values.valueDateTime ?? values.valueTime ?? '';
}

const endsOf = ({ low = {}, high = {} }: Range): string => `${quantityWords(low)} - ${quantityWords(high)}`;

/** What is usual, for people. */
export function rangeWords(observation: Resource): string {
  return listAt<ReferenceRange>(observation, 'referenceRange')
    .map((range) => range.text ?? endsOf(range))
    .join(', ');
}
