/** What a person is asked where the notice of 42 CFR 2.32 could not go with a delivery (compliance C10, P23, P31). */
import { EVERYTHING } from '../ports/query.ts';
import type { NoticeFailure } from '../ports/rail.ts';
import type { ClaimedEntry, Write } from '../ports/store.ts';
import type { OperationContext } from './context.ts';
import { planFoundIncident } from './incidents/found.ts';
import { planWorkItem } from './work-item.ts';
import { buildWrite } from './write/commit.ts';

/** The write of the work item, for the organization that keeps what was withheld; undefined where one says it already. */
export async function writeNoticeItem(
  { store, clock, newId }: Pick<OperationContext, 'store' | 'clock' | 'newId'>,
  entry: ClaimedEntry,
  failure: NoticeFailure,
): Promise<Write | undefined> {
  const now = store.snapshot();
  const { id, rail, receiver, subject, seq } = entry;
  const owner = (await now.read(subject, EVERYTHING))?.custodian ?? '';
  const at = new Date(clock.now()).toISOString();
  if (failure !== 'rail-cannot-carry') {
    const cause = failure === 'malware' ? 'malware' : 'part2-notice';
    const deliveries = [
      { version: `${subject}/_history/${seq}`, says: `delivery ${id} by ${rail} to ${receiver}` },
    ];
    const planned = await planFoundIncident(now, { cause, owner, deliveries, at, newId });
    return planned && buildWrite(planned);
  }
  const says = `Delivery ${id} by ${rail} to ${receiver} was withheld: the rail has no place for the notice of 42 CFR 2.32. Choose another rail, then send again.`;
  return buildWrite(
    planWorkItem(newId(), { kind: 'rail-cannot-carry', says, focus: subject, authoredOn: at, owner }),
  );
}
