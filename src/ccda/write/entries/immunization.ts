/** Immunization as an Immunization Activity; one not done is negated, with its reason. */
import type { CodeableConcept, Quantity, Reference, Resource } from '../../../fhir/types.ts';
import { assigned, partyOf } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, point, quantity } from '../values.ts';
import { element, texted, type Xml } from '../xml.ts';
import { loseOthers, type Writing } from '../writing.ts';
import {
  codeOf,
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
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'status',
  'statusReason',
  'vaccineCode',
  'patient',
  'encounter',
  'occurrenceDateTime',
  'occurrenceString',
  'primarySource',
  'manufacturer',
  'lotNumber',
  'site',
  'route',
  'doseQuantity',
  'performer',
  'reasonCode',
  'reasonReference',
  'protocolApplied',
  'note',
];

const CVX = 'http://hl7.org/fhir/sid/cvx';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

export const IMMUNIZATION_COLUMNS = ['Vaccine', 'Date', 'Status'] as const;

export const writeImmunization: WriteEntry = (writing, immunization, pieces) => {
  const said = stringAt(immunization, 'status') ?? 'completed';
  const when = stringAt(immunization, 'occurrenceDateTime');
  const vaccine = conceptAt(immunization, 'vaccineCode');
  const cells = [
    wordsOf(vaccine),
    dayOf(when),
    said === 'not-done' ? `Not done. ${wordsOf(conceptAt(immunization, 'statusReason'))}`.trim() : said,
  ];
  if (said === 'entered-in-error') return { entry: undefined, cells };
  loseOthers(writing, immunization, CARRIED);
  const notDone = said === 'not-done';
  const dose = immunization['doseQuantity'] as Quantity | undefined;
  const [protocol] = listAt<{ doseNumberPositiveInt?: number }>(immunization, 'protocolApplied');
  const activity = element(
    'substanceAdministration',
    { classCode: 'SBADM', moodCode: 'EVN', negationInd: notDone ? 'true' : 'false' },
    templateIds(template('4.52', '2015-08-01')),
    idsOf(writing, immunization),
    reference(pieces.row),
    status('completed'),
    point('effectiveTime', when),
    protocol?.doseNumberPositiveInt === undefined
      ? undefined
      : element('repeatNumber', { value: protocol.doseNumberPositiveInt }),
    conceptIf(writing, 'routeCode', conceptAt(immunization, 'route')),
    conceptIf(writing, 'approachSiteCode', conceptAt(immunization, 'site')),
    dose === undefined ? undefined : quantity('doseQuantity', dose),
    element(
      'consumable',
      {},
      element(
        'manufacturedProduct',
        { classCode: 'MANU' },
        templateIds(template('4.54', '2014-06-09')),
        element(
          'manufacturedMaterial',
          {},
          concept(writing, 'code', vaccine, { prefers: CVX, piece: pieces.name }),
          texted('lotNumberText', stringAt(immunization, 'lotNumber')),
        ),
        manufacturerOf(writing, immunization),
      ),
    ),
    performersOf(writing, immunization),
    notDone
      ? refusal(writing, immunization)
      : reasonsOf(writing, immunization).map((reason) => indication(writing, reason, immunization.id ?? '')),
    comments(immunization),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, activity), cells };
};

const conceptIf = (writing: Writing, name: string, value: CodeableConcept | undefined): Xml | undefined =>
  value === undefined ? undefined : concept(writing, name, value, { prefers: SNOMED });

function manufacturerOf(writing: Writing, immunization: Resource): Xml | undefined {
  const organization = writing.lookUp(referenceAt(immunization, 'manufacturer'));
  const name = texted('name', organization?.['name'] as string | undefined);
  return name === undefined ? undefined : element('manufacturerOrganization', {}, name);
}

function performersOf(writing: Writing, immunization: Resource): readonly Xml[] {
  return listAt<{ actor?: Reference }>(immunization, 'performer').flatMap(({ actor }) => {
    const party = partyOf(writing, actor);
    return party.person === undefined && party.organization === undefined
      ? []
      : [element('performer', {}, assigned(writing, 'assignedEntity', party))];
  });
}

/** Why it was not done (Immunization Refusal Reason): a code of ActReason, else that the patient objects. */
function refusal(writing: Writing, immunization: Resource): Xml {
  const reason = conceptAt(immunization, 'statusReason');
  const known = codeOf(reason, ACT_REASON);
  return element(
    'entryRelationship',
    { typeCode: 'RSON' },
    element(
      'observation',
      { classCode: 'OBS', moodCode: 'EVN' },
      templateIds(template('4.53', undefined)),
      element('id', { root: writing.actId(`refusal ${immunization.id ?? ''}`) }),
      known === undefined
        ? element('code', { nullFlavor: 'UNK' }, texted('originalText', wordsOf(reason)))
        : code('code', known, OID.actReason),
      status('completed'),
    ),
  );
}
