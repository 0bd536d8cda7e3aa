/** AllergyIntolerance as an Allergy Concern Act with its observation. */
import { table } from '../../table.ts';
import { SNOMED } from '../../systems.ts';
import type { CodeableConcept, Resource } from '../../../fhir/types.ts';
import {
  ALLERGY_CATEGORIES,
  ALLERGY_STATUSES,
  ALLERGY_TYPES,
  ALLERGY_VALUES,
  CRITICALITIES,
  NONE_KNOWN_ALLERGIES,
  SEVERITIES,
} from '../../concepts.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, interval } from '../values.ts';
import { element, nothing, type Xml } from '../../../xml/elements.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import {
  authorship,
  codeOf,
  comments,
  conceptAt,
  listAt,
  OID,
  reference,
  status,
  statusObservation,
  stringAt,
  wordsOf,
  type Pieces,
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'clinicalStatus',
  'verificationStatus',
  'type',
  'category',
  'criticality',
  'code',
  'patient',
  'onsetDateTime',
  'recordedDate',
  'recorder',
  'reaction',
  'note',
  'extension',
];

/** SNOMED CT for the absence of allergies, and the value that is negated for it. */
const NONE_KNOWN: Readonly<Record<string, string>> = table({
  '716186003': '419199007',
  '409137002': '416098002',
  '429625007': '414285001',
});

/** SNOMED CT of all that says that there are none; the kinds of C-CDA know three of them. */
const NONE_CODES: ReadonlySet<string> = new Set(Object.values(NONE_KNOWN_ALLERGIES).map(({ code }) => code));

const ABATEMENT = 'http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement';
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';

export const ALLERGY_COLUMNS = ['Substance', 'Reaction', 'Status'] as const;

export const writeAllergy: WriteEntry = (writing, allergy, pieces) => {
  const verification = codeOf(conceptAt(allergy, 'verificationStatus')) ?? 'confirmed';
  const substance = conceptAt(allergy, 'code');
  const end = endOf(allergy);
  const clinical =
    codeOf(conceptAt(allergy, 'clinicalStatus')) ?? (end === undefined ? 'active' : 'resolved');
  const none = NONE_KNOWN[codeOf(substance, SNOMED) ?? ''];
  const reactions = listAt<Reaction>(allergy, 'reaction');
  const cells = [
    wordsOf(substance),
    reactions.flatMap(({ manifestation = [] }) => manifestation.map(wordsOf)).join(', '),
    verification === 'refuted'
      ? 'Refuted'
      : `${clinical}${verification === 'confirmed' ? '' : ` (${verification})`}`,
  ];
  const left = leftOf(allergy, { verification, clinical, end });
  if (left !== undefined) {
    lose(writing, 'unmapped', allergy, ...left);
    return { entry: undefined, cells };
  }
  loseOthers(writing, allergy, CARRIED);
  loseParts(writing, allergy, { none, negated: none !== undefined || verification === 'refuted' });
  if (verification === 'unconfirmed' || verification === 'presumed')
    lose(writing, 'narrowed', allergy, 'verificationStatus', 'C-CDA has only present and negated');
  const negated = none !== undefined || verification === 'refuted';
  const onset = stringAt(allergy, 'onsetDateTime');
  const observation = element(
    'observation',
    { classCode: 'OBS', moodCode: 'EVN', negationInd: negated ? 'true' : undefined },
    templateIds(template('4.7', '2014-06-09')),
    idsOf(writing, allergy),
    code('code', 'ASSERTION', OID.actCode),
    reference(pieces.row),
    status('completed'),
    interval('effectiveTime', {
      ...(onset !== undefined && { start: onset }),
      ...(end !== undefined && { end }),
    }),
    code('value', none ?? valueOf(allergy), OID.snomed, undefined, { 'xsi:type': 'CD' }),
    authorship(writing, allergy, 'recorder', 'recordedDate'),
    participantOf(writing, none === undefined ? substance : undefined, pieces, none !== undefined),
    negated ? undefined : statusIn(clinical),
    negated ? [] : reactions.flatMap((reaction, index) => reactionOf(writing, allergy, reaction, index)),
    negated ? undefined : criticalityOf(stringAt(allergy, 'criticality')),
    comments(writing, allergy, pieces),
  );
  const isActive = clinical === 'active' || negated;
  const recorded = stringAt(allergy, 'recordedDate') ?? onset;
  const act = element(
    'act',
    { classCode: 'ACT', moodCode: 'EVN' },
    templateIds(template('4.30', '2015-08-01')),
    element('id', { root: writing.actId(`concern ${allergy.id ?? ''}`) }),
    code('code', 'CONC', OID.actClass),
    status(isActive ? 'active' : 'completed'),
    interval(
      'effectiveTime',
      { ...(recorded !== undefined && { start: recorded }), ...(!isActive && end !== undefined && { end }) },
      {
        endedUnknown: !isActive && end === undefined,
      },
    ),
    authorship(writing, allergy, 'recorder', 'recordedDate'),
    element('entryRelationship', { typeCode: 'SUBJ' }, observation),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, act), cells };
};

interface Course {
  readonly verification: string;
  readonly clinical: string;
  readonly end: string | undefined;
}

/** Where an entry would turn its meaning round: the element that does, and why. */
function leftOf(
  allergy: Resource,
  { verification, clinical, end }: Course,
): readonly [path: string, why: string] | undefined {
  const substance = conceptAt(allergy, 'code');
  const saysNone = NONE_CODES.has(codeOf(substance, SNOMED) ?? '');
  // Negated without a substance, it would say that there is no allergy at all.
  if (verification === 'refuted' && (saysNone || substance === undefined))
    return ['verificationStatus', 'what is refuted is no allergy to a substance'];
  return saysNone && (clinical !== 'active' || end !== undefined)
    ? ['clinicalStatus', 'that there were none does not hold any more']
    : undefined;
}

