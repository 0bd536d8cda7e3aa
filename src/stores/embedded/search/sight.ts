/**
 * The caller's sight (rules 2.6) as SQL: the condition on every alias that stands for a resource. It is part of the
 * query and not a filter on its rows; otherwise totals and pages would reveal invisible resources.
 */
import type { Sight } from '../../../ports/query.ts';

/** An SQL condition and the values of its `?`, in order. The text depends only on the shape of the sight. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly (string | number)[];
}

interface SightAlias {
  /** Alias of the row of `resource`. */
  readonly resource: string;
  /** SQL for the `vid` of the version: its values say in whose patient compartments it is. */
  readonly vid: string;
  /**
   * SQL for the seq at which the resource was deleted, NULL when it was not. A caller who had sight at that moment
   * still sees the deletion, and the history. Absent where only live versions count.
   */
  readonly deletedAt?: string;
}

/** The properties on which the text of a condition depends. */
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

/**
 * The condition that the organization is its custodian, that it is in the directory, or that a referral of the
 * organization reaches it (rules 2.2).
 */
function reachText({ resource, deletedAt }: SightAlias): string {
  const until = deletedAt === undefined ? 's.ended > ?' : `(s.ended > ? OR s.ended = ${deletedAt})`;
  return `(${resource}.everyone = 1 OR ${resource}.custodian = ${ORGANIZATION} OR EXISTS (
    SELECT 1 FROM sight s WHERE s.org = ${ORGANIZATION} AND s.rid = ${resource}.rid AND s.since <= ? AND ${until}))`;
}

/** The condition that it is in the patient's compartment, is that Patient, or is in the directory. */
const compartmentText = ({ resource, vid }: SightAlias): string =>
  `(${resource}.everyone = 1 OR ${resource}.ref = ? OR EXISTS (
    SELECT 1 FROM value c WHERE c.vid = ${vid} AND c.low = ? AND c.pid = (
      SELECT p.nid FROM name t JOIN name p ON p.name = t.name || '.:patient' WHERE t.nid = ${resource}.type)))`;
