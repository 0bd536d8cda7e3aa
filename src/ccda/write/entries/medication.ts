/** MedicationRequest as a Medication Activity, or as a Planned Medication Activity in the plan. */
import type {
  CodeableConcept,
  Dosage,
  Quantity,
  Range,
  Ratio,
  Resource,
  Timing,
} from '../../../fhir/types.ts';
import { MEDICATION_STATUSES } from '../../concepts.ts';
import { authorOf } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { bounded, code, concept, idsOf, interval, numberText, point, quantity } from '../values.ts';
import { element, nothing, text, type Xml } from '../xml.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import {
  comments,
  conceptAt,
  dayOf,
  indication,
  listAt,
  OID,
  reasonsOf,
  reference,
  referenceAt,
  SNOMED,
  status,
  stringAt,
  wordsOf,
  type Pieces,
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'status',
  'intent',
  'reportedBoolean',
  'medicationCodeableConcept',
  'medicationReference',
  'subject',
  'encounter',
  'authoredOn',
  'requester',
  'reasonCode',
  'reasonReference',
  'dosageInstruction',
  'dispenseRequest',
  'note',
];

const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';

export const MEDICATION_COLUMNS = ['Medicine', 'How to take it', 'Since', 'Status'] as const;

export const writeMedication: WriteEntry = (writing, request, pieces) => {
  const said = stringAt(request, 'status') ?? 'unknown';
  const intent = stringAt(request, 'intent');
  const [dosage, ...more] = listAt<Dosage>(request, 'dosageInstruction');
  const medicine = medicineOf(writing, request);
  const bounds = dosage?.timing?.repeat?.boundsPeriod;
  const cells = [
    wordsOf(medicine),
    sigOf(dosage),
    dayOf(bounds?.start ?? stringAt(request, 'authoredOn')),
    said,
  ];
  const known = Object.entries(MEDICATION_STATUSES).find(([, one]) => one === said)?.[0];
  if (known === undefined || said === 'entered-in-error' || intent === 'proposal') {
    lose(
      writing,
      'unmapped',
      request,
      'status',
      `a request that is ${intent ?? ''} and ${said} is no entry of C-CDA`,
    );
    return { entry: undefined, cells };
  }
  loseOthers(writing, request, CARRIED);
  if (more.length > 0)
    lose(writing, 'unmapped', request, 'dosageInstruction', 'only the first dosage is written');
  const activity = element(
    'substanceAdministration',
    { classCode: 'SBADM', moodCode: intent === 'plan' ? 'EVN' : 'INT' },
    templateIds(template('4.16', '2014-06-09')),
    idsOf(writing, request),
    reference(pieces.row),
    status(known),
    boundsOf(request, dosage),
    scheduleOf(writing, request, dosage?.timing),
    dosage?.route === undefined ? undefined : concept(writing, 'routeCode', dosage.route, { prefers: NCI }),
    dosage?.site === undefined
      ? undefined
      : concept(writing, 'approachSiteCode', dosage.site, { prefers: SNOMED }),
    doseOf(dosage),
    maxDoseOf(dosage?.maxDosePerPeriod),
    productOf(writing, request, medicine, pieces),
    authorOf(writing, referenceAt(request, 'requester'), stringAt(request, 'authoredOn')),
    reasonsOf(writing, request).map((reason) => indication(writing, reason, request.id ?? '')),
    sigRelation(dosage, pieces),
    supplyOf(writing, request),
    comments(request),
    neededOf(writing, dosage),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, activity), cells };
};

const NCI = 'http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl';

function medicineOf(writing: Writing, request: Resource): CodeableConcept | undefined {
  const told = conceptAt(request, 'medicationCodeableConcept');
  if (told !== undefined) return told;
  const medication = writing.lookUp(referenceAt(request, 'medicationReference'));
  if (medication === undefined)
    lose(writing, 'unresolved', request, 'medicationReference', 'refers to what is not told');
  return medication === undefined ? undefined : conceptAt(medication, 'code');
}

