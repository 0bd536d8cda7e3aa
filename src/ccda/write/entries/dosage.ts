/** How a medicine is to be taken: times, doses, and the words for both. */
import { table } from '../../table.ts';
import { SNOMED } from '../../systems.ts';
import type { Dosage, Quantity, Range, Ratio, Resource, TimingRepeat } from '../../../fhir/types.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, interval, point, quantity, quantityWords, ucumOf } from '../values.ts';
import { plainNumberOf, numberText } from '../../number.ts';
import { element, nothing, type Attributes, type Xml } from '../../../xml/elements.ts';
import { lose, loseMembers, type Writing } from '../writing.ts';
import { OID, wordsOf } from './entry.ts';

const PATH = 'dosageInstruction';

/** What of a dosage is carried over. */
const CARRIED = [
  'text',
  'patientInstruction',
  'timing',
  'route',
  'site',
  'doseAndRate',
  'maxDosePerPeriod',
  'asNeededBoolean',
  'asNeededCodeableConcept',
  'sequence',
];

/** Whether dosages follow one another, so that none of them alone says how the medicine is taken. */
export const followOneAnother = (dosages: readonly Dosage[]): boolean =>
  new Set(dosages.map(({ sequence }) => sequence)).size > 1;

/** The words of a dosage: its own, else put together from its parts. */
export function sigOf({ text, timing, route, site, doseAndRate, ...dosage }: Dosage): string {
  if (text !== undefined) return text;
  const [rate] = doseAndRate ?? [];
  const needed = dosage.asNeededCodeableConcept;
  return [
    rate?.doseQuantity === undefined ? rangeWords(rate?.doseRange) : quantityWords(rate.doseQuantity),
    wordsOf(route),
    wordsOf(site),
    wordsOf(timing?.code),
    timing?.repeat === undefined ? '' : repeatWords(timing.repeat),
    timing?.event?.join(', ') ?? '',
    needed === undefined
      ? dosage.asNeededBoolean === true
        ? 'as needed'
        : ''
      : `as needed for ${wordsOf(needed)}`,
  ]
    .filter((part) => part.trim() !== '')
    .join(', ');
}

const rangeWords = (range: Range | undefined): string =>
  range === undefined ? '' : [range.low ?? {}, range.high ?? {}].map(quantityWords).join(' - ');

