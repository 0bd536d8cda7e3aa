/**
 * Refuses to search by an element that the reader is shown in part or not at all (harmony Z27): a reader who is shown the
 * year of a birth could otherwise find out the day, by asking for one after the other.
 */
import { isKeptBack, isShownInPart } from '../policies/payload/shown.ts';
import type { Clause, SortKey } from '../ports/query.ts';
import { searchParameters } from '../resources/search-parameters.ts';

/** A parameter by which a clause asks for what the row keeps back; undefined where there is none. */
export function hiddenIn(payload: string, type: string, where: Clause): string | undefined {
  switch (where.kind) {
    case 'all':
    case 'any':
      return firstOf(where.of, (one) => hiddenIn(payload, type, one));
    case 'not':
    case 'other':
      return hiddenIn(payload, type, where.clause);
    case 'id':
    case 'inside':
    case 'updated':
      return undefined;
    case 'text':
      return isShownInPart(payload, type) ? `_${where.within === 'content' ? 'content' : 'text'}` : undefined;
    case 'chain':
      return (
        hiddenParam(payload, type, where.param) ??
        firstOf(where.types, (target) => hiddenIn(payload, target, where.where))
      );
    case 'has':
      return hiddenParam(payload, where.type, where.param) ?? hiddenIn(payload, where.type, where.where);
    default:
      return hiddenParam(payload, type, where.param);
  }
}

/** The same of an order of results. */
export const hiddenInSort = (payload: string, type: string, sort: readonly SortKey[]): string | undefined =>
  firstOf(sort, ({ param }) => hiddenParam(payload, type, param));

/** A parameter of a type, as a clause names it, where it looks at what the row keeps back. */
export function hiddenParam(payload: string, type: string, param: string): string | undefined {
  // A suffix says what of the parameter's value is asked: `patient:identifier`, `value-quantity:…`.
  const [code = '', ...suffix] = param.split(/[:.$]/, 2);
  const parameter = searchParameters(type).get(code);
  if (parameter === undefined) return undefined; // `_id`, `_lastUpdated`, and the server's own
  const asked = { type, number: suffix[0] === 'identifier' };
  const isHidden = parameter.paths.some(({ steps: [first, second] }) =>
    first?.name === 'meta'
      ? second?.name === 'profile' && isShownInPart(payload, type)
      : isKeptBack(payload, { ...asked, element: first?.name }),
  );
  return isHidden ? code : undefined;
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
