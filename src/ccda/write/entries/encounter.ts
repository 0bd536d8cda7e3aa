/** Encounter as an Encounter Activity. */
import type { CodeableConcept, Period, Reference, Resource } from '../../../fhir/types.ts';
import { assigned, partyOf } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { concept, idsOf, interval } from '../values.ts';
import { element, nothing, type Xml } from '../xml.ts';
import { loseOthers, type Writing } from '../writing.ts';
import {
  dayOf,
  indication,
  listAt,
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
  if (/^(?:entered-in-error|cancelled|planned)$/.test(said)) return { entry: undefined, cells };
  loseOthers(writing, encounter, CARRIED);
  const activity = element(
    'encounter',
    { classCode: 'ENC', moodCode: 'EVN' },
    templateIds(template('4.49', '2015-08-01')),
    idsOf(writing, encounter),
    concept(writing, 'code', typeWithClass(encounter, type), { piece: pieces.name }),
    reference(pieces.row),
    element('statusCode', { code: said === 'finished' ? 'completed' : 'active' }),
    period === undefined ? nothing('effectiveTime', 'UNK') : interval('effectiveTime', period),
    performersOf(writing, encounter),
    reasonsOf(writing, encounter).map((reason) => indication(writing, reason, encounter.id ?? '')),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, activity), cells };
};

/** The class of the encounter stands among the translations of its type. */
function typeWithClass(encounter: Resource, type: CodeableConcept | undefined): CodeableConcept {
  const classCoding = encounter['class'] as { system?: string; code?: string } | undefined;
  const coding = [
    ...(type?.coding ?? []),
    ...(classCoding?.system?.endsWith('v3-ActCode') === true ? [classCoding] : []),
  ];
  return { ...type, ...(coding.length > 0 && { coding }) };
}

function performersOf(writing: Writing, encounter: Resource): readonly Xml[] {
  return listAt<{ individual?: Reference }>(encounter, 'participant').flatMap(({ individual }) => {
    const party = partyOf(writing, individual);
    return party.person === undefined
      ? []
      : [element('performer', {}, assigned(writing, 'assignedEntity', party))];
  });
}