/** When an allergy ended. */
const endOf = (allergy: Resource): string | undefined =>
  listAt<{ url: string; valueDateTime?: string }>(allergy, 'extension').find(({ url }) => url === ABATEMENT)
    ?.valueDateTime;

/** Elements whose values C-CDA has in part. */
function loseParts(
  writing: Writing,
  allergy: Resource,
  { none, negated }: { readonly none: string | undefined; readonly negated: boolean },
): void {
  const value = none ?? valueOf(allergy);
  const [category, ...others] = listAt<string>(allergy, 'category');
  if (
    category !== undefined &&
    (others.length > 0 || none !== undefined || ALLERGY_CATEGORIES[value] !== category)
  )
    lose(writing, 'narrowed', allergy, 'category', 'C-CDA has one category: of food or of medicines');
  const type = stringAt(allergy, 'type');
  if (type !== undefined && (none !== undefined || ALLERGY_TYPES[value] !== type))
    lose(writing, 'narrowed', allergy, 'type', 'the kind of allergy has no code of its own');
  if (listAt<{ url: string }>(allergy, 'extension').some(({ url }) => url !== ABATEMENT))
    lose(writing, 'unmapped', allergy, 'extension', 'has no place in an entry of C-CDA');
  if (negated)
    for (const name of ['reaction', 'criticality'])
      if (allergy[name] !== undefined) lose(writing, 'unmapped', allergy, name, 'what is negated has none');
}

/** The kind of allergy by its category and type. */
function valueOf(allergy: Resource): string {
  const [category = 'none'] = listAt<string>(allergy, 'category');
  const type = stringAt(allergy, 'type');
  const row = ALLERGY_VALUES[category] ?? ALLERGY_VALUES['none'];
  return row?.[type === 'allergy' || type === 'intolerance' ? type : 'none'] ?? '419199007';
}

function participantOf(
  writing: Writing,
  substance: CodeableConcept | undefined,
  { name }: Pieces,
  isNone: boolean,
): Xml {
  const entity = isNone
    ? nothing('code', 'NA')
    : concept(writing, 'code', substance, { prefers: RXNORM, piece: name });
  return element(
    'participant',
    { typeCode: 'CSM' },
    element(
      'participantRole',
      { classCode: 'MANU' },
      element('playingEntity', { classCode: 'MMAT' }, entity),
    ),
  );
}

function statusIn(clinical: string): Xml | undefined {
  const found = Object.entries(ALLERGY_STATUSES).find(([, known]) => known === clinical)?.[0];
  if (found === undefined) return undefined;
  const display = `${clinical.slice(0, 1).toUpperCase()}${clinical.slice(1)}`;
  return element(
    'entryRelationship',
    { typeCode: 'SUBJ', inversionInd: 'true' },
    statusObservation('4.28', '2019-06-20', found, display, 'CE'),
  );
}

interface Reaction {
  readonly manifestation?: readonly CodeableConcept[];
  readonly severity?: string;
  readonly onset?: string;
}

function reactionOf(writing: Writing, allergy: Resource, reaction: Reaction, index: number): readonly Xml[] {
  for (const name of Object.keys(reaction))
    if (!/^(?:id|manifestation|severity|onset)$/.test(name))
      lose(writing, 'unmapped', allergy, `reaction[${index}].${name}`, 'has no place in an entry of C-CDA');
  return (reaction.manifestation ?? []).map((manifestation, at) =>
    element(
      'entryRelationship',
      { typeCode: 'MFST', inversionInd: 'true' },
      element(
        'observation',
        { classCode: 'OBS', moodCode: 'EVN' },
        templateIds(template('4.9', '2014-06-09')),
        element('id', { root: writing.actId(`reaction ${allergy.id ?? ''} ${index}.${at}`) }),
        code('code', 'ASSERTION', OID.actCode),
        status('completed'),
        interval('effectiveTime', reaction.onset === undefined ? {} : { start: reaction.onset }),
        concept(writing, 'value', manifestation, { attributes: { 'xsi:type': 'CD' }, prefers: SNOMED }),
        severityOf(reaction.severity),
      ),
    ),
  );
}

function severityOf(severity: string | undefined): Xml | undefined {
  const found = Object.entries(SEVERITIES).find(([, known]) => known === severity)?.[0];
  if (found === undefined || severity === undefined) return undefined;
  return element(
    'entryRelationship',
    { typeCode: 'SUBJ', inversionInd: 'true' },
    element(
      'observation',
      { classCode: 'OBS', moodCode: 'EVN' },
      templateIds(template('4.8', '2014-06-09')),
      code('code', 'SEV', OID.actCode, 'Severity'),
      status('completed'),
      code('value', found, OID.snomed, severity, { 'xsi:type': 'CD' }),
    ),
  );
}

function criticalityOf(criticality: string | undefined): Xml | undefined {
  const found = Object.entries(CRITICALITIES).find(([, known]) => known === criticality)?.[0];
  if (found === undefined) return undefined;
  return element(
    'entryRelationship',
    { typeCode: 'SUBJ', inversionInd: 'true' },
    element(
      'observation',
      { classCode: 'OBS', moodCode: 'EVN' },
      templateIds(template('4.145')),
      code('code', '82606-5', OID.loinc, 'Allergy or intolerance criticality'),
      status('completed'),
      code('value', found, '2.16.840.1.113883.5.1063', criticality, { 'xsi:type': 'CD' }),
    ),
  );
}
