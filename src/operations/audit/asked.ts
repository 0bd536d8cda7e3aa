/**
 * What an audit row says of somebody who asked for what an organization keeps, or was to be told of it (compliance I6): who,
 * what, by which way, and on which exception it was kept back.
 */
import { ISSUES, type IssueCode } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { exceptionFor } from '../../policies/exception.ts';
import type { Inquiry } from '../../policies/blocking-report.ts';
import type { AuditEntry, AuditRow } from '../../ports/audit.ts';
import { localRefOf, typeOf } from '../../resources/element.ts';

const READS: ReadonlySet<string> = new Set(['read', 'vread', 'history-instance', 'search-type', 'operation']);

/** What a row says; nothing of what the organization itself did, and of what asks nothing of it. */
export function askedIn({ at, entry }: AuditRow, keeper: Ref): readonly Inquiry[] {
  const counterparty = counterpartyOf(entry, keeper);
  if (counterparty === undefined) return [];
  const exception = exceptionOf(entry);
  if (entry.outcome !== '0' && exception === undefined) return [];
  const when = Date.parse(at);
  const rail = entry.delivery?.rail ?? 'fhir';
  const restricted = entry.labels === undefined || entry.labels === 'N' ? '' : ` ${entry.labels}`;
  return entry.entities.flatMap((entity) => {
    const what = localRefOf(entity);
    if (what === undefined || what === entry.delivery?.receiver) return [];
    return [{ counterparty, what, class: `${typeOf(what)}${restricted}`, rail, at: when, exception }];
  });
}

function counterpartyOf({ event, delivery, agent, viewers }: AuditEntry, keeper: Ref): Ref | undefined {
  if (event === 'deliver') return delivery?.from === keeper ? delivery.to : undefined;
  if (!READS.has(event) || agent.organization === '' || agent.organization === keeper) return undefined;
  return viewers.includes(keeper) ? agent.organization : undefined;
}

/** What the row names, else what the table of refusals says; a receiver that cannot be reached is none of its doing. */
function exceptionOf({ outcome, issue, exception, event }: AuditEntry): string | undefined {
  if (outcome === '0') return undefined;
  if (exception !== undefined) return exception;
  if (issue !== undefined && Object.hasOwn(ISSUES, issue)) return exceptionFor(issue as IssueCode);
  return event === 'deliver' ? 'infeasible-uncontrollable' : undefined;
}
