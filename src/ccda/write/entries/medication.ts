/** MedicationRequest as a Medication Activity, or as a Planned Medication Activity in the plan. */
import { table } from '../../table.ts';
import { SNOMED } from '../../systems.ts';
import type { CodeableConcept, Dosage, Quantity, Resource } from '../../../fhir/types.ts';
import { MEDICATION_STATUSES } from '../../concepts.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, interval, quantity } from '../values.ts';
import { plainNumberOf } from '../../number.ts';
import { element, joinXml, nothing, type Xml } from '../../../xml/elements.ts';
import { lose, loseMembers, loseOthers, type Writing } from '../writing.ts';
import { dosageParts, followOneAnother, neededOf, sigOf } from './dosage.ts';
import {
  authorship,
  codeOf,
  comments,
  conceptAt,
  dayOf,
  indication,
  instruction,
  listAt,
  OID,
  orderWords,
  reasonsOf,
  reference,
  referenceAt,
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
  'doNotPerform',
  'subject',
  'encounter',
  'medicationCodeableConcept',
  'medicationReference',
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

/** SNOMED CT: the patient takes no medicines. */
export const NO_MEDICINES = '787481004';

/** That no medicines are taken: the activity is negated, and of no medicine. */
function noMedicines(writing: Writing, request: Resource, { row }: Pieces): Xml {
  const product = element(
    'manufacturedProduct',
    { classCode: 'MANU' },
    templateIds(template('4.23', '2014-06-09')),
    element('manufacturedMaterial', {}, nothing('code', 'OTH')),
  );
  const activity = element(
    'substanceAdministration',
    { classCode: 'SBADM', moodCode: 'EVN', negationInd: 'true' },
    templateIds(template('4.16', '2014-06-09')),
    element('id', { root: writing.actId(`none ${request.id ?? ''}`) }),
    reference(row),
    status('active'),
    interval('effectiveTime', {}, { attributes: { 'xsi:type': 'IVL_TS' } }),
    nothing('doseQuantity', 'NA'),
    element('consumable', {}, product),
  );
  return element('entry', { typeCode: 'DRIV' }, activity);
}

/** Intents that are an order, to whichever degree it is worked out. */
const ORDERS = /^(?:order|original-order|reflex-order|filler-order|instance-order)$/;

/** A medicine that a patient takes or is to take. What is not to be taken is never an entry. */
export const writeMedication: WriteEntry = (writing, request, pieces) => {
  if (isNothing(request))
    return holds(request)
      ? {
          entry: noMedicines(writing, request, pieces),
          cells: [wordsOf(conceptAt(request, 'medicationCodeableConcept'))],
        }
      : narrativeAlone(writing, request);
  const intent = stringAt(request, 'intent') ?? '';
  const isReport = intent === 'plan' && request['reportedBoolean'] === true;
  const said = stringAt(request, 'status') ?? 'unknown';
  const known = Object.entries(MEDICATION_STATUSES).find(([, one]) => one === said)?.[0];
  const isTold = known !== undefined && (intent === 'plan' || ORDERS.test(intent)) && !isForbidden(request);
  if (!isTold) return narrativeAlone(writing, request);
  if (request['reportedBoolean'] === true && !isReport)
    lose(writing, 'narrowed', request, 'reportedBoolean', 'what is ordered is no report');
  if (!isReport && intent !== 'order')
    lose(writing, 'narrowed', request, 'intent', 'C-CDA has what is taken, and what is ordered');
  const written = writeActivities(writing, request, pieces, {
    moodCode: isReport ? 'EVN' : 'INT',
    arc: '4.16',
    status: known,
  });
  return { entry: written, cells: cellsOf(writing, request) };
};

const isNothing = (request: Resource): boolean =>
  codeOf(conceptAt(request, 'medicationCodeableConcept'), SNOMED) === NO_MEDICINES;

/** Whether it is said of now that nothing is taken: not that it was so, or that it shall not be so. */
const holds = (request: Resource): boolean =>
  /^(?:active|undefined)$/.test(String(request['status'])) &&
  /^(?:plan|order|undefined)$/.test(String(request['intent'])) &&
  !isForbidden(request);

const MOODS: Readonly<Record<string, string>> = table({ plan: 'INT', proposal: 'PRP' });

/** A medicine of the plan. */
export const writePlannedMedication: WriteEntry = (writing, request, pieces) => {
  const intent = stringAt(request, 'intent') ?? '';
  const mood = ORDERS.test(intent) ? 'RQO' : MOODS[intent];
  const isTold = mood !== undefined && stringAt(request, 'status') === 'active';
  if (!isTold || isForbidden(request) || isNothing(request)) return notPlanned(writing, request);
  if (request['reportedBoolean'] === true)
    lose(writing, 'narrowed', request, 'reportedBoolean', 'what is planned is no report');
  const entry = writeActivities(writing, request, pieces, { moodCode: mood, arc: '4.42', status: 'active' });
  const [medicine = '', sig = '', since = ''] = cellsOf(writing, request);
  const reasons = reasonsOf(writing, request).map(wordsOf).join('; ');
  pieces.tell(sig);
  return { entry, cells: [medicine, reasons, since] };
};

/** A row of the plan has no column for the status: the words of the medicine say it. */
function notPlanned(writing: Writing, request: Resource): ReturnType<WriteEntry> {
  const { entry, cells } = narrativeAlone(writing, request);
  const [medicine = '', sig = '', since = '', said = ''] = cells;
  return { entry, cells: [[medicine, sig, said].filter((one) => one !== '').join('\n'), '', since] };
}

const isForbidden = (request: Resource): boolean => request['doNotPerform'] === true;

function narrativeAlone(writing: Writing, request: Resource): ReturnType<WriteEntry> {
  lose(writing, 'unmapped', request, 'status', 'the request is no entry of C-CDA: it is told in words alone');
  return { entry: undefined, cells: cellsOf(writing, request) };
}

function cellsOf(writing: Writing, request: Resource): readonly string[] {
  const dosages = listAt<Dosage>(request, 'dosageInstruction');
  const intent = stringAt(request, 'intent') ?? '';
  const said = stringAt(request, 'status') ?? 'unknown';
  return [
    orderWords(request, wordsOf(medicineOf(writing, request))),
    dosages.map(sigOf).join(followOneAnother(dosages) ? '\nthen ' : '\nand '),
    dayOf(dosages[0]?.timing?.repeat?.boundsPeriod?.start ?? stringAt(request, 'authoredOn')),
    isForbidden(request) ? `Not to be taken (${said})` : intent === 'proposal' ? `Proposed (${said})` : said,
  ];
}

interface Activity {
  readonly moodCode: string;
  /** The arc of the template. */
  readonly arc: string;
  readonly status: string;
}

/** One activity; dosages that hold at the same time are an activity each. */
function writeActivities(writing: Writing, request: Resource, pieces: Pieces, activity: Activity): Xml {
  loseOthers(writing, request, CARRIED);
  const dosages = listAt<Dosage>(request, 'dosageInstruction');
  const [first, ...more] = followOneAnother(dosages) ? [] : dosages;
  if (followOneAnother(dosages))
    lose(
      writing,
      'narrowed',
      request,
      'dosageInstruction',
      'dosages that follow one another are words alone',
    );
  else if (more.length > 0)
    lose(writing, 'narrowed', request, 'dosageInstruction', 'each dosage is an entry of its own');
  const sig = followOneAnother(dosages) ? dosages.map(sigOf).join('\nthen ') : first?.text;
  return joinXml([
    activityOf(writing, request, pieces, { ...activity, dosage: first, sig, ids: idsOf(writing, request) }),
    ...more.map((dosage, index) =>
      activityOf(writing, request, pieces, {
        ...activity,
        dosage,
        sig: dosage.text,
        ids: [element('id', { root: writing.actId(`dosage ${request.id ?? ''} ${index + 2}`) })],
      }),
    ),
  ]);
}

interface ActivityOfDosage extends Activity {
  readonly dosage: Dosage | undefined;
  readonly sig: string | undefined;
  readonly ids: readonly Xml[];
}

function activityOf(
  writing: Writing,
  request: Resource,
  pieces: Pieces,
  { moodCode, arc, status: said, dosage, sig, ids }: ActivityOfDosage,
): Xml {
  const activity = element(
    'substanceAdministration',
    { classCode: 'SBADM', moodCode },
    templateIds(template(arc, '2014-06-09')),
    ids,
    reference(pieces.row),
    status(said),
    dosageParts(writing, request, dosage),
    productOf(writing, request, pieces),
    authorship(writing, request, 'requester', 'authoredOn'),
    reasonsOf(writing, request).map((reason) => indication(writing, reason, request.id ?? '')),
    sig === undefined || sig.trim() === '' ? undefined : sigRelation(pieces.tell(sig)),
    dosage?.patientInstruction === undefined
      ? undefined
      : instruction(writing, pieces.tell(dosage.patientInstruction), `${request.id ?? ''} ${sig ?? ''}`),
    supplyOf(writing, request),
    comments(writing, request, pieces),
    dosage === undefined ? undefined : neededOf(writing, dosage),
  );
  return element('entry', { typeCode: 'DRIV' }, activity);
}

function medicineOf(writing: Writing, request: Resource): CodeableConcept | undefined {
  const told = conceptAt(request, 'medicationCodeableConcept');
  if (told !== undefined) return told;
  const medication = writing.lookUp(referenceAt(request, 'medicationReference'));
  if (medication === undefined) {
    lose(writing, 'unresolved', request, 'medicationReference', 'refers to what is not told');
    return undefined;
  }
  loseOthers(writing, medication, ['code', 'status']);
  return conceptAt(medication, 'code');
}

const productOf = (writing: Writing, request: Resource, { name }: Pieces): Xml =>
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
        concept(writing, 'code', medicineOf(writing, request), { prefers: RXNORM, piece: name }),
      ),
    ),
  );

