/**
 * How many threads two organizations have open (baa-messaging MS8). It is asked where a thread is opened, opened again or
 * joined, of the pairs that the caller's organization makes with those who take part anew. Two requests at the same moment may
 * exceed the limit by one.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { OPEN_THREADS_MAX } from '../../messaging/limits.ts';
import { EVERYTHING, type Clause, type Query } from '../../ports/query.ts';
import { OPEN_THREAD_PARAM } from '../../resources/message-values.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { placesIn, type Draft, type Planned } from '../write/draft.ts';
import { findPlanned } from '../write/preview.ts';

/**
 * @param organizations that take part anew
 * @throws OperationOutcomeError `message-too-large`
 */
export async function checkOpenThreads(
  draft: Draft,
  planned: Planned,
  organizations: Iterable<Ref>,
): Promise<void> {
  const own = draft.caller.organization;
  if (own === undefined) return;
  for (const other of organizations) {
    if (other === own || !(await isFull(draft, planned.ref, [own, other]))) continue;
    throw new OperationOutcomeError('message-too-large', {
      diagnostics: `${own} and ${other} have ${OPEN_THREADS_MAX} open threads: close one that is over`,
      expression: placesIn(planned, ['Communication.recipient']),
    });
  }
}

/** One match behind the last that may be there is looked for, and none is counted beyond. */
async function isFull(draft: Draft, thread: Ref, pair: readonly Ref[]): Promise<boolean> {
  const of = pair.map((one): Clause => ({ kind: 'reference', param: OPEN_THREAD_PARAM, to: [one] }));
  const query: Query = {
    type: 'Communication',
    where: { kind: 'all', of },
    sort: [],
    sight: EVERYTHING,
    count: 1,
    offset: 0,
    total: false,
  };
  const opened = (await findPlanned(draft, query)).filter((ref) => ref !== thread).length;
  const offset = Math.max(0, OPEN_THREADS_MAX - 1 - opened);
  const { matches } = await draft.snapshot.search({ ...query, offset }).catch(searchRefusal);
  return matches.length > 0;
}
