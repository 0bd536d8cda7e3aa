/** What `$report-incident` and `$assess-incident` share: the item that is open, and the row of the audit. */
import { notHere, OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { agentOf } from '../audit/audit.ts';
import type { Request } from '../request.ts';
import { isClosedItem, isIncident } from '../work-item.ts';

/**
 * An open incident that the organization keeps.
 *
 * @throws OperationOutcomeError `not-found` for what it keeps none of, `field-frozen` for one that is closed
 */
export async function openIncident(snapshot: Snapshot, organization: Ref, ref: Ref): Promise<Resource> {
  const version = await snapshot.read(ref, EVERYTHING);
  const item = version?.custodian === organization ? resourceOf(version) : undefined;
  if (item === undefined || !isIncident(item)) throw notHere(ref);
  if (!isClosedItem(item)) return item;
  throw new OperationOutcomeError('field-frozen', { diagnostics: `${ref} is closed: report another` });
}

export const incidentRow = (
  { caller, requestId }: Request,
  event: 'incident-reported' | 'incident-assessed',
  incident: Ref,
): AuditEntry => ({
  event,
  action: 'E',
  outcome: '0',
  agent: agentOf(caller),
  requestId,
  entities: [`${incident}/_history/0`],
  patients: [],
  viewers: caller.organization === undefined ? [] : [caller.organization],
});
