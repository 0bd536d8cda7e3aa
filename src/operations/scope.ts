/** Whether the caller's scopes permit the interaction (SMART App Launch 2.2); deny by default. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Clause, Narrowing, Sight } from '../ports/query.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { permits, rightsFor, type ScopedInteraction } from '../smart/permits.ts';
import type { Right } from '../smart/scopes.ts';
import type { ServerScope } from '../smart/server-scopes.ts';
import { allNarrowed, eitherOf, narrowedAlso, narrowedFor, staysWithPatient } from './narrowing.ts';
import { checkTypeRole, rolePermitOf, roleGives } from './role.ts';
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
  if (ASKED_BY_PARTS.has(request.interaction) || readsItself(request)) return;
  permitted(request.caller, scopedInteraction(request), request.type ?? '*');
}

/** Whether the user asks who it is: the one resource, by a read (smart SM-53). */
const readsItself = ({ interaction, type, id, caller }: Request): boolean =>
  interaction === 'read' && caller.profile !== undefined && `${type}/${id}` === caller.profile;

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

/** Whether the caller's token has a scope of this server, or a role gives as much (compliance S4): asked here, and nowhere else. */
export const hasServerScope = (caller: Caller, scope: ServerScope): boolean =>
  caller.serverScopes?.includes(scope) === true || roleGives(caller, scope);

/**
 * What the caller may see for this request: its organization's clause, narrowed by patient scopes and by the queries of
 * granular ones (smart SM-21, SM-26).
 */
export function sightFor(request: Request): Sight {
  const { caller, interaction, type = '*' } = request;
  if (ASKED_BY_PARTS.has(interaction) || readsItself(request)) return sightOf(caller);
  const scoped = scopedInteraction(request);
  const patientOnly = permitted(caller, scoped, type);
  if (patientOnly && caller.patient === undefined) {
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics: 'patient scopes need a patient in the token',
    });
  }
  const rights = rightsFor(scoped);
  const stays = patientOnly || rights.some((right) => staysWithPatient(caller, type, right));
  return sightOf(caller, stays, narrowingOf(caller, type, rights));
}

/**
 * By the right of the interaction. Whoever writes a resource sees it by the right to read it or to write it, and all others
 * by the right to read them; which of the two it was is asked when it is written.
 */
function narrowingOf(caller: Caller, type: string, rights: readonly Right[]): Narrowing | undefined {
  const [own = 'r'] = rights;
  if (own === 'r' || own === 's') return allNarrowed(caller, own);
  const reading = allNarrowed(caller, 'r');
  if (reading === undefined) return undefined;
  const seeing = own === 'c' ? rights.slice(1) : [own];
  const either = seeing.reduce(
    (clause, right) => eitherOf(clause, narrowedFor(caller, type, right)),
    narrowedFor(caller, type, 'r'),
  );
  return narrowedAlso(reading, type, either);
}

/**
 * What the caller may see of another type, for includes and chains: nothing where its scopes give no search, or give it
 * for a patient that the token does not name.
 */
export const sightForType = (caller: Caller, type: string): Sight | undefined =>
  sightBy(caller, type, 'search-type');

/**
 * The sight in which a write may refer to resources of a type: by the right to read it (smart SM-36), within that of the
 * write. Undefined where the scopes give none: then it may refer to none of them.
 */
export function sightToRefer(caller: Caller, type: string, sight: Sight): Sight | undefined {
  const read = sightBy(caller, type, 'read');
  if (read === undefined || read.everything || sight.everything) return read && sight;
  const { narrow: _ofWrite, ...within } = sight;
  const { narrow, patient, hidden } = read;
  return {
    ...within,
    ...(patient !== undefined && { patient }),
    ...(hidden !== undefined && { hidden }),
    ...(narrow !== undefined && { narrow }),
  };
}

/**
 * The sight in which something is read that another resource names: as for an include. A file is by the right to read it,
 * and `isFileShown` says whether it may be (smart SM-37).
 */
export function sightOfNamed(caller: Caller, type: string): Sight | undefined {
  const found = sightForType(caller, type);
  return found === undefined || type !== 'Binary' ? found : sightToRefer(caller, type, found);
}

function sightBy(caller: Caller, type: string, interaction: 'read' | 'search-type'): Sight | undefined {
  const right = interaction === 'read' ? 'r' : 's';
  if (rolePermitOf(caller, right, type)?.roles.length === 0) return undefined;
  if (caller.administrator) return sightOf(caller, false, allNarrowed(caller, right));
  const permit = permits(caller.scopes, interaction, type);
  if (!permit.allowed || (permit.patientOnly && caller.patient === undefined)) return undefined;
  return sightOf(
    caller,
    permit.patientOnly || staysWithPatient(caller, type, right),
    allNarrowed(caller, right),
  );
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
      if (caller.administrator || permits(caller.scopes, 'search-type', type).allowed)
        checkTypeRole(caller, 's', type);
      throw new OperationOutcomeError('scope-insufficient', { diagnostics: `needed: system/${type}.s` });
    }
    if (!asked.everything && asked.patient !== undefined) narrowest = withPatientOf(asked, narrowest);
  }
  return narrowest;
}

/** A sight within the compartment of another. */
const withPatientOf = (other: Sight, sight: Sight): Sight =>
  other.everything || sight.everything
    ? other
    : {
        ...sight,
        ...(other.patient !== undefined && { patient: other.patient }),
        ...(other.hidden !== undefined && { hidden: other.hidden }),
      };

/**
 * The sight in which a condition of a write finds resources of a type: by the right to search it (smart SM-35). Undefined
 * where the scopes give none: such a condition finds nothing.
 */
export function sightToFind(caller: Caller, type: string, sight: Sight): Sight | undefined {
  const found = sightForType(caller, type);
  return found === undefined || sight.everything || sight.patient === undefined
    ? found
    : withPatientOf(sight, found);
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
