/** Audit rows of a period, a page at a time, as reports of one organization read them. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { AuditRow } from '../../ports/audit.ts';
import type { Snapshot } from '../../ports/store.ts';
import { searchRefusal } from '../search/search-refusal.ts';

interface AuditScan {
  /** Whose rows: its own agents' and those of what it keeps (rules 2.8); undefined: all. */
  readonly viewer: Ref | undefined;
  readonly names?: readonly Ref[];
  /** Milliseconds since 1970, both inclusive. */
  readonly from: number;
  readonly to: number;
}

const PAGE = 1000;
/** Rows that one report reads; a longer period is asked for in parts. */
const ROWS_MAX = 500_000;

/** @throws OperationOutcomeError `search-too-costly` */
export async function* scanAudit(
  snapshot: Snapshot,
  { names = [], ...asked }: AuditScan,
  signal: AbortSignal,
): AsyncGenerator<AuditRow> {
  let behind: AuditRow | undefined;
  for (let read = 0; read < ROWS_MAX; read += PAGE) {
    const query = { ...asked, names, oldestFirst: true, ...(behind && { behind }), count: PAGE } as const;
    const rows = await snapshot.audit(query, signal).catch(searchRefusal);
    yield* rows;
    behind = rows.at(-1);
    if (rows.length < PAGE) return;
  }
  throw new OperationOutcomeError('search-too-costly', {
    retryAfter: 60,
    diagnostics: `the period has more than ${ROWS_MAX} audit rows: ask for a shorter one`,
  });
}