/** The words of the dosage, as the narrative has them (Medication Free Text Sig). */
const sigRelation = (piece: string): Xml =>
  element(
    'entryRelationship',
    { typeCode: 'COMP' },
    element(
      'substanceAdministration',
      { classCode: 'SBADM', moodCode: 'EVN' },
      templateIds(template('4.147')),
      code('code', '76662-6', OID.loinc, 'Instructions Medication'),
      reference(piece),
      element('consumable', {}, element('manufacturedProduct', {}, nothing('manufacturedLabeledDrug', 'NA'))),
    ),
  );

interface Dispense {
  readonly numberOfRepeatsAllowed?: number;
  readonly quantity?: Quantity;
  readonly validityPeriod?: { readonly start?: string; readonly end?: string };
}

/** How much is dispensed, and how often again (Medication Supply Order). CDA counts the first dispense, too. */
function supplyOf(writing: Writing, request: Resource): Xml | undefined {
  const dispense = request['dispenseRequest'] as Dispense | undefined;
  if (dispense === undefined) return undefined;
  const { numberOfRepeatsAllowed: repeats, quantity: amount, validityPeriod: valid } = dispense;
  loseMembers(writing, request, 'dispenseRequest', dispense, [
    'numberOfRepeatsAllowed',
    'quantity',
    'validityPeriod',
  ]);
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
      repeats === undefined ? undefined : element('repeatNumber', { value: plainNumberOf(repeats) + 1 }),
      amount === undefined ? undefined : quantity('quantity', amount),
    ),
  );
}
