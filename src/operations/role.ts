/**
 * Whether the roles of a caller permit what it asks (identity ID-7): asked after its scopes and before its sight. A caller
 * without roles to ask is a service client, whose scopes are its row (identity ID-8).
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { isIndividual, type Role } from '../identity/roles.ts';
import { moveOfRoles, operationOfRoles, rightOfRoles, type RolePermit } from '../identity/role-permit.ts';
import type { RoleRight } from '../identity/permissions.ts';
import { SERVER_RIGHTS } from '../identity/server-rights.ts';
import { isFreshLogin, needsStepUp } from '../identity/step-up.ts';
import { INTERACTION_RIGHTS } from '../smart/permits.ts';
import type { ServerScope } from '../smart/server-scopes.ts';
import type { Caller, Interaction, Request } from './request.ts';

/** Interactions that are asked in parts: entries of a Bundle, the types of a search, the row of an operation. */
type Composite = 'batch' | 'transaction' | 'operation' | 'search-system';
type Unconditional = Exclude<Interaction, Composite>;

const COMPOSITE: ReadonlySet<Interaction> = new Set<Composite>([
  'batch',
  'transaction',
  'operation',
  'search-system',
]);

const WORDS: Readonly<Record<RoleRight, string>> = {
  r: 'read',
  s: 'search',
  c: 'create',
  u: 'update',
  d: 'delete',
};

/**
 * @param now milliseconds since 1970
 * @throws OperationOutcomeError `role-missing`, `role-insufficient`, `step-up-needed`
 */
export function checkRole(request: Request, now: number): void {
  const { caller, type = '*', interaction } = request;
  if (caller.roles === undefined || interaction === 'operation') return;
  checkPerson(caller, caller.roles, now);
  if (COMPOSITE.has(interaction)) return;
  for (const right of rightsOf(request)) {
    checkTypeRole(caller, right, type);
    if (needsStepUp(type, right)) checkFresh(caller, now);
  }
}

/** What holds for whatever a person asks. */
function checkPerson(caller: Caller, roles: readonly Role[], now: number): void {
  if (roles.length === 0) throw new OperationOutcomeError('role-missing');
  if (isIndividual(roles) && caller.patient === undefined)
    throw new OperationOutcomeError('role-insufficient', {
      diagnostics: 'The token names no patient whose record it is.',
    });
  if (caller.onBehalfOf !== undefined) checkFresh(caller, now);
}

/** The conditional forms tell whether something exists, so they need the right to search as well. */
function rightsOf({ interaction, id, ifNoneExist }: Request): readonly RoleRight[] {
  const right = INTERACTION_RIGHTS[interaction as Unconditional]; // by the caller's test
  const isConditional = right === 'c' ? ifNoneExist !== undefined : 'ud'.includes(right) && id === undefined;
  return isConditional ? [right, 's'] : [right];
}

/** @throws OperationOutcomeError `role-insufficient` */
export function checkTypeRole(caller: Caller, right: RoleRight, type: string): void {
  const permit = rolePermitOf(caller, right, type);
  if (permit === undefined) return;
  const { roles, limits } = permit;
  if (roles.length === 0)
    throw refused(caller, `${WORDS[right]} ${type === '*' ? 'all types at once' : type}`);
  if (caller.reason === undefined && limits.length > 0 && limits.every((limit) => limit === 'reason'))
    throw new OperationOutcomeError('role-insufficient', {
      diagnostics: `A ${roles.join(', ')} reads ${type} for a reason alone: state it in X-Access-Reason.`,
    });
}

/** What the caller's roles give of a type; undefined where roles are not asked. */
export const rolePermitOf = (
  { roles }: Pick<Caller, 'roles'>,
  right: RoleRight,
  type: string,
): RolePermit | undefined => (roles === undefined ? undefined : rightOfRoles(roles, right, type));

const refused = ({ roles = [] }: Caller, what: string): OperationOutcomeError =>
  new OperationOutcomeError('role-insufficient', { diagnostics: `${roles.join(', ')}: may not ${what}` });

/**
 * An operation by its row, under the id of its definition.
 *
 * @throws OperationOutcomeError `role-insufficient`, `step-up-needed`
 */
export function checkOperationRole({ caller }: Request, definition: string, now: number): void {
  if (caller.roles === undefined) return;
  checkPerson(caller, caller.roles, now);
  const permit = operationOfRoles(caller.roles, definition);
  if (permit === undefined) throw refused(caller, `invoke ${definition}`);
  if (permit.cell === 'step-up') checkFresh(caller, now);
  if (permit.cell === 'reason' && caller.reason === undefined)
    throw new OperationOutcomeError('role-insufficient', {
      diagnostics: `A ${permit.role} invokes ${definition} for a reason alone: state it in X-Access-Reason.`,
    });
}

/**
 * A move of a referral by its row, whichever resource was written for it.
 *
 * @throws OperationOutcomeError `role-insufficient`, `step-up-needed`
 */
export function checkMoveRole(caller: Caller, event: string, now: number): void {
  if (caller.roles === undefined) return;
  const permit = moveOfRoles(caller.roles, event);
  if (permit === undefined) throw refused(caller, `move a referral by ${event}`);
  if (permit.cell === 'step-up') checkFresh(caller, now);
}

/** @throws OperationOutcomeError `step-up-needed` */
function checkFresh({ authenticatedAt }: Caller, now: number): void {
  if (!isFreshLogin(authenticatedAt, now)) throw new OperationOutcomeError('step-up-needed');
}

/** Whether a role gives a right of this server beyond resources. */
export const roleGives = ({ roles = [] }: Caller, scope: ServerScope): boolean =>
  roles.some((role) => SERVER_RIGHTS[scope]?.includes(role) === true);

/**
 * The roles that permitted a request, for the audit: two hats of one person are told apart (identity ID-5). Undefined: roles
 * were not asked, or the request was asked by its parts.
 */
export function rolesPermitting(
  request: Pick<Request, 'caller' | 'interaction' | 'type'>,
): readonly Role[] | undefined {
  const { caller, interaction, type = '*' } = request;
  if (COMPOSITE.has(interaction)) return caller.roles;
  return permittingOf(caller, INTERACTION_RIGHTS[interaction as Unconditional], type); // by the line before
}

/** The same of a write within a request. */
export const rolesWriting = (
  caller: Caller,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  type: string,
): readonly Role[] | undefined =>
  permittingOf(caller, method === 'POST' ? 'c' : method === 'DELETE' ? 'd' : 'u', type);

/** Where an operation did what the row of its type does not say, all roles are named. */
function permittingOf(caller: Caller, right: RoleRight, type: string): readonly Role[] | undefined {
  const { roles = [] } = rolePermitOf(caller, right, type) ?? {};
  return roles.length === 0 ? caller.roles : roles;
}
