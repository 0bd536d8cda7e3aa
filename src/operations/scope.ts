/** Whether the caller's scopes permit the interaction (SMART App Launch 2.2); deny by default. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Sight } from '../ports/query.ts';
import { permits, type ScopedInteraction } from '../smart/permits.ts';
import { sightOf, type Caller, type Interaction, type Request } from './request.ts';

/** Interactions whose parts are asked one by one. */
const ASKED_BY_PARTS: ReadonlySet<Interaction> = new Set(['batch', 'transaction', 'operation']);

/** @throws OperationOutcomeError `scope-insufficient`, naming the scope that would be enough */
export function checkScope(request: Request): void {
  if (ASKED_BY_PARTS.has(request.interaction)) return;
  permitted(request.caller, scopedInteraction(request), request.type ?? '*');
}

function scopedInteraction({ interaction, id, ifNoneExist }: Request): ScopedInteraction {
  const scoped = interaction as Exclude<Interaction, 'batch' | 'transaction' | 'operation'>;
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

/** What the caller may see of another type, for includes and chains: nothing where its scopes give no search. */
export function sightForType(caller: Caller, type: string): Sight | undefined {
  if (caller.administrator) return sightOf(caller);
  const permit = permits(caller.scopes, 'search-type', type);
  return permit.allowed ? sightOf(caller, permit.patientOnly) : undefined;
}
