/** Social history: smoking status and other observations. */
import { LOINC, SNOMED } from '../../systems.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, tsOf } from '../values.ts';
import { element, nothing } from '../../../xml/elements.ts';
import { lose, loseOthers } from '../writing.ts';
import {
  codeOf,
  conceptAt,
  dayOf,
  OID,
  reference,
  status,
  stringAt,
  wordsOf,
  type WriteEntry,
} from './entry.ts';
import { authorOfResult, loseCategory, observationOf, valueWords } from './observation.ts';
import type { Resource } from '../../../fhir/types.ts';

export const SOCIAL_COLUMNS = ['Observation', 'Value', 'Date'] as const;

/** LOINC of the smoking status, and the eight values of its value set. */
const SMOKING = '72166-2';
const SMOKING_VALUES: ReadonlySet<string> = new Set([
  '449868002',
  '428041000124106',
  '8517006',
  '266919005',
  '77176002',
  '266927001',
  '428071000124103',
  '428061000124105',
]);

const CARRIED = [
  'identifier',
  'status',
  'category',
  'code',
  'subject',
  'encounter',
  'effectiveDateTime',
  'effectivePeriod',
  'performer',
  'valueCodeableConcept',
];

export const writeSocial: WriteEntry = (writing, observation, pieces) => {
  const when = whenOf(observation);
  const cells = [wordsOf(conceptAt(observation, 'code')), valueWords(observation), dayOf(when)];
  if (stringAt(observation, 'status') === 'cancelled') return { entry: undefined, cells };
  for (const name of ['component', 'hasMember'])
    if (observation[name] !== undefined)
      lose(writing, 'unmapped', observation, name, 'an observation of this section has no parts');
  const value = conceptAt(observation, 'valueCodeableConcept');
  const isSmoking =
    codeOf(conceptAt(observation, 'code'), LOINC) === SMOKING &&
    SMOKING_VALUES.has(codeOf(value, SNOMED) ?? '');
  if (!isSmoking) {
    const other = observationOf(writing, observation, pieces, {
      templates: [template('4.38', '2015-08-01')],
      category: 'social-history',
      status: 'completed',
      translated: true,
    });
    return { entry: element('entry', { typeCode: 'DRIV' }, other), cells };
  }
  loseOthers(writing, observation, CARRIED);
  loseCategory(writing, observation, 'social-history');
  const smoking = element(
    'observation',
    { classCode: 'OBS', moodCode: 'EVN' },
    templateIds(template('4.78', '2014-06-09')),
    idsOf(writing, observation),
    code('code', SMOKING, OID.loinc, 'Tobacco smoking status'),
    reference(pieces.row),
    status('completed'),
    when === undefined ? nothing('effectiveTime', 'UNK') : element('effectiveTime', { value: tsOf(when) }),
    concept(writing, 'value', value, { attributes: { 'xsi:type': 'CD' }, prefers: SNOMED }),
    authorOfResult(writing, observation),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, smoking), cells };
};

const whenOf = (observation: Resource): string | undefined =>
  stringAt(observation, 'effectiveDateTime') ??
  (observation['effectivePeriod'] as { start?: string } | undefined)?.start;
