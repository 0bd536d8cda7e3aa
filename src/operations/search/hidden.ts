/** Refuses searches by elements that the caller is not shown (harmony Z27). */
import {
  hiddenIn,
  hiddenInSort,
  hiddenParam,
  hidingOfRoles,
  hidingOfRow,
  type Hiding,
} from '../../delivery/hidden-clause.ts';
import { askedOfShown } from '../../delivery/agreement-sight.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Clause } from '../../ports/query.ts';
import type { Inclusion, ParsedSearch } from '../../resources/search-query.ts';
import { shownName } from '../../resources/search/refusal.ts';
import { associateIn, roleViewOf, type Caller } from '../request.ts';

/** @throws OperationOutcomeError `search-parameter-unknown` */
export function checkHidden(
  caller: Caller,
  { query: { type, where, sort }, include, revinclude }: ParsedSearch,
): void {
  for (const hiding of hidingsOf(caller)) {
    refuse(hiddenIn(hiding, type, where) ?? hiddenInSort(hiding, type, sort));
    for (const { type: from, param } of [...include, ...revinclude])
      if (from !== '*' && param !== '*') refuse(hiddenParam(hiding, from, param));
  }
}

/** The same of a condition. @throws OperationOutcomeError `search-parameter-unknown` */
export function checkHiddenCondition(caller: Caller, type: string, where: Clause): void {
  for (const hiding of hidingsOf(caller)) refuse(hiddenIn(hiding, type, where));
}

/** A condition as its caller may ask it: an organization without an agreement in force does not search by what it reads masked. */
export function shownCondition(caller: Caller, type: string, where: Clause): Clause {
  const associate = associateIn(caller);
  return associate === undefined ? where : askedOfShown(associate, type, where);
}

/** The same of a search. */
export const shownSearch = (caller: Caller, parsed: ParsedSearch): ParsedSearch => {
  const { type, where } = parsed.query;
  const shown = shownCondition(caller, type, where);
  return shown === where ? parsed : { ...parsed, query: { ...parsed.query, where: shown } };
};

/** Whether an inclusion by a wildcard passes a parameter over, because the caller is not shown what it looks at. */
export const isPassedOver = (caller: Caller, { type }: Pick<Inclusion, 'type'>, param: string): boolean =>
  hidingsOf(caller).some((hiding) => hiddenParam(hiding, type, param) !== undefined);

/** What is not shown to the organization, and what not to the roles of the person. */
function hidingsOf(caller: Caller): readonly Hiding[] {
  const { payload } = caller;
  const view = roleViewOf(caller);
  if (payload === undefined && view === undefined) return [];
  return [
    ...(payload === undefined ? [] : [hidingOfRow(payload)]),
    ...(view === undefined ? [] : [hidingOfRoles(view)]),
  ];
}

function refuse(name: string | undefined): void {
  if (name === undefined) return;
  throw new OperationOutcomeError('search-parameter-unknown', {
    diagnostics: `${shownName(name)}: what it looks at is not shown to you, or to your organization`,
  });
}
