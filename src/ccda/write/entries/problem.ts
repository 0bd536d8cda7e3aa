/** Condition as a Problem Concern Act with its Problem Observation. */
import { table } from '../../table.ts';
import { SNOMED } from '../../systems.ts';
import { PROBLEM_STATUSES } from '../../concepts.ts';
import { isLaterTime } from '../../time.ts';
import { template, templateIds } from '../templates.ts';
import { concept, idsOf, interval, nullFlavorOf } from '../values.ts';
import { element, type Xml } from '../../../xml/elements.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import {
  authorship,
  codeOf,
  comments,
  conceptAt,
  dayOf,
  listAt,
  OID,
  reference,
  status,
  statusObservation,
  stringAt,
  wordsOf,
  type WriteEntry,
} from './entry.ts';
import { code } from '../values.ts';
import type { CodeableConcept, Resource } from '../../../fhir/types.ts';

const CARRIED = [
  'identifier',
  'clinicalStatus',
  'verificationStatus',
  'category',
  'code',
  'subject',
  'encounter',
  'onsetDateTime',
  'onsetPeriod',
  'abatementDateTime',
  'recordedDate',
  'recorder',
  'bodySite',
  'note',
];

/** SNOMED CT that says there is no problem at all. */
const NO_PROBLEMS: ReadonlySet<string> = new Set(['160245001', '160243008']);
const ANY_PROBLEM: CodeableConcept = { coding: [{ system: SNOMED, code: '55607006', display: 'Problem' }] };

export const PROBLEM_COLUMNS = ['Problem', 'Since', 'Status'] as const;

export const writeProblem: WriteEntry = (writing, condition, pieces) => {
  const verification = codeOf(conceptAt(condition, 'verificationStatus')) ?? 'confirmed';
  const value = conceptAt(condition, 'code');
  const clinical = clinicalOf(condition);
  const isNone = NO_PROBLEMS.has(codeOf(value, SNOMED) ?? '');
  const cells = [
    wordsOf(value),
    dayOf(onsetOf(condition)),
    verification === 'refuted' ? 'Refuted' : statusWords(clinical, verification),
  ];
  if (isNone && verification === 'refuted') {
    lose(writing, 'unmapped', condition, 'verificationStatus', 'that there is no problem is denied');
    return { entry: undefined, cells };
  }
  if (isNone && isOver(clinical)) {
    lose(writing, 'unmapped', condition, 'clinicalStatus', 'that there were none does not hold any more');
    return { entry: undefined, cells };
  }
  if (verification !== 'confirmed' && verification !== 'refuted')
    lose(writing, 'narrowed', condition, 'verificationStatus', 'C-CDA has only present and negated');
  const negated = isNone || verification === 'refuted';
  loseOthers(writing, condition, CARRIED);
  loseCourse(writing, condition, clinical, negated);
  const isActive = !isOver(clinical);
  const observation = element(
    'observation',
    { classCode: 'OBS', moodCode: 'EVN', negationInd: negated ? 'true' : undefined },
    templateIds(template('4.4', '2015-08-01')),
    idsOf(writing, condition),
    element(
      'code',
      { code: '64572001', codeSystem: OID.snomed, displayName: 'Condition' },
      code('translation', '75323-6', OID.loinc, 'Condition'),
    ),
    reference(pieces.row),
    status('completed'),
    timeOf(writing, condition, clinical),
    concept(writing, 'value', isNone ? ANY_PROBLEM : value, {
      attributes: { 'xsi:type': 'CD' },
      prefers: SNOMED,
      piece: pieces.name,
    }),
    sitesOf(writing, condition),
    authorship(writing, condition, 'recorder', 'recordedDate'),
    negated ? undefined : statusIn(clinical),
    comments(writing, condition, pieces),
  );
  const act = element(
    'act',
    { classCode: 'ACT', moodCode: 'EVN' },
    templateIds(template('4.3', '2015-08-01')),
    element('id', { root: writing.actId(`concern ${condition.id ?? ''}`) }),
    code('code', 'CONC', OID.actClass),
    status(isActive || negated ? 'active' : 'completed'),
    concernTime(condition, isActive || negated),
    authorship(writing, condition, 'recorder', 'recordedDate'),
    element('entryRelationship', { typeCode: 'SUBJ' }, observation),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, act), cells };
};