/** The words of a dosage: its own, else put together. */
function sigOf(dosage: Dosage | undefined): string {
  if (dosage === undefined) return '';
  if (dosage.text !== undefined) return dosage.text;
  const [rate] = dosage.doseAndRate ?? [];
  const dose = rate?.doseQuantity;
  const amount = dose === undefined ? '' : `${numberText(dose.value)} ${dose.unit ?? ''}`.trim();
  const needed =
    dosage.asNeededBoolean === true || dosage.asNeededCodeableConcept !== undefined ? 'as needed' : '';
  return [amount, wordsOf(dosage.route), dosage.timing?.code?.text ?? '', needed]
    .filter((part) => part !== '')
    .join(', ');
}

/** The first effective time: from when to when, or the one moment. */
function boundsOf(request: Resource, dosage: Dosage | undefined): Xml {
  const [event] = dosage?.timing?.event ?? [];
  if (event !== undefined) return point('effectiveTime', event);
  const bounds = dosage?.timing?.repeat?.boundsPeriod;
  const start = bounds?.start ?? stringAt(request, 'authoredOn');
  return interval(
    'effectiveTime',
    { ...(start !== undefined && { start }), ...(bounds?.end !== undefined && { end: bounds.end }) },
    { attributes: { 'xsi:type': 'IVL_TS' } },
  );
}

const UNITS: ReadonlySet<string> = new Set(['s', 'min', 'h', 'd', 'wk', 'mo', 'a']);
/** Hours of the units that a day is divided into. */
const HOURS: Readonly<Record<string, number>> = { d: 24, wk: 168 };

function scheduleOf(writing: Writing, request: Resource, timing: Timing | undefined): Xml | undefined {
  const repeat = timing?.repeat;
  if (repeat === undefined) return undefined;
  const [event] = repeat.when ?? [];
  if (event !== undefined) {
    const offset = repeat.offset;
    return element(
      'effectiveTime',
      { 'xsi:type': 'EIVL_TS', operator: 'A' },
      element('event', { code: event }),
      offset === undefined
        ? undefined
        : element('offset', {}, element('low', { value: offset, unit: 'min' })),
    );
  }
  const { frequency = 1, period, periodMax, periodUnit } = repeat;
  if (period === undefined || periodUnit === undefined || !UNITS.has(periodUnit)) return undefined;
  const hours = HOURS[periodUnit];
  const value = Number(period);
  if (frequency > 1 && hours === undefined) {
    lose(writing, 'unmapped', request, 'dosageInstruction.timing', 'more than once in a period of this unit');
    return undefined;
  }
  if (periodMax !== undefined) {
    return element(
      'effectiveTime',
      { 'xsi:type': 'PIVL_TS', operator: 'A' },
      element(
        'period',
        { 'xsi:type': 'IVL_PQ' },
        element('low', { value: numberText(period), unit: periodUnit }),
        element('high', { value: numberText(periodMax), unit: periodUnit }),
      ),
    );
  }
  const every =
    frequency > 1
      ? { value: ((hours ?? 0) * value) / frequency, unit: 'h' }
      : { value: numberText(period), unit: periodUnit };
  return element(
    'effectiveTime',
    { 'xsi:type': 'PIVL_TS', ...(frequency > 1 && { institutionSpecified: 'true' }), operator: 'A' },
    element('period', every),
  );
}

function doseOf(dosage: Dosage | undefined): readonly Xml[] {
  const [rate] = dosage?.doseAndRate ?? [];
  const range = (name: string, value: Range): Xml =>
    element(
      name,
      {},
      value.low === undefined ? undefined : quantity('low', value.low),
      value.high === undefined ? undefined : quantity('high', value.high),
    );
  const dose =
    rate?.doseQuantity === undefined
      ? rate?.doseRange === undefined
        ? nothing('doseQuantity', 'UNK')
        : range('doseQuantity', rate.doseRange)
      : quantity('doseQuantity', rate.doseQuantity);
  const flow =
    rate?.rateQuantity === undefined
      ? rate?.rateRange === undefined
        ? undefined
        : range('rateQuantity', rate.rateRange)
      : quantity('rateQuantity', rate.rateQuantity);
  return flow === undefined ? [dose] : [dose, flow];
}

