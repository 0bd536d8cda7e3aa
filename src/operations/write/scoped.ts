/**
 * Narrowed scopes at a write (smart SM-30 to SM-32): what is written must be within what the scopes leave, before and after,
 * so that nothing is moved out of them or into them.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Clause } from '../../ports/query.ts';
import { typeOf } from '../../resources/element.ts';
import { matches } from '../../resources/match.ts';
import { granting } from '../../smart/permits.ts';
import type { Right } from '../../smart/scopes.ts';
import { narrowingFor } from '../narrowing.ts';
import type { Caller } from '../request.ts';
import { valuesOf } from '../values.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';

/** Whether a resource that is written, or about to be, satisfies what narrows its type; without a clause, all do. */
export const isWithinNarrowing = (clause: Clause | undefined, ref: Ref, resource: Resource): boolean =>
  clause === undefined || matches(clause, { ref, type: typeOf(ref), values: valuesOf(resource) });

/** By a right of the caller's scopes. */
export const isWithinRight = (caller: Caller, right: Right, ref: Ref, resource: Resource): boolean =>
  isWithinNarrowing(narrowingFor(caller, typeOf(ref), right), ref, resource);

/** By which right something is planned. */
const rightOf = ({ method }: Planned): Right => (method === 'POST' ? 'c' : method === 'DELETE' ? 'd' : 'u');

/**
 * What stands before a planned change. Asked as soon as it is planned: who does not see it has been told that it is not here.
 *
 * @throws OperationOutcomeError `scope-insufficient`
 */
export function checkScopeBefore({ caller }: Draft, planned: Planned | undefined): void {
  if (planned?.before === undefined || isWithinRight(caller, rightOf(planned), planned.ref, planned.before))
    return;
  throw outside(caller, planned);
}

/**
 * What is stored by the draft, as the steps have left it. What the server writes of itself is not asked.
 *
 * @throws OperationOutcomeError `scope-insufficient`
 */
export function checkScopesAfter({ caller, planned }: Draft): void {
  for (const one of planned.values()) {
    if (one.origin === 'server' || one.after === undefined) continue;
    if (!isWithinRight(caller, rightOf(one), one.ref, one.after.plain)) throw outside(caller, one);
  }
}

/** Scopes that a refusal quotes, and characters of each. */
const [QUOTED_MAX, QUOTE_MAX] = [5, 200];

function outside({ scopes }: Caller, planned: Planned): OperationOutcomeError {
  const [type, right] = [typeOf(planned.ref), rightOf(planned)];
  const granted = granting(scopes, right, type)
    .slice(0, QUOTED_MAX)
    .map(({ text }) => text.slice(0, QUOTE_MAX));
  const narrowed = granted.length === 0 ? '' : `; those granted are for others: ${granted.join(' ')}`;
  return new OperationOutcomeError('scope-insufficient', {
    diagnostics: `needed: system/${type}.${right}${narrowed}`,
    expression: placesIn(planned),
  });
}
