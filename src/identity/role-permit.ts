/** Whether roles permit something, what they limit it to, and which of them it was (identity ID-5, ID-7). Pure. */
import type { Limit } from './limits.ts';
import { moveCellOf, type MoveCell } from './move-permissions.ts';
import { operationCellOf, type OperationCell } from './operation-permissions.ts';
import { grantsOf, type RoleRight } from './permissions.ts';
import type { Role } from './roles.ts';

/** A right on a type, by the roles that give it. */
export interface RolePermit {
  /** Empty: none gives it. Those that give it whole, where there are any. */
  readonly roles: readonly Role[];
  /** What it is limited to, by one of these or another; empty: by nothing. */
  readonly limits: readonly Limit[];
}

/** The right of several roles is that of all of them together. */
export function rightOfRoles(roles: readonly Role[], right: RoleRight, type: string): RolePermit {
  const whole: Role[] = [];
  const partly: (readonly [Role, Limit])[] = [];
  for (const role of roles) {
    for (const { rights, limit } of grantsOf(role, type)) {
      if (!rights.has(right)) continue;
      if (limit === undefined) whole.push(role);
      else partly.push([role, limit]);
    }
  }
  if (whole.length > 0) return { roles: whole, limits: [] };
  return {
    roles: [...new Set(partly.map(([role]) => role))],
    limits: [...new Set(partly.map(([, limit]) => limit))],
  };
}

/** The strongest cell first: what needs least. */
const OPERATION_CELLS: readonly OperationCell[] = ['yes', 'raise', 'own', 'step-up', 'reason'];
const MOVE_CELLS: readonly MoveCell[] = ['yes', 'attach', 'step-up'];

/** What the roles may do of an operation, and which of them it is; undefined where none may. */
export function operationOfRoles(
  roles: readonly Role[],
  definition: string,
): { readonly role: Role; readonly cell: OperationCell } | undefined {
  for (const cell of OPERATION_CELLS) {
    const role = roles.find((one) => operationCellOf(one, definition) === cell);
    if (role !== undefined) return { role, cell };
  }
  return undefined;
}

/** What the roles may do of a move of a referral, by its trigger event; undefined where none may make it. */
export function moveOfRoles(
  roles: readonly Role[],
  event: string,
): { readonly role: Role; readonly cell: MoveCell } | undefined {
  for (const cell of MOVE_CELLS) {
    const role = roles.find((one) => moveCellOf(one, event) === cell);
    if (role !== undefined) return { role, cell };
  }
  return undefined;
}
