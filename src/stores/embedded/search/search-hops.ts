/**
 * Chains and `_has` from their selective side: when what stands at the far end of a hop is narrow, it is looked up first,
 * and the hop becomes a plain reference or id. A hop that is not stays, and is verified row by row.
 */
import type { Clause } from '../../../ports/query.ts';
import { versionsIn } from './search-order.ts';
import { narrowest } from './search-sources.ts';
import { pidOf, spanOf } from './search-world.ts';
import type { World } from './search-world.ts';
import { all, sql } from '../sql.ts';

/** The same clause, with narrow hops taken. */
export function takeHops(clause: Clause, type: string, world: World): Clause {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return { kind: clause.kind, of: clause.of.map((one) => takeHops(one, type, world)) };
    case 'not':
      return { kind: 'not', clause: takeHops(clause.clause, type, world) };
    case 'chain': {
      const { param, where } = clause;
      return { kind: 'any', of: clause.types.map((far) => takeChain(param, far, where, world)) };
    }
    case 'has':
      return takeHas(clause, type, world);
    default:
      return clause;
  }
}

function takeChain(param: string, far: string, condition: Clause, world: World): Clause {
  const where = takeHops(condition, far, world);
  const found = findNarrow(far, where, world);
  if (found === undefined) return { kind: 'chain', param, types: [far], where };
  const refs = sql`SELECT r.ref FROM json_each(${JSON.stringify(found)}) j
    CROSS JOIN version v ON v.vid = j.value CROSS JOIN resource r ON r.rid = v.rid`;
  return { kind: 'reference', param, to: all<[string]>(world.db, refs).map(([ref]) => ref) };
}

function takeHas(has: Extract<Clause, { kind: 'has' }>, type: string, world: World): Clause {
  const where = takeHops(has.where, has.type, world);
  const found = findNarrow(has.type, where, world);
  if (found === undefined) return { ...has, where };
  const refs = sql`SELECT DISTINCT low FROM json_each(${JSON.stringify(found)}) j
    CROSS JOIN value INDEXED BY value_of ON vid = j.value AND pid = ${pidOf(world, has.type, has.param)}
    WHERE low >= ${`${type}/`} AND low < ${`${type}0`}`;
  return { kind: 'id', ids: all<[string]>(world.db, refs).map(([ref]) => ref.slice(type.length + 1)) };
}

/** The visible versions that satisfy a clause, if there are few candidates; undefined when there are many. */
function findNarrow(type: string, where: Clause, world: World): readonly number[] | undefined {
  const must = mustOf(where);
  const field = { type, world, span: spanOf(world, must) };
  const source = narrowest(must, field);
  const { narrow } = world.limits;
  if (source === undefined || source.rows > narrow) return undefined;
  return versionsIn(source, { field, must, sort: [], need: Infinity });
}

/** The clauses that must all hold. */
export function mustOf(clause: Clause): readonly Clause[] {
  return clause.kind === 'all' ? clause.of.flatMap(mustOf) : [clause];
}
