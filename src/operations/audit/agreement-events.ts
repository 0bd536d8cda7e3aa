/** Moves of agreements, as events of their own beside the rows of their writes (audit-compliance AU2; baa-messaging BT01–BT16). */
import { agreementEventOf, isAgreement } from '../../agreements/contract.ts';
import { standingOfAgreement } from '../../agreements/state.ts';
import { AGREEMENT_TRANSITIONS } from '../../agreements/transitions.ts';
import { typeOf } from '../../resources/element.ts';
import type { AuditEntry } from '../../ports/store.ts';
import type { Planned } from '../write/draft.ts';

/** The row of the table by which a write moved an agreement, with the states before and after; undefined where none did. */
export function agreementMoveOf({
  ref,
  before,
  after,
}: Pick<Planned, 'ref' | 'before' | 'after'>): AuditEntry['transition'] {
  if (typeOf(ref) !== 'Contract' || after === undefined || !isAgreement(after.plain)) return undefined;
  const [was, is] = [before && agreementEventOf(before), agreementEventOf(after.plain)];
  if (is === undefined || (was?.tid === is.tid && was.at === is.at)) return undefined;
  const { event } = AGREEMENT_TRANSITIONS.find(({ tid }) => tid === is.tid) ?? { event: '' };
  return { tid: is.tid, event, from: is.from, to: standingOfAgreement(after.plain, is.at).state };
}
