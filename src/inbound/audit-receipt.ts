/** The audit of a message: one row that it was received and what became of it, beside the rows of what it wrote. */
import type { AuditEntry } from '../ports/store.ts';
import { agentOf } from '../operations/audit/audit.ts';
import type { Request } from '../operations/request.ts';
import type { ProcessedMessage } from './processed-message.ts';

export function auditReceipt(request: Request, { verdict, archived, draft }: ProcessedMessage): AuditEntry {
  const { fate, referral, remarks } = verdict;
  const wrong = remarks.find(({ severity }) => severity === 'E');
  const isRefused = fate !== 'applied' && fate !== 'late' && wrong !== undefined;
  const patient = referral?.patient;
  const document = draft.planned.get(archived.document);
  const custodian = document?.custodian ?? '';
  return {
    event: 'receive',
    action: 'C',
    outcome: isRefused ? '4' : '0',
    ...(isRefused && { issue: wrong.issue }),
    agent: agentOf(request.caller),
    requestId: request.requestId,
    entities: document === undefined ? [] : [`${archived.document}/_history/0`],
    patients: patient === undefined ? [] : [patient],
    viewers: custodian === '' ? [] : [custodian],
  };
}
