/**
 * Refuses to search by an element that the reader is shown in part or not at all (harmony Z27): a reader who is shown the
 * year of a birth could otherwise find out the day, by asking for one after the other.
 */
import { isMaskedElement, type RoleView } from '../identity/role-view.ts';
import { isKeptBack, isShownInPart, type SearchedElement } from '../policies/payload/shown.ts';
import type { Clause, SortKey } from '../ports/query.ts';
import { searchParameters } from '../resources/search-parameters.ts';

/** What a reader is not shown, and so does not search by. */
export interface Hiding {
  readonly hides: (element: SearchedElement) => boolean;
  /** Whether the narrative and the full text of a type hold what the reader is not shown. */
  readonly hidesTextOf: (type: string) => boolean;
  /** Whether the profiles of a type are not shown. */
  readonly hidesProfilesOf: (type: string) => boolean;
}

/** By a row of the payload table. */
export const hidingOfRow = (payload: string): Hiding => ({
  hides: (element) => isKeptBack(payload, element),
  hidesTextOf: (type) => isShownInPart(payload, type),
  hidesProfilesOf: (type) => isShownInPart(payload, type),
});

/** By the masks of roles (identity 4.3). */
export const hidingOfRoles = (view: RoleView): Hiding => ({
  hides: ({ type, element }) => isMaskedElement(view, type, element),
  hidesTextOf: (type) => isMaskedElement(view, type, undefined),
  hidesProfilesOf: () => false,
});

/** A parameter by which a clause asks for what is kept back; undefined where there is none. */
export function hiddenIn(hiding: Hiding, type: string, where: Clause): string | undefined {
  switch (where.kind) {
    case 'all':
    case 'any':
      return firstOf(where.of, (one) => hiddenIn(hiding, type, one));
    case 'not':
    case 'other':
      return hiddenIn(hiding, type, where.clause);
    case 'id':
    case 'inside':
    case 'keeper':
    case 'updated':
      return undefined;
    case 'text':
      return hiding.hidesTextOf(type) ? `_${where.within === 'content' ? 'content' : 'text'}` : undefined;
    case 'chain':
      return (
        hiddenParam(hiding, type, where.param) ??
        firstOf(where.types, (target) => hiddenIn(hiding, target, where.where))
      );
    case 'has':
      return hiddenParam(hiding, where.type, where.param) ?? hiddenIn(hiding, where.type, where.where);
    default:
      return hiddenParam(hiding, type, where.param);
  }
}

/** The same of an order of results. */
export const hiddenInSort = (hiding: Hiding, type: string, sort: readonly SortKey[]): string | undefined =>
  firstOf(sort, ({ param }) => hiddenParam(hiding, type, param));

/** A parameter of a type, as a clause names it, where it looks at what is kept back. */
export function hiddenParam(hiding: Hiding, type: string, param: string): string | undefined {
  // A suffix says what of the parameter's value is asked: `patient:identifier`, `value-quantity:…`.
  const [code = '', ...suffix] = param.split(/[:.$]/, 2);
  const parameter = searchParameters(type).get(code);
  if (parameter === undefined) return undefined; // `_id`, `_lastUpdated`, and the server's own
  const asked = { type, number: suffix[0] === 'identifier' };
  const isHidden = parameter.paths.some(({ steps: [first, second] }) =>
    first?.name === 'meta'
      ? second?.name === 'profile' && hiding.hidesProfilesOf(type)
      : hiding.hides({ ...asked, element: first?.name }),
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
