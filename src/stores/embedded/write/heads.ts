/** The latest version of a resource in the writer's own connection, and whether somebody sees it. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Sight } from '../../../ports/query.ts';
import { prepare, statements } from '../folder/connection.ts';
import { isWithinScopes } from '../search/search-conditions.ts';
import { aliasOf, LIMITS, searchContextOf } from '../search/search-context.ts';
import { sightSql, type SightMoment } from '../search/sight.ts';
import { typeOfRef } from './identities.ts';
import { TRUE, word, type Sql } from '../sql.ts';

type HeadRow = [
  rid: number,
  custodian: number,
  vid: number | null,
  seq: number | null,
  method: string | null,
  everyone: number,
];

export interface Heads {
  /** The resource with its latest version, as the commit finds it; undefined when nothing has its ref. Looked up once. */
  readonly headOf: (ref: Ref) => HeadRow | undefined;
  /** Another commit begins. */
  readonly begin: () => void;
  /** Whether the resource, or that it was deleted, is within the sight at a moment. */
  readonly isVisible: (ref: Ref, sight: Sight, moment: SightMoment) => boolean;
}

export function prepareHeads(db: DatabaseSync): Heads {
  const sql = statements(db);
  const head = prepare<HeadRow>(
    db,
    `SELECT r.rid, r.custodian, v.vid, v.seq, v.method, r.everyone FROM resource r LEFT JOIN version v
       ON v.vid = (SELECT n.vid FROM version n WHERE n.rid = r.rid ORDER BY n.seq DESC LIMIT 1)
     WHERE r.ref = ?`,
  );

  const found = new Map<Ref, HeadRow | undefined>();

  return { headOf, begin: () => found.clear(), isVisible };

  function headOf(ref: Ref): HeadRow | undefined {
    if (!found.has(ref)) found.set(ref, head.get(ref));
    return found.get(ref);
  }

  function isVisible(ref: Ref, sight: Sight, moment: SightMoment): boolean {
    const visible = sightSql(sight, moment, {
      resource: 'r',
      vid: 'v.vid',
      shown: 'v.seq',
      deletedAt: `CASE v.method WHEN 'DELETE' THEN v.seq END`,
    });
    const scoped = scopesSql(ref, sight, moment);
    const visibleNow = sql<[number]>(
      `SELECT 1 FROM resource r JOIN version v
         ON v.vid = (SELECT n.vid FROM version n WHERE n.rid = r.rid ORDER BY n.seq DESC LIMIT 1)
       JOIN version v0 ON v0.vid = CASE v.method WHEN 'DELETE' THEN
         (SELECT n.vid FROM version n WHERE n.rid = r.rid AND n.method <> 'DELETE' ORDER BY n.seq DESC LIMIT 1)
         ELSE v.vid END
       WHERE r.ref = ? AND ${visible.sql} AND ${scoped.sql}`,
    );
    return visibleNow.get(ref, ...visible.params, ...scoped.params) !== undefined;
  }

  /** What scopes narrow: of a deletion, the version before it. The values of what ended just now are still there. */
  function scopesSql(ref: Ref, sight: Sight, moment: SightMoment): Sql {
    if (sight.narrow === undefined) return TRUE;
    const alias = { ...aliasOf(typeOfRef(ref), 0), r: word('r') };
    return isWithinScopes(alias, searchContextOf(db, sight, moment, LIMITS));
  }
}
