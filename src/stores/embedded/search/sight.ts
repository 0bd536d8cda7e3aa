/**
 * The caller's clause (rules 2.6) as SQL: what every alias that stands for a resource must satisfy. Enforced inside the
 * query, never on its rows, or totals and pages would tell what they must not.
 */
import type { Sight } from '../../../ports/query.ts';

/** An SQL condition and the values of its `?`, in order. The text depends on the shape of the sight alone. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly (string | number)[];
}

interface SightAlias {
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

/** What the text of a condition depends on. */
export type SightShape = 'everything' | 'organization' | 'patient';

export function sightShape(sight: Sight): SightShape {
  if (sight.everything) return 'everything';
  return sight.patient === undefined ? 'organization' : 'patient';
}

/** The condition under which the resource is visible to `sight` as of `seq`. */
export const sightSql = (sight: Sight, seq: number, alias: SightAlias): Condition => ({
  sql: sightText(sightShape(sight), alias),
  params: sightParams(sight, seq),
});

export function sightText(shape: SightShape, alias: SightAlias): string {
  if (shape === 'everything') return '1';
  const own = reachText(alias);
  return shape === 'organization' ? own : `(${own} AND ${compartmentText(alias)})`;
}

export function sightParams(sight: Sight, seq: number): readonly (string | number)[] {
  if (sight.everything) return [];
  const { organization, patient } = sight;
  const own = [organization, organization, seq, seq];
  return patient === undefined ? own : [...own, patient, patient];
}

const ORGANIZATION = '(SELECT nid FROM name WHERE name = ?)';

/** Custodian of it, in the directory, or reached by a referral of its own (rules 2.2). */
function reachText({ resource, deletedAt }: SightAlias): string {
  const until = deletedAt === undefined ? 's.ended > ?' : `(s.ended > ? OR s.ended = ${deletedAt})`;
  return `(${resource}.everyone = 1 OR ${resource}.custodian = ${ORGANIZATION} OR EXISTS (
    SELECT 1 FROM sight s WHERE s.org = ${ORGANIZATION} AND s.rid = ${resource}.rid AND s.since <= ? AND ${until}))`;
}

/** In the compartment of the patient, that Patient itself, or in the directory. */
const compartmentText = ({ resource, vid }: SightAlias): string =>
  `(${resource}.everyone = 1 OR ${resource}.ref = ? OR EXISTS (
    SELECT 1 FROM value c WHERE c.vid = ${vid} AND c.low = ? AND c.pid = (
      SELECT p.nid FROM name t JOIN name p ON p.name = t.name || '.:patient' WHERE t.nid = ${resource}.type)))`;
