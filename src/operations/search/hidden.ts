/** Refuses searches by elements that the caller is not shown (harmony Z27). */
import { hiddenIn, hiddenInSort, hiddenParam } from '../../delivery/hidden-clause.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Clause } from '../../ports/query.ts';
import type { Inclusion, ParsedSearch } from '../../resources/search-query.ts';
import { shownName } from '../../resources/search/refusal.ts';
import type { Caller } from '../request.ts';

/** @throws OperationOutcomeError `search-parameter-unknown` */
export function checkHidden(
  { payload }: Caller,
  { query: { type, where, sort }, include, revinclude }: ParsedSearch,
): void {
  if (payload === undefined) return;
  refuse(hiddenIn(payload, type, where) ?? hiddenInSort(payload, type, sort));
  for (const { type: from, param } of [...include, ...revinclude])
    if (from !== '*' && param !== '*') refuse(hiddenParam(payload, from, param));
}

/** The same of a condition. @throws OperationOutcomeError `search-parameter-unknown` */
export function checkHiddenCondition({ payload }: Caller, type: string, where: Clause): void {
  if (payload !== undefined) refuse(hiddenIn(payload, type, where));
}

/** Whether an inclusion by a wildcard passes a parameter over, because the caller is not shown what it looks at. */
export const isPassedOver = (
  { payload }: Caller,
  { type }: Pick<Inclusion, 'type'>,
  param: string,
): boolean => payload !== undefined && hiddenParam(payload, type, param) !== undefined;

function refuse(name: string | undefined): void {
  if (name === undefined) return;
  throw new OperationOutcomeError('search-parameter-unknown', {
    diagnostics: `${shownName(name)}: what it looks at is not shown to your organization`,
  });
}