/** An end, however it is told: as a time, an age, a range, or words. */
const hasAbated = (condition: Resource): boolean =>
  Object.keys(condition).some((name) => /^_?abatement[A-Z]/.test(name));

/** The clinical status. A problem that has ended is not active, even where its status is missing or says active. */
function clinicalOf(condition: Resource): string | undefined {
  const said = codeOf(conceptAt(condition, 'clinicalStatus'));
  return hasAbated(condition) && !isOver(said) ? 'resolved' : said;
}

const isOver = (clinical: string | undefined): boolean =>
  /^(?:inactive|remission|resolved)$/.test(clinical ?? 'active');

/** The status for people: what is only suspected says so. */
const statusWords = (clinical = '', verification: string): string =>
  verification === 'confirmed' ? clinical : `${clinical} (${verification})`.trim();

/** Elements whose values C-CDA has in part. */
function loseCourse(
  writing: Writing,
  condition: Resource,
  clinical: string | undefined,
  negated: boolean,
): void {
  if (negated && condition['abatementDateTime'] !== undefined)
    lose(writing, 'unmapped', condition, 'abatementDateTime', 'what is negated has no end');
  if (codeOf(conceptAt(condition, 'clinicalStatus')) !== clinical)
    lose(writing, 'narrowed', condition, 'clinicalStatus', 'what has ended is told as resolved');
  if (clinical === undefined)
    lose(writing, 'defaulted', condition, 'clinicalStatus', 'a problem of no status is watched as active');
  const categories = listAt<CodeableConcept>(condition, 'category').map((one) => codeOf(one));
  if (categories.some((one) => one !== 'problem-list-item'))
    lose(writing, 'unmapped', condition, 'category', 'a category other than that of the section');
  const period = condition['onsetPeriod'] as { end?: string } | undefined;
  if (period !== undefined) lose(writing, 'narrowed', condition, 'onsetPeriod', 'C-CDA has when it began');
}

const onsetOf = (condition: Resource): string | undefined =>
  stringAt(condition, 'onsetDateTime') ?? (condition['onsetPeriod'] as { start?: string } | undefined)?.start;

/** From the onset to the abatement. What is over since nobody knows when has an end of unknown time. */
function timeOf(writing: Writing, condition: Resource, clinical: string | undefined): Xml {
  const begins = onsetOf(condition);
  const end = stringAt(condition, 'abatementDateTime');
  const isInverted = begins !== undefined && end !== undefined && isLaterTime(begins, end);
  if (isInverted) lose(writing, 'unmapped', condition, 'onsetDateTime', 'it begins after it has ended');
  const start = isInverted ? undefined : begins;
  const endedUnknown =
    end === undefined &&
    (clinical === 'resolved' || nullFlavorOf(condition['_abatementDateTime']) !== undefined);
  return interval(
    'effectiveTime',
    { ...(start !== undefined && { start }), ...(end !== undefined && { end }) },
    { endedUnknown },
  );
}

/** Since when the concern is watched: since it was recorded, else since it began. */
function concernTime(condition: Resource, isActive: boolean): Xml {
  const start = stringAt(condition, 'recordedDate') ?? onsetOf(condition);
  const end = stringAt(condition, 'abatementDateTime');
  return interval(
    'effectiveTime',
    { ...(start !== undefined && { start }), ...(!isActive && end !== undefined && { end }) },
    { endedUnknown: !isActive && end === undefined },
  );
}

function sitesOf(writing: Writing, condition: Resource): readonly Xml[] {
  const sites = (condition['bodySite'] ?? []) as readonly CodeableConcept[];
  return sites.map((site) => concept(writing, 'targetSiteCode', site, { prefers: SNOMED }));
}

const WORDS: Readonly<Record<string, string>> = table({
  active: 'Active',
  inactive: 'Inactive',
  resolved: 'Resolved',
  recurrence: 'Recurrence',
  relapse: 'Relapse',
  remission: 'In remission',
});

function statusIn(clinical: string | undefined): Xml | undefined {
  const found = Object.entries(PROBLEM_STATUSES).find(([, known]) => known === clinical)?.[0];
  if (found === undefined || clinical === undefined) return undefined;
  return element(
    'entryRelationship',
    { typeCode: 'REFR' },
    statusObservation('4.6', '2019-06-20', found, WORDS[clinical] ?? clinical),
  );
}
