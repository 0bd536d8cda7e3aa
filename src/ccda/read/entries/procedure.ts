/** Procedures, as procedure, act or observation: what was done is a Procedure, what is meant is an order. */
import type { Resource } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { childOf, childrenOf, isNegated } from '../../element.ts';
import { PROCEDURE_STATUSES } from '../../concepts.ts';
import { readConcept } from '../concept.ts';
import {
  authorshipOf,
  commonOf,
  isKind,
  loseRest,
  notesOf,
  relatedOf,
  statusOf,
  take,
  type EntryContext,
  type Related,
} from '../entry.ts';
import { readPerformers, readPlace } from '../parties.ts';
import { add, lose, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { periodOf, pointOf, readInterval } from '../time.ts';

/** Adds the Procedure. */
export function readProcedure(context: EntryContext, procedure: XmlElement): void {
  const { reading } = context;
  const related = relatedOf(procedure);
  const code = readConcept(reading, childOf(procedure, 'code'));
  if (code === undefined) lose(reading, 'narrowed', procedure, 'the procedure has neither code nor words');
  const { author, recorded } = authorshipOf(reading, procedure);
  if (recorded !== undefined && author === undefined)
    lose(reading, 'unmapped', procedure, 'who wrote it is not named');
  add(reading, {
    resourceType: 'Procedure',
    ...commonOf(reading, procedure),
    status: statusIn(reading, procedure),
    code: code ?? { text: 'unknown' },
    subject: context.patient,
    encounter: context.encounter,
    ...performedOf(reading, procedure),
    recorder: author,
    performer: readPerformers(reading, procedure).map((actor) => ({ actor })),
    location: readPlace(reading, procedure),
    reasonCode: reasonsOf(reading, related),
    bodySite: childrenOf(procedure, 'targetSiteCode').flatMap((site) => readConcept(reading, site) ?? []),
    outcome: outcomeOf(reading, procedure),
    note: notesOf(reading, related),
  } satisfies Resource);
  loseRest(reading, related);
}

function statusIn(reading: Reading, procedure: XmlElement): string {
  if (isNullified(reading, procedure)) return 'entered-in-error';
  if (isNegated(procedure)) return 'not-done';
  const said = statusOf(procedure);
  const status = PROCEDURE_STATUSES[said];
  if (status !== undefined) return status;
  lose(reading, 'defaulted', procedure, 'the procedure has no status that FHIR has: unknown');
  return 'unknown';
}

function performedOf(reading: Reading, procedure: XmlElement): object {
  const interval = readInterval(reading, childOf(procedure, 'effectiveTime'));
  const point = pointOf(interval);
  if (point !== undefined) return { performedDateTime: point };
  const performedPeriod = periodOf(interval);
  return performedPeriod === undefined ? {} : { performedPeriod };
}

/** What the act is for: indications beside it. */
export const reasonsOf = (reading: Reading, related: Related[]) =>
  take(related, ({ type, act }) => type === 'RSON' || isKind(act, '4.19')).flatMap(
    (act) => readConcept(reading, childOf(act, 'value')) ?? [],
  );

/** A Procedure Activity Observation has a value: what came of it. */
function outcomeOf(reading: Reading, procedure: XmlElement) {
  const value = childOf(procedure, 'value');
  return value === undefined ? undefined : readConcept(reading, value);
}
