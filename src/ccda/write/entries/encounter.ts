/** Encounter as an Encounter Activity. */
import type { CodeableConcept, Period, Reference, Resource } from '../../../fhir/types.ts';
import { template, templateIds } from '../templates.ts';
import { concept, idsOf, interval } from '../values.ts';
import { element, nothing } from '../../../xml/elements.ts';
import { lose, loseOthers } from '../writing.ts';
import {
  dayOf,
  indication,
  listAt,
  performers,
  reasonsOf,
  reference,
  stringAt,
  wordsOf,
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'status',
  'class',
  'type',
  'subject',
  'participant',
  'period',
  'reasonCode',
  'reasonReference',
];

export const ENCOUNTER_COLUMNS = ['Encounter', 'Date', 'Status'] as const;

export const writeEncounter: WriteEntry = (writing, encounter, pieces) => {
  const period = encounter['period'] as Period | undefined;
  const [type] = listAt<CodeableConcept>(encounter, 'type');
  const said = stringAt(encounter, 'status') ?? 'unknown';
  const cells = [wordsOf(type), dayOf(period?.start), said];
  if (!/^(?:arrived|triaged|in-progress|onleave|finished)$/.test(said)) {
    lose(writing, 'unmapped', encounter, 'status', 'a visit that may not have been is told in words alone');
    return { entry: undefined, cells };
  }
  loseOthers(writing, encounter, CARRIED);
  if (said !== 'finished' && said !== 'in-progress')
    lose(writing, 'narrowed', encounter, 'status', `C-CDA has no status for ${said}`);
  if (!isActCode(encounter)) lose(writing, 'unmapped', encounter, 'class', 'a class of no ActCode');
  if (listAt(encounter, 'type').length > 1)
    lose(writing, 'unmapped', encounter, 'type', 'only the first type is told');
  const activity = element(
    'encounter',
    { classCode: 'ENC', moodCode: 'EVN' },
    templateIds(template('4.49', '2015-08-01')),
    idsOf(writing, encounter),
    concept(writing, 'code', typeWithClass(encounter, type), { piece: pieces.name }),
    reference(pieces.row),
    element('statusCode', { code: said === 'finished' ? 'completed' : 'active' }),
    period === undefined ? nothing('effectiveTime', 'UNK') : interval('effectiveTime', period),
    performers(writing, encounter, actorsOf(encounter), 'participant'),
    reasonsOf(writing, encounter).map((reason) => indication(writing, reason, encounter.id ?? '')),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, activity), cells };
};

const isActCode = (encounter: Resource): boolean =>
  (encounter['class'] as { system?: string } | undefined)?.system?.endsWith('v3-ActCode') === true;

/** The class of the encounter stands among the translations of its type. */
function typeWithClass(encounter: Resource, type: CodeableConcept | undefined): CodeableConcept {
  const classCoding = encounter['class'] as { system?: string; code?: string } | undefined;
  const coding = [
    ...(type?.coding ?? []),
    ...(classCoding !== undefined && isActCode(encounter) ? [classCoding] : []),
  ];
  return { ...type, ...(coding.length > 0 && { coding }) };
}

const actorsOf = (encounter: Resource): readonly (Reference | undefined)[] =>
  listAt<{ individual?: Reference }>(encounter, 'participant').map(({ individual }) => individual);
