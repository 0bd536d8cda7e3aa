/**
 * The caller's sight (rules 2.6) as SQL: the condition on every alias that stands for a resource. It is part of the
 * query and not a filter on its rows; otherwise totals and pages would reveal invisible resources.
 */
import { payloadTypes } from '../../../policies/payload/index.ts';
import type { Sight } from '../../../ports/query.ts';

/** An SQL condition and the values of its `?`, in order. The text depends only on the shape of the sight. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly (string | number)[];
}

/** As of when is asked: what is reached, at a seq; what is denied, at an instant. */
export interface SightMoment {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface SightAlias {
  /** Alias of the row of `resource`. */
  readonly resource: string;
  /** SQL for the `vid` of the version: its values say in whose patient compartments it is. */
  readonly vid: string;
  /** SQL for the `seq` of the version that would be shown: an organization goes on seeing what it received. */
  readonly shown: string;
  /**
   * SQL for the seq at which the resource was deleted, NULL when it was not. A caller who had sight at that moment
   * still sees the deletion, and the history. Absent where only live versions count.
   */
  readonly deletedAt?: string;
}

/** What the text of a condition depends on. */
type SightShape =
  | 'everything'
  | `${'organization' | 'patient'}${'' | '-denied' | '-told' | '-lifted'}${'' | '-payload'}`;

const DENIALS = { seen: '-denied', told: '-told' } as const;

function sightShape(sight: Sight): SightShape {
  if (sight.everything) return 'everything';
  const shape = sight.patient === undefined ? 'organization' : 'patient';
  const { denied, lifted, payload } = sight;
  const denials = denied === undefined ? (lifted === undefined ? '' : '-lifted') : DENIALS[denied];
  return `${shape}${denials}${payload === undefined ? '' : '-payload'}`;
}

/** Something made once for each shape of sight, when it is first asked for, so that no other read has to build its text. */
export function bySight<T>(make: (shape: SightShape) => T): (sight: Sight) => T {
  const made = new Map<SightShape, T>();
  return (sight) => {
    const shape = sightShape(sight);
    const known = made.get(shape);
    if (known !== undefined) return known;
    const one = make(shape);
    made.set(shape, one);
    return one;
  };
}

/** The condition under which the resource is visible to `sight` at a moment. */
export const sightSql = (sight: Sight, moment: SightMoment, alias: SightAlias): Condition => ({
  sql: sightText(sightShape(sight), alias),
  params: sightParams(sight, moment),
});

export function sightText(shape: SightShape, alias: SightAlias): string {
  if (shape === 'everything') return '1';
  const { shown } = alias;
  const denied = shape.includes('-denied')
    ? ''
    : deniedText(shown, shape.includes('-lifted') ? NOT_LIFTED : shape.includes('-told') ? QUIETLY : '');
  const own = reachText(alias, denied, shape.endsWith('-payload'));
  return shape.startsWith('organization')
    ? own
    : `(${own} AND ${compartmentText(alias)} AND ${shownText(alias)})`;
}

export function sightParams(sight: Sight, { seq, now }: SightMoment): readonly (string | number)[] {
  if (sight.everything) return [];
  const { organization, patient, denied, lifted, payload, hidden = [] } = sight;
  const own: (string | number)[] = [organization, organization, seq, seq];
  if (denied !== 'seen') own.push(now, now);
  if (denied === undefined && lifted !== undefined)
    own.push(...Array<string>(4).fill(JSON.stringify(lifted)));
  if (payload !== undefined)
    own.push(...PAYLOAD_PARTS.map((of) => JSON.stringify(payloadTypes(payload, of))));
  return patient === undefined ? own : [...own, patient, patient, JSON.stringify(hidden)];
}

const ORGANIZATION = '(SELECT nid FROM name WHERE name = ?)';

/** In the order of the text. */
const PAYLOAD_PARTS = ['referral', 'addressed'] as const;

/** Types of a row of the payload table. */
const TOLD = '(SELECT t.nid FROM json_each(?) j JOIN name t ON t.name = j.value)';

/**
 * Custodian of it, in the directory, or reached by a referral of its own (rules 2.2), not denied, and of a type that it is
 * told of: of some types it is told only what is addressed to itself, which is reached by itself.
 */
function reachText({ resource, deletedAt }: SightAlias, denied: string, isLimited: boolean): string {
  const until = deletedAt === undefined ? 's.ended > ?' : `(s.ended > ? OR s.ended = ${deletedAt})`;
  const permitted = denied === '' ? '' : `AND NOT ${denied}`;
  const told = isLimited
    ? `AND (${resource}.type IN ${TOLD} OR (s.root = ${resource}.rid AND ${resource}.type IN ${TOLD}))`
    : '';
  return `(${resource}.everyone = 1 OR ${resource}.custodian = ${ORGANIZATION} OR EXISTS (
    SELECT 1 FROM sight s WHERE s.org = ${ORGANIZATION} AND s.rid = ${resource}.rid AND s.since <= ? AND ${until}
      ${permitted} ${told}))`;
}

/** A denial is in force on this way, and the organization did not receive this version (ADR 0027). */
const deniedText = (shown: string, further: string): string => `EXISTS (
    SELECT 1 FROM denied d WHERE d.org = s.org AND d.rid = s.rid AND d.root = s.root AND d.since <= ? AND d.until > ?
      ${further} AND NOT EXISTS (SELECT 1 FROM received k WHERE k.org = s.org AND k.rid = s.rid AND k.seq = ${shown}))`;

const LIFTED = '(SELECT q.rid FROM json_each(?) j JOIN resource q ON q.ref = j.value)';

/**
 * No emergency lifts the denial: it lasts, or the resource is about another patient, too, or holds what is, or it is about
 * none of these. Whom the members of a Bundle are about stands among its marks.
 */
const NOT_LIFTED = `AND (d.lasting = 1
        OR EXISTS (SELECT 1 FROM about o WHERE o.rid = d.rid AND o.patient NOT IN ${LIFTED})
        OR EXISTS (SELECT 1 FROM mark i WHERE i.rid = d.rid AND i.mark >= 'Patient/' AND i.mark < 'Patient0'
          AND i.mark NOT IN (SELECT value FROM json_each(?)))
        OR NOT (EXISTS (SELECT 1 FROM about o WHERE o.rid = d.rid AND o.patient IN ${LIFTED})
          OR EXISTS (SELECT 1 FROM about o WHERE o.rid = d.root AND o.patient IN ${LIFTED})))`;

/** Nobody is told of it. */
const QUIETLY = 'AND d.quiet = 1';

/** In the compartment of the patient (asked twice), that Patient itself, or in the directory. */
export const compartmentText = ({ resource, vid }: Pick<SightAlias, 'resource' | 'vid'>): string =>
  `(${resource}.everyone = 1 OR ${resource}.ref = ? OR EXISTS (
    SELECT 1 FROM value c WHERE c.vid = ${vid} AND c.low = ? AND c.pid = (
      SELECT p.nid FROM name t JOIN name p ON p.name = t.name || '.:patient' WHERE t.nid = ${resource}.type)))`;

/** Not hidden from who asks. */
const shownText = ({ resource }: SightAlias): string =>
  `NOT EXISTS (SELECT 1 FROM mark x WHERE x.rid = ${resource}.rid AND x.mark IN (SELECT value FROM json_each(?)))`;
