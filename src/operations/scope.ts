/** Whether the caller's scopes permit the interaction (SMART App Launch 2.2); deny by default. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Clause, Sight } from '../ports/query.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { permits, type ScopedInteraction } from '../smart/permits.ts';
import type { ServerScope } from '../smart/server-scopes.ts';
import { sightOf, type Caller, type Interaction, type Request } from './request.ts';

/** Interactions whose parts are asked one by one. */
const ASKED_BY_PARTS: ReadonlySet<Interaction> = new Set([
  'batch',
  'transaction',
  'operation',
  'search-system',
]);

/** @throws OperationOutcomeError `organization-unknown`: whoever is no administrator asks as an organization (rules 2.5) */
export function checkOrganization({ caller }: Request): void {
  if (!caller.administrator && caller.organization === undefined) {
    throw new OperationOutcomeError('organization-unknown');
  }
}

/** @throws OperationOutcomeError `scope-insufficient`, naming the scope that would be enough */
export function checkScope(request: Request): void {
  if (ASKED_BY_PARTS.has(request.interaction)) return;
  permitted(request.caller, scopedInteraction(request), request.type ?? '*');
}

function scopedInteraction({ interaction, id, ifNoneExist }: Request): ScopedInteraction {
  const scoped = interaction as Exclude<Interaction, 'batch' | 'transaction' | 'operation' | 'search-system'>;
  if (scoped === 'create') return ifNoneExist === undefined ? 'create' : 'conditional-create';
  if (id !== undefined) return scoped;
  if (scoped === 'update' || scoped === 'patch' || scoped === 'delete') return `conditional-${scoped}`;
  return scoped;
}

/** Whether some needed right comes from patient scopes alone. */
function permitted(caller: Caller, interaction: ScopedInteraction, type: string): boolean {
  if (caller.administrator) return false;
  const permit = permits(caller.scopes, interaction, type);
  if (permit.allowed) return permit.patientOnly;
  throw new OperationOutcomeError('scope-insufficient', { diagnostics: `needed: ${permit.needed}` });
}

/** Whether the caller's token has a scope of this server (compliance S4): asked here, and nowhere else. */
export const hasServerScope = ({ serverScopes = [] }: Caller, scope: ServerScope): boolean =>
  serverScopes.includes(scope);

/** What the caller may see for this request: its organization's clause, narrowed by patient scopes. */
export function sightFor(request: Request): Sight {
  if (ASKED_BY_PARTS.has(request.interaction)) return sightOf(request.caller);
  const patientOnly = permitted(request.caller, scopedInteraction(request), request.type ?? '*');
  if (patientOnly && request.caller.patient === undefined) {
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics: 'patient scopes need a patient in the token',
    });
  }
  return sightOf(request.caller, patientOnly);
}

/**
 * What the caller may see of another type, for includes and chains: nothing where its scopes give no search, or give it
 * for a patient that the token does not name.
 */
export function sightForType(caller: Caller, type: string): Sight | undefined {
  if (caller.administrator) return sightOf(caller);
  const permit = permits(caller.scopes, 'search-type', type);
  if (!permit.allowed || (permit.patientOnly && caller.patient === undefined)) return undefined;
  return sightOf(caller, permit.patientOnly);
}

/**
 * The sight in which a clause is asked. Every type that a chain passes must be one the caller's scopes let it search; the
 * narrowest sight holds for all.
 *
 * @throws OperationOutcomeError `scope-insufficient`, naming the scope that would be enough
 */
export function sightForClause(caller: Caller, where: Clause, sight: Sight): Sight {
  let narrowest = sight;
  for (const type of chainedTypes(where)) {
    const asked = sightForType(caller, type);
    if (asked === undefined) {
      throw new OperationOutcomeError('scope-insufficient', { diagnostics: `needed: system/${type}.s` });
    }
    if (!asked.everything && asked.patient !== undefined) narrowest = asked;
  }
  return narrowest;
}

/** A chain over all targets of a parameter counts only those that are served and asked for. */
function chainedTypes(clause: Clause): readonly string[] {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return clause.of.flatMap(chainedTypes);
    case 'not':
      return chainedTypes(clause.clause);
    case 'chain':
      return [...clause.types.filter((type) => RESOURCE_TYPES.has(type)), ...chainedTypes(clause.where)];
    case 'has':
      return [clause.type, ...chainedTypes(clause.where)];
    default:
      return [];
  }
}
