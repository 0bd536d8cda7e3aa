/** Immunization as an Immunization Activity; one not done is negated, with its reason. */
import { SNOMED } from '../../systems.ts';
import type { CodeableConcept, Quantity, Reference, Resource } from '../../../fhir/types.ts';
import { template, templateIds } from '../templates.ts';
import { concept, idsOf, point, quantity } from '../values.ts';
import { numberText } from '../../number.ts';
import { element, texted, type Xml } from '../../../xml/elements.ts';
import { lose, loseMembers, loseOthers, type Writing } from '../writing.ts';
import {
  codeOf,
  comments,
  conceptAt,
  dayOf,
  indication,
  listAt,
  performers,
  reasonsOf,
  reference,
  referenceAt,
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
    when === undefined ? (stringAt(immunization, 'occurrenceString') ?? '') : dayOf(when),
    said === 'not-done' ? `Not done. ${wordsOf(conceptAt(immunization, 'statusReason'))}`.trim() : said,
  ];
  loseOthers(writing, immunization, CARRIED);
  const notDone = said === 'not-done';
  const dose = immunization['doseQuantity'] as Quantity | undefined;
  const [protocol, ...others] = listAt<{ doseNumberPositiveInt?: number }>(immunization, 'protocolApplied');
  if (others.length > 0) lose(writing, 'unmapped', immunization, 'protocolApplied', 'only the first is told');
  if (protocol !== undefined)
    loseMembers(writing, immunization, 'protocolApplied', protocol, ['doseNumberPositiveInt']);
  loseNotDone(writing, immunization, notDone);
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
      : element('repeatNumber', { value: numberText(protocol.doseNumberPositiveInt) }),
    conceptIf(writing, 'routeCode', conceptAt(immunization, 'route')),
    conceptIf(writing, 'approachSiteCode', conceptAt(immunization, 'site')),
    dose === undefined || notDone ? undefined : quantity('doseQuantity', dose),
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
    performers(writing, immunization, actorsOf(immunization)),
    notDone
      ? refusal(writing, immunization)
      : reasonsOf(writing, immunization).map((reason) => indication(writing, reason, immunization.id ?? '')),
    comments(writing, immunization, pieces),
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

const actorsOf = (immunization: Resource): readonly (Reference | undefined)[] =>
  listAt<{ actor?: Reference }>(immunization, 'performer').map(({ actor }) => actor);

/** What was given has no reason for not giving it, and the other way round. */
function loseNotDone(writing: Writing, immunization: Resource, notDone: boolean): void {
  const names = notDone ? ['reasonCode', 'reasonReference', 'doseQuantity'] : ['statusReason'];
  for (const name of names)
    if (immunization[name] !== undefined)
      lose(writing, 'unmapped', immunization, name, 'has no place beside this status');
  if (
    referenceAt(immunization, 'manufacturer') !== undefined &&
    manufacturerOf(writing, immunization) === undefined
  )
    lose(writing, 'unresolved', immunization, 'manufacturer', 'refers to what is not told');
}

/** Codes of ActReason that say why a vaccine was not given. */
const REFUSALS: ReadonlySet<string> = new Set(
  'IMMUNE MEDPREC OSTOCK PATOBJ PHILISOP RELIG VACEFF VACSAF'.split(' '),
);

/** Why it was not done (Immunization Refusal Reason): a code of ActReason, else the words of the reason. */
function refusal(writing: Writing, immunization: Resource): Xml {
  const reason = conceptAt(immunization, 'statusReason');
  const known = codeOf(reason, ACT_REASON) ?? '';
  return element(
    'entryRelationship',
    { typeCode: 'RSON' },
    element(
      'observation',
      { classCode: 'OBS', moodCode: 'EVN' },
      templateIds(template('4.53')),
      element('id', { root: writing.actId(`refusal ${immunization.id ?? ''}`) }),
      REFUSALS.has(known)
        ? concept(writing, 'code', reason, { prefers: ACT_REASON })
        : otherReason(writing, reason),
      status('completed'),
    ),
  );
}

/** A reason outside of the value set stands among the translations. */
function otherReason(writing: Writing, reason: CodeableConcept | undefined): Xml {
  if (reason?.coding === undefined) return concept(writing, 'code', reason);
  return element(
    'code',
    { nullFlavor: 'OTH' },
    texted('originalText', wordsOf(reason)),
    reason.coding.map((one) => concept(writing, 'translation', { coding: [one] })),
  );
}
