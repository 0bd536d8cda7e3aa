/** The audit of a message: one row that it was received and what became of it, beside the rows of what it wrote. */
import type { Ref } from '../fhir/types.ts';
import type { Draft } from '../operations/write/draft.ts';
import { typeOf } from '../resources/element.ts';
import { isDirectory } from '../resources/index.ts';
import type { AuditEntry } from '../ports/store.ts';
import { agentOf } from '../operations/audit/audit.ts';
import type { Request } from '../operations/request.ts';
import type { ProcessedMessage } from './processed-message.ts';

/**
 * @param receiver whom the message was for: it received what a message of 42 CFR Part 2 wrote, since its sender has disclosed
 *   it (compliance L5, P5)
 */
export function auditReceipt(
  request: Request,
  { verdict, archived, draft }: ProcessedMessage,
  receiver: Ref | undefined,
): AuditEntry {
  const { fate, referral, remarks } = verdict;
  const wrong = remarks.find(({ severity }) => severity === 'E');
  const isRefused = fate !== 'applied' && fate !== 'late' && wrong !== undefined;
  const patient = referral?.patient;
  const document = draft.planned.get(archived.document);
  const custodian = document?.custodian ?? '';
  const isReceived = fate === 'applied' && draft.isNoticed && receiver !== undefined;
  return {
    event: 'receive',
    action: 'C',
    outcome: isRefused ? '4' : '0',
    ...(isRefused && { issue: wrong.issue }),
    agent: agentOf(request.caller),
    requestId: request.requestId,
    entities: [
      ...(document === undefined ? [] : [`${archived.document}/_history/0`]),
      ...(isReceived ? writtenIn(draft, archived.document) : []),
    ],
    patients: patient === undefined ? [] : [patient],
    viewers: [
      ...(custodian === '' ? [] : [custodian]),
      ...(isReceived && receiver !== custodian ? [receiver] : []),
    ],
  };
}

/** What a message wrote about its referral, without the message itself. */
const writtenIn = (draft: Draft, document: Ref): readonly string[] =>
  [...draft.planned.values()]
    .filter(({ ref, after }) => ref !== document && after !== undefined && !isDirectory(typeOf(ref)))
    .map(({ ref }) => `${ref}/_history/0`);
