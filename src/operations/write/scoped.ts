/**
 * Narrowed scopes at a write (smart SM-30 to SM-32): what is written must be within what the scopes leave, before and after,
 * so that nothing is moved out of them or into them.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Clause } from '../../ports/query.ts';
import { typeOf } from '../../resources/element.ts';
import { matches } from '../../resources/match.ts';
import { RIGHT_LIMITS } from '../../identity/limits.ts';
import { isReferralTask } from '../../referral/state.ts';
import { granting } from '../../smart/permits.ts';
import type { Right } from '../../smart/scopes.ts';
import { narrowedFor, narrowingFor } from '../narrowing.ts';
import { rolePermitOf } from '../role.ts';
import { roleNarrowingFor } from '../role-limits.ts';
import type { Caller } from '../request.ts';
import { valuesOf } from '../values.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';

/** Whether a resource that is written, or about to be, satisfies what narrows its type; without a clause, all do. */
export const isWithinNarrowing = (
  clause: Clause | undefined,
  ref: Ref,
  resource: Resource,
  keeper?: Ref | '',
): boolean =>
  clause === undefined || matches(clause, { ref, type: typeOf(ref), values: valuesOf(resource), keeper });

/** By a right of the caller's scopes and roles. */
export const isWithinRight = (
  caller: Caller,
  right: Right,
  { ref, custodian }: Pick<Planned, 'ref' | 'custodian'>,
  resource: Resource,
): boolean => isWithinNarrowing(narrowedFor(caller, typeOf(ref), right), ref, resource, custodian);

const isWithinScopes = (caller: Caller, right: Right, ref: Ref, resource: Resource): boolean =>
  isWithinNarrowing(narrowingFor(caller, typeOf(ref), right), ref, resource);

/** By which right something is planned. */
const rightOf = ({ method }: Planned): Right => (method === 'POST' ? 'c' : method === 'DELETE' ? 'd' : 'u');

/**
 * What stands before a planned change. Asked as soon as it is planned: who does not see it has been told that it is not here.
 *
 * @throws OperationOutcomeError `scope-insufficient`
 */
export function checkScopeBefore({ caller }: Draft, planned: Planned | undefined): void {
  if (planned?.before === undefined) return;
  if (!isWithinScopes(caller, rightOf(planned), planned.ref, planned.before)) throw outside(caller, planned);
  checkRoleLimits(caller, planned, planned.before);
}

/**
 * What is stored by the draft, as the steps have left it. What the server writes of itself is not asked.
 *
 * @throws OperationOutcomeError `scope-insufficient`
 */
export function checkScopesAfter({ caller, planned, moves }: Draft): void {
  for (const one of planned.values()) {
    if (one.origin === 'server' || one.after === undefined) continue;
    if (!isWithinScopes(caller, rightOf(one), one.ref, one.after.plain)) throw outside(caller, one);
    checkRoleLimits(caller, one, one.after.plain);
    if (isByMoveAlone(caller, one) && !moves.some(({ task }) => task === one.ref))
      throw beyondRole(caller, one, 'a referral Task is changed by a move alone');
  }
}

/** @throws OperationOutcomeError `role-insufficient` for what the limits of the caller's roles leave out */
function checkRoleLimits(caller: Caller, planned: Planned, resource: Resource): void {
  const { ref } = planned;
  if (isWithinNarrowing(roleNarrowingFor(caller, typeOf(ref), rightOf(planned)), ref, resource)) return;
  const { limits = [] } = rolePermitOf(caller, rightOf(planned), typeOf(ref)) ?? {};
  // Without a limit of the role, what is for named people is beyond it.
  const meant = limits.map((limit) => RIGHT_LIMITS[limit]).join('; or ') || 'messages that name you';
  throw beyondRole(caller, planned, `no more than ${meant}`);
}

/** Whether the roles let the caller change a referral's Task by making a move, and not otherwise. */
function isByMoveAlone(caller: Caller, planned: Planned): boolean {
  const { after, before } = planned;
  const { limits = [] } = rolePermitOf(caller, rightOf(planned), typeOf(planned.ref)) ?? {};
  return limits.includes('moves') && before !== undefined && isReferralTask(after?.plain ?? before);
}

function beyondRole({ roles = [] }: Caller, planned: Planned, says: string): OperationOutcomeError {
  return new OperationOutcomeError('role-insufficient', {
    diagnostics: `${roles.join(', ')}: ${says}`,
    expression: placesIn(planned),
  });
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
