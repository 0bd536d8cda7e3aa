/** The audit rows about one patient that its keeper may see, oldest first. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { AuditRow, Snapshot } from '../../ports/store.ts';
import { searchRefusal } from '../search/search-refusal.ts';

/** Rows that one report looks at; a longer time is asked for in parts. */
const ROWS_MAX = 100_000;
const ROWS_AT_ONCE = 500;

interface PatientRows {
  readonly patient: Ref;
  readonly keeper: Ref;
  /** Milliseconds since 1970, both inclusive. */
  readonly from: number;
  readonly to: number;
}

/** @throws OperationOutcomeError `search-too-costly` */
export async function* rowsAbout(
  snapshot: Snapshot,
  { patient, keeper, from, to }: PatientRows,
  signal: AbortSignal,
): AsyncGenerator<AuditRow> {
  let behind: { readonly seq: number; readonly position: number } | undefined;
  for (let seen = 0; seen < ROWS_MAX; seen += ROWS_AT_ONCE) {
    const page = {
      viewer: keeper,
      names: [patient],
      from,
      to,
      oldestFirst: true,
      count: ROWS_AT_ONCE,
      ...(behind && { behind }),
    } as const;
    const rows = await snapshot.audit(page, signal).catch(searchRefusal);
    yield* rows;
    behind = rows.at(-1);
    if (rows.length < ROWS_AT_ONCE) return;
  }
  throw new OperationOutcomeError('search-too-costly', { diagnostics: 'ask for a shorter time' });
}
