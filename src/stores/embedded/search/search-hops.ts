/**
 * Chains and `_has` from their selective side. When few resources satisfy the far end of a hop, the search looks them
 * up first, and the hop becomes a plain reference or id. Other hops stay, and are verified row by row.
 */
import type { Clause } from '../../../ports/query.ts';
import { versionsIn } from './search-order.ts';
import { narrowest } from './search-sources.ts';
import { pidOf, spanOf } from './search-context.ts';
import type { SearchContext } from './search-context.ts';
import { allRows, sql } from '../sql.ts';

/** The same clause with narrow hops replaced. */
export function takeHops(clause: Clause, type: string, context: SearchContext): Clause {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return { kind: clause.kind, of: clause.of.map((one) => takeHops(one, type, context)) };
    case 'not':
      return { kind: 'not', clause: takeHops(clause.clause, type, context) };
    case 'chain': {
      const { param, where } = clause;
      return { kind: 'any', of: clause.types.map((far) => takeChain(param, far, where, context)) };
    }
    case 'has':
      return takeHas(clause, type, context);
    default:
      return clause;
  }
}

function takeChain(param: string, far: string, condition: Clause, context: SearchContext): Clause {
  const where = takeHops(condition, far, context);
  const found = findNarrow(far, where, context);
  if (found === undefined) return { kind: 'chain', param, types: [far], where };
  const refs = sql`SELECT r.ref FROM json_each(${JSON.stringify(found)}) j
    CROSS JOIN version v ON v.vid = j.value CROSS JOIN resource r ON r.rid = v.rid`;
  return { kind: 'reference', param, to: allRows<[string]>(context.db, refs).map(([ref]) => ref) };
}

function takeHas(has: Extract<Clause, { kind: 'has' }>, type: string, context: SearchContext): Clause {
  const where = takeHops(has.where, has.type, context);
  const found = findNarrow(has.type, where, context);
  if (found === undefined) return { ...has, where };
  const refs = sql`SELECT DISTINCT low FROM json_each(${JSON.stringify(found)}) j
    CROSS JOIN value INDEXED BY value_of ON vid = j.value AND pid = ${pidOf(context, has.type, has.param)}
    WHERE low >= ${`${type}/`} AND low < ${`${type}0`}`;
  return { kind: 'id', ids: allRows<[string]>(context.db, refs).map(([ref]) => ref.slice(type.length + 1)) };
}

/** The visible versions that satisfy a clause, if there are few candidates; undefined when there are many. */
function findNarrow(type: string, where: Clause, context: SearchContext): readonly number[] | undefined {
  const must = mustOf(where);
  const field = { type, context, span: spanOf(context, must) };
  const source = narrowest(must, field);
  const { narrow } = context.limits;
  if (source === undefined || source.rows > narrow) return undefined;
  return versionsIn(source, { field, must, sort: [], need: Infinity });
}

/** The clauses that must all hold. */
export function mustOf(clause: Clause): readonly Clause[] {
  return clause.kind === 'all' ? clause.of.flatMap(mustOf) : [clause];
}
