/**
 * The caller's clause (rules 2.6) as SQL: what every alias that stands for a resource must satisfy. Enforced inside the
 * query, never on its rows, or totals and pages would tell what they must not.
 */
import type { Sight } from '../../ports/query.ts';

/** An SQL condition and the values of its `?`, in order. The text depends on the shape of the sight alone. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly (string | number)[];
}

export interface SightAlias {
  /** Alias of the row of `resource`. */
  readonly resource: string;
  /** SQL for the `vid` of the version that is looked at: its values say whose patient compartment it is in. */
  readonly vid: string;
  /**
   * SQL for the seq at which the resource was deleted, NULL when it was not. Whoever had sight when it was deleted still
   * sees that it was, and its history. Left out where only live versions are looked at.
   */
  readonly deletedAt?: string;
}

const ORGANIZATION = '(SELECT nid FROM name WHERE name = ?)';

/** The condition under which the resource is visible to `sight` as of `seq`. */
export function sightSql(sight: Sight, seq: number, alias: SightAlias): Condition {
  if (sight.everything) return { sql: '1', params: [] };
  const own = reachSql(sight.organization, seq, alias);
  if (sight.patient === undefined) return own;
  const narrow = compartmentSql(sight.patient, alias);
  return { sql: `(${own.sql} AND ${narrow.sql})`, params: [...own.params, ...narrow.params] };
}

/** Custodian of it, in the directory, or reached by a referral of its own (rules 2.2). */
function reachSql(organization: string, seq: number, { resource, deletedAt }: SightAlias): Condition {
  const until = deletedAt === undefined ? 's.ended > ?' : `(s.ended > ? OR s.ended = ${deletedAt})`;
  const sql = `(${resource}.everyone = 1 OR ${resource}.custodian = ${ORGANIZATION} OR EXISTS (
    SELECT 1 FROM sight s WHERE s.org = ${ORGANIZATION} AND s.rid = ${resource}.rid AND s.since <= ? AND ${until}))`;
  return { sql, params: [organization, organization, seq, seq] };
}

/** In the compartment of the patient, that Patient itself, or in the directory. */
function compartmentSql(patient: string, { resource, vid }: SightAlias): Condition {
  const sql = `(${resource}.everyone = 1 OR ${resource}.ref = ? OR EXISTS (
    SELECT 1 FROM value c WHERE c.vid = ${vid} AND c.low = ? AND c.pid = (
      SELECT p.nid FROM name t JOIN name p ON p.name = t.name || '.:patient' WHERE t.nid = ${resource}.type)))`;
  return { sql, params: [patient, patient] };
}
