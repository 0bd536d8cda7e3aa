/** Who of a counterparty looked at a referral, from the audit at the time of asking (routing section 3, inbox). */
import type { Ref } from '../../fhir/types.ts';
import type { AuditRow } from '../../ports/audit.ts';
import type { DeliveryEvidence } from '../../ports/delivered.ts';
import type { Snapshot } from '../../ports/store.ts';
import { auditId } from '../../resources/audit-event-render.ts';
import { READS } from '../request.ts';
import { searchRefusal } from '../search/search-refusal.ts';

/** The reads of a counterparty that one answer looks at, for each resource: the first pages; later reads do not count. */
const PAGES_MAX = 10;
const PAGE = 1000;

/** The reads of an organization, oldest first. */
export type Reads = readonly AuditRow[];

/** @param after the commit behind which reads count */
export async function readsBy(
  snapshot: Snapshot,
  organization: Ref,
  refs: readonly Ref[],
  after: number,
  signal: AbortSignal,
): Promise<Reads> {
  const rows: AuditRow[] = [];
  for (const ref of refs) {
    let behind: { readonly seq: number; readonly position: number } = { seq: after + 1, position: -1 };
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const query = {
        viewer: undefined,
        names: [ref],
        organization,
        oldestFirst: true,
        behind,
        count: PAGE,
      } as const;
      const found = await snapshot.audit(query, signal).catch(searchRefusal);
      rows.push(...found.filter(isRead));
      behind = found.at(-1) ?? behind;
      if (found.length < PAGE) break;
    }
  }
  return rows.toSorted((a, b) => a.seq - b.seq || a.position - b.position);
}

const isRead = ({ entry: { event, outcome, origin } }: AuditRow): boolean =>
  outcome === '0' && origin === undefined && (READS.has(event) || event === 'operation');

/** The first read of an event by a system and by a person of theirs. */
export function evidenceOfReads(reads: Reads, seq: number): readonly DeliveryEvidence[] {
  const later = reads.filter((row) => row.seq > seq);
  const [byPerson, bySystem] = [later.find(isPersons), later.find((row) => !isPersons(row))];
  return [
    ...(bySystem === undefined ? [] : [evidenceOfRead('fetched', bySystem)]),
    ...(byPerson === undefined ? [] : [evidenceOfRead('read', byPerson)]),
  ];
}

const evidenceOfRead = (kind: 'fetched' | 'read', row: AuditRow): DeliveryEvidence => ({
  kind,
  at: row.at,
  source: `AuditEvent/${auditId(row)}`,
});

/** Whether a person of the organization read it: patients and those close to them do not count (RL16). */
const isPersons = ({ entry: { agent } }: AuditRow): boolean =>
  agent.user !== undefined && !/(?:^|\/)(?:Patient|RelatedPerson)\/[^/]+$/.test(agent.user);