/** A schedule in words: `2 times per 1 d`. */
function repeatWords({ frequency = 1, period, periodMax, periodUnit, ...repeat }: TimingRepeat): string {
  const until = periodMax === undefined ? '' : `-${numberText(periodMax)}`;
  return [
    period === undefined
      ? ''
      : `${numberText(frequency)} times per ${numberText(period)}${until} ${periodUnit ?? ''}`,
    repeat.when?.join(' and ') ?? '',
    repeat.dayOfWeek === undefined ? '' : `on ${repeat.dayOfWeek.join(', ')}`,
    repeat.timeOfDay === undefined ? '' : `at ${repeat.timeOfDay.join(', ')}`,
    repeat.count === undefined ? '' : `${numberText(repeat.count)} times`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

const NCI = 'http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl';

/** Times, way, place and amount, in the order of the schema. Without a dosage they are unknown. */
export function dosageParts(writing: Writing, request: Resource, dosage: Dosage = {}): readonly Xml[] {
  loseMembers(writing, request, PATH, dosage, CARRIED);
  return [
    boundsOf(writing, request, dosage),
    scheduleOf(writing, request, dosage),
    dosage.route === undefined ? undefined : concept(writing, 'routeCode', dosage.route, { prefers: NCI }),
    dosage.site === undefined
      ? undefined
      : concept(writing, 'approachSiteCode', dosage.site, { prefers: SNOMED }),
    ...doseOf(writing, request, dosage),
    maxDoseOf(writing, request, dosage.maxDosePerPeriod),
  ].filter((part) => part !== undefined);
}

/** The first effective time: from when to when, or the one moment. */
function boundsOf(writing: Writing, request: Resource, { timing }: Dosage): Xml {
  const [event, ...others] = timing?.event ?? [];
  const repeat = timing?.repeat;
  if (timing !== undefined) loseMembers(writing, request, `${PATH}.timing`, timing, ['event', 'repeat']);
  if (others.length > 0)
    lose(writing, 'unmapped', request, `${PATH}.timing.event`, 'only one moment is told');
  if (event !== undefined && repeat?.boundsPeriod === undefined) return point('effectiveTime', event);
  if (event !== undefined)
    lose(writing, 'unmapped', request, `${PATH}.timing.event`, 'a moment beside a time from when to when');
  return interval('effectiveTime', repeat?.boundsPeriod ?? {}, { attributes: { 'xsi:type': 'IVL_TS' } });
}

/** Events of the day that CDA has, by those of FHIR. */
const EVENTS: ReadonlySet<string> = new Set('HS AC ACM ACD ACV PC PCM PCD PCV'.split(' '));
const UNITS: ReadonlySet<string> = new Set(['s', 'min', 'h', 'd', 'wk', 'mo', 'a']);
/** Hours of the units whose parts are told in hours. */
const HOURS: Readonly<Record<string, number>> = table({ h: 1, d: 24, wk: 168 });

const PERIODIC = ['boundsPeriod', 'frequency', 'period', 'periodMax', 'periodUnit'];
const EVENTFUL = ['boundsPeriod', 'when', 'offset'];

/** How often. What cannot be told whole is told in words alone, never by half. */
function scheduleOf(writing: Writing, request: Resource, { timing }: Dosage): Xml | undefined {
  const repeat = timing?.repeat;
  if (repeat === undefined || Object.keys(repeat).every((name) => name === 'boundsPeriod')) return undefined;
  const members = Object.keys(repeat).filter((name) => name !== 'id');
  const schedule = members.every((name) => PERIODIC.includes(name))
    ? periodic(repeat)
    : members.every((name) => EVENTFUL.includes(name) || isDaily(repeat, name))
      ? eventful(repeat)
      : undefined;
  if (schedule === undefined)
    lose(writing, 'unmapped', request, `${PATH}.timing.repeat`, 'the schedule is told in words alone');
  return schedule;
}

/** Once a day says no more than the event of the day. */
const isDaily = ({ frequency = 1, period, periodUnit, periodMax }: TimingRepeat, name: string): boolean =>
  PERIODIC.includes(name) &&
  plainNumberOf(frequency) === 1 &&
  plainNumberOf(period) === 1 &&
  periodUnit === 'd' &&
  periodMax === undefined;

function periodic({ frequency = 1, period, periodMax, periodUnit }: TimingRepeat): Xml | undefined {
  if (period === undefined || periodUnit === undefined || !UNITS.has(periodUnit)) return undefined;
  const times = plainNumberOf(frequency);
  const schedule = (attributes: Attributes, child: Xml): Xml =>
    element('effectiveTime', { 'xsi:type': 'PIVL_TS', ...attributes, operator: 'A' }, child);
  if (periodMax !== undefined) {
    if (times !== 1) return undefined;
    return schedule(
      {},
      element(
        'period',
        { 'xsi:type': 'IVL_PQ' },
        element('low', { value: numberText(period), unit: periodUnit }),
        element('high', { value: numberText(periodMax), unit: periodUnit }),
      ),
    );
  }
  if (times === 1) return schedule({}, element('period', { value: numberText(period), unit: periodUnit }));
  const hours = HOURS[periodUnit];
  if (hours === undefined) return undefined;
  const value = (hours * plainNumberOf(period)) / times;
  // Thirds of an hour and the like are no decimal.
  if (!Number.isInteger(value * 1000)) return undefined;
  return schedule({ institutionSpecified: 'true' }, element('period', { value, unit: 'h' }));
}

function eventful({ when = [], offset }: TimingRepeat): Xml | undefined {
  const [event] = when;
  if (event === undefined || when.length > 1 || !EVENTS.has(event)) return undefined;
  return element(
    'effectiveTime',
    { 'xsi:type': 'EIVL_TS', operator: 'A' },
    element('event', { code: event }),
    offset === undefined || plainNumberOf(offset) === 0
      ? undefined
      : element('offset', {}, element('low', { value: numberText(offset), unit: 'min' })),
  );
}

/** The dose, which a Medication Activity always has, and the rate, which has a unit of UCUM. */
function doseOf(writing: Writing, request: Resource, { doseAndRate = [] }: Dosage): readonly Xml[] {
  const [rate = {}, ...others] = doseAndRate;
  const told = ['doseQuantity', 'doseRange', 'rateQuantity'];
  loseMembers(writing, request, `${PATH}.doseAndRate`, rate, told);
  if (others.length > 0)
    lose(writing, 'unmapped', request, `${PATH}.doseAndRate`, 'a second dose beside the first');
  const flow = rate.rateQuantity;
  const isFlow = flow?.value !== undefined && ucumOf(flow) !== undefined && ucumOf(flow) !== '1';
  if (flow !== undefined && !isFlow)
    lose(writing, 'unmapped', request, `${PATH}.doseAndRate.rateQuantity`, 'a rate without a unit of UCUM');
  const dose =
    rate.doseQuantity !== undefined
      ? quantity('doseQuantity', rate.doseQuantity)
      : rate.doseRange !== undefined
        ? ends('doseQuantity', rate.doseRange)
        : nothing('doseQuantity', 'UNK');
  return isFlow ? [dose, quantity('rateQuantity', flow)] : [dose];
}

const ends = (name: string, { low, high }: Range): Xml =>
  element(
    name,
    {},
    low === undefined ? undefined : quantity('low', low),
    high === undefined ? undefined : quantity('high', high),
  );

/** The most within a time. A comparator would say something else without its sign. */
function maxDoseOf(writing: Writing, request: Resource, ratio: Ratio | undefined): Xml | undefined {
  if (ratio === undefined) return undefined;
  const { numerator, denominator } = ratio;
  if (isPlain(numerator) && isPlain(denominator))
    return element(
      'maxDoseQuantity',
      {},
      quantity('numerator', numerator),
      quantity('denominator', denominator),
    );
  lose(writing, 'unmapped', request, `${PATH}.maxDosePerPeriod`, 'a ratio of what is no plain quantity');
  return undefined;
}

const isPlain = (one: Quantity | undefined): one is Quantity =>
  one?.value !== undefined && one.comparator === undefined;

/** Taken as needed (Precondition for Substance Administration), for a reason where there is one. */
export function neededOf(
  writing: Writing,
  { asNeededBoolean, asNeededCodeableConcept }: Dosage,
): Xml | undefined {
  if (asNeededCodeableConcept === undefined && asNeededBoolean !== true) return undefined;
  const typed = { 'xsi:type': 'CD' };
  return element(
    'precondition',
    { typeCode: 'PRCN' },
    element(
      'criterion',
      {},
      templateIds(template('4.25', '2014-06-09')),
      code('code', 'ASSERTION', OID.actCode),
      asNeededCodeableConcept === undefined
        ? nothing('value', 'UNK', typed)
        : concept(writing, 'value', asNeededCodeableConcept, { attributes: typed, prefers: SNOMED }),
    ),
  );
}
