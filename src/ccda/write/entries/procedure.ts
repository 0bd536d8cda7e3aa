/** Procedure as a Procedure Activity Procedure. */
import { SNOMED } from '../../systems.ts';
import type { CodeableConcept, Reference, Resource } from '../../../fhir/types.ts';
import { PROCEDURE_STATUSES } from '../../concepts.ts';
import { authorOf } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { concept, idsOf, interval, point } from '../values.ts';
import { element, type Xml } from '../../../xml/elements.ts';
import { lose, loseMembers, loseOthers, type Writing } from '../writing.ts';
import {
  comments,
  conceptAt,
  dayOf,
  indication,
  listAt,
  performers,
  reasonsOf,
  reference,
  referenceAt,
  stringAt,
  wordsOf,
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'status',
  'code',
  'subject',
  'encounter',
  'performedDateTime',
  'performedPeriod',
  'performer',
  'recorder',
  'reasonCode',
  'reasonReference',
  'bodySite',
  'note',
];

export const PROCEDURE_COLUMNS = ['Procedure', 'Date', 'Status'] as const;

export const writeProcedure: WriteEntry = (writing, procedure, pieces) => {
  const said = stringAt(procedure, 'status') ?? 'unknown';
  const period = procedure['performedPeriod'] as { start?: string; end?: string } | undefined;
  const when = stringAt(procedure, 'performedDateTime');
  const cells = [wordsOf(conceptAt(procedure, 'code')), dayOf(when ?? period?.start), said];
  if (said === 'preparation' || said === 'unknown') {
    lose(writing, 'unmapped', procedure, 'status', 'what may not have begun is told in words alone');
    return { entry: undefined, cells };
  }
  loseOthers(writing, procedure, CARRIED);
  const activity = element(
    'procedure',
    { classCode: 'PROC', moodCode: 'EVN', negationInd: said === 'not-done' ? 'true' : undefined },
    templateIds(template('4.14', '2014-06-09')),
    idsOf(writing, procedure),
    concept(writing, 'code', conceptAt(procedure, 'code'), { prefers: SNOMED, piece: pieces.name }),
    reference(pieces.row),
    statusOf(writing, procedure, said),
    period === undefined ? point('effectiveTime', when) : interval('effectiveTime', period),
    listAt<CodeableConcept>(procedure, 'bodySite').map((site) =>
      concept(writing, 'targetSiteCode', site, { prefers: SNOMED }),
    ),
    performers(writing, procedure, actorsOf(writing, procedure)),
    authorOf(writing, referenceAt(procedure, 'recorder'), undefined),
    reasonsOf(writing, procedure).map((reason) => indication(writing, reason, procedure.id ?? '')),
    comments(writing, procedure, pieces),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, activity), cells };
};

/** ActStatus of a procedure. One that is on hold has begun. */
function statusOf(writing: Writing, procedure: Resource, said: string): Xml {
  const found = Object.entries(PROCEDURE_STATUSES).find(([, known]) => known === said)?.[0];
  if (found !== undefined) return element('statusCode', { code: found });
  lose(writing, 'narrowed', procedure, 'status', `C-CDA has no status for ${said}`);
  return element('statusCode', { code: 'active' });
}

const actorsOf = (writing: Writing, procedure: Resource): readonly (Reference | undefined)[] =>
  listAt<{ actor?: Reference }>(procedure, 'performer').map((one) => {
    loseMembers(writing, procedure, 'performer', one, ['actor']);
    return one.actor;
  });