function maxDoseOf(ratio: Ratio | undefined): Xml | undefined {
  if (ratio?.numerator === undefined || ratio.denominator === undefined) return undefined;
  return element(
    'maxDoseQuantity',
    {},
    bounded('numerator', ratio.numerator),
    bounded('denominator', ratio.denominator),
  );
}

const productOf = (
  writing: Writing,
  request: Resource,
  medicine: CodeableConcept | undefined,
  { name }: Pieces,
): Xml =>
  element(
    'consumable',
    {},
    element(
      'manufacturedProduct',
      { classCode: 'MANU' },
      templateIds(template('4.23', '2014-06-09')),
      element('id', { root: writing.actId(`product ${request.id ?? ''}`) }),
      element(
        'manufacturedMaterial',
        {},
        concept(writing, 'code', medicine, { prefers: RXNORM, piece: name }),
      ),
    ),
  );

/** The words of the dosage, as the text that the narrative shows (Medication Free Text Sig). */
function sigRelation(dosage: Dosage | undefined, { row }: Pieces): Xml | undefined {
  if (dosage?.text === undefined) return undefined;
  return element(
    'entryRelationship',
    { typeCode: 'COMP' },
    element(
      'substanceAdministration',
      { classCode: 'SBADM', moodCode: 'EVN' },
      templateIds(template('4.147')),
      code('code', '76662-6', OID.loinc, 'Instructions Medication'),
      element('text', {}, element('reference', { value: `#${row}c2` })),
      element('consumable', {}, element('manufacturedProduct', {}, nothing('manufacturedLabeledDrug', 'NA'))),
    ),
  );
}

interface Dispense {
  readonly numberOfRepeatsAllowed?: number;
  readonly quantity?: Quantity;
  readonly validityPeriod?: { readonly start?: string; readonly end?: string };
}

/** How much is dispensed, and how often again (Medication Supply Order). */
function supplyOf(writing: Writing, request: Resource): Xml | undefined {
  const dispense = request['dispenseRequest'] as Dispense | undefined;
  if (dispense === undefined) return undefined;
  const { numberOfRepeatsAllowed: repeats, quantity: amount, validityPeriod: valid } = dispense;
  for (const name of Object.keys(dispense))
    if (!/^(?:numberOfRepeatsAllowed|quantity|validityPeriod)$/.test(name))
      lose(writing, 'unmapped', request, `dispenseRequest.${name}`, 'has no place in an entry of C-CDA');
  return element(
    'entryRelationship',
    { typeCode: 'REFR' },
    element(
      'supply',
      { classCode: 'SPLY', moodCode: 'INT' },
      templateIds(template('4.17', '2014-06-09')),
      element('id', { root: writing.actId(`supply ${request.id ?? ''}`) }),
      status('completed'),
      interval(
        'effectiveTime',
        { ...valid },
        { attributes: { 'xsi:type': 'IVL_TS' }, endedUnknown: valid?.end === undefined },
      ),
      repeats === undefined ? undefined : element('repeatNumber', { value: repeats + 1 }),
      amount === undefined ? undefined : quantity('quantity', amount),
    ),
  );
}

function neededOf(writing: Writing, dosage: Dosage | undefined): Xml | undefined {
  const reason = dosage?.asNeededCodeableConcept;
  if (reason === undefined && dosage?.asNeededBoolean !== true) return undefined;
  return element(
    'precondition',
    { typeCode: 'PRCN' },
    element(
      'criterion',
      {},
      templateIds(template('4.25', '2014-06-09')),
      code('code', 'ASSERTION', OID.actCode),
      reason === undefined
        ? element(
            'value',
            { 'xsi:type': 'CD', nullFlavor: 'UNK' },
            element('originalText', {}, text('as needed')),
          )
        : concept(writing, 'value', reason, { attributes: { 'xsi:type': 'CD' }, prefers: SNOMED }),
    ),
  );
}
