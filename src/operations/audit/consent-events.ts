/** What becomes of Consents, as events of their own beside the rows of their writes (compliance K6; audit-compliance AU2). */
import { kindOf } from '../../policies/consent/kinds.ts';
import { typeOf } from '../../resources/element.ts';
import type { Planned } from '../write/draft.ts';

/** A Consent of a kind that begins to be in force was captured, and one that is so no more was revoked. */
export function consentEventOf({
  ref,
  before,
  after,
}: Pick<Planned, 'ref' | 'before' | 'after'>): 'consent-captured' | 'consent-revoked' | undefined {
  if (typeOf(ref) !== 'Consent' || after === undefined || kindOf(after.plain) === 'general') return undefined;
  const [was, is] = [before?.['status'] === 'active', after.plain['status'] === 'active'];
  if (was === is) return undefined;
  return is ? 'consent-captured' : 'consent-revoked';
}
