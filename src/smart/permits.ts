/** Which rights an interaction needs, and whether scopes give them: SMART App Launch 2.2, "Scopes for requesting FHIR Resources". */
import type { Right, Scope } from './scopes.ts';

type Unconditional = keyof typeof NEEDS;

/** FHIR's codes of the interactions that a scope can be about; the conditional forms of writes by their own names. */
export type ScopedInteraction = Unconditional | `conditional-${'create' | 'update' | 'patch' | 'delete'}`;

export type Permit =
  /** `patientOnly`: some needed right comes from patient scopes alone, so the patient in context bounds the whole. */
  | { readonly allowed: true; readonly patientOnly: boolean }
  /** `needed`: the scope that would have been enough, e.g. `system/Task.r`. */
  | { readonly allowed: false; readonly needed: string };

const NEEDS = {
  read: 'r',
  vread: 'r',
  'history-instance': 'r',
  'history-type': 'r',
  'history-system': 'r',
  'search-type': 's',
  'search-system': 's',
  create: 'c',
  update: 'u',
  patch: 'u',
  delete: 'd',
} as const satisfies Record<string, Right>;

/**
 * Whether these scopes permit an interaction on a type; `*` stands for every type at once (system history and search).
 * The conditional forms find out whether something exists, so they need `s` as well.
 *
 * A scope narrowed by a query (`system/Observation.rs?category=laboratory`) grants nothing here: its query is not
 * evaluated, and leaving the query out would give more than the issuer gave.
 */
export function permits(scopes: readonly Scope[], interaction: ScopedInteraction, type: string): Permit {
  const needed = rightsFor(interaction);
  const sources = needed.map((right) => scopes.filter((scope) => grants(scope, right, type)));
  if (sources.some((source) => source.length === 0)) {
    return { allowed: false, needed: `system/${type}.${needed.join('')}` };
  }
  const patientOnly = sources.some((source) => source.every(({ level }) => level === 'patient'));
  return { allowed: true, patientOnly };
}

function rightsFor(interaction: ScopedInteraction): readonly Right[] {
  if (!interaction.startsWith('conditional-')) return [NEEDS[interaction as Unconditional]]; // by the union's other half
  const write = interaction.slice('conditional-'.length) as Unconditional; // likewise
  return [NEEDS[write], 's'];
}

function grants(scope: Scope, right: Right, type: string): boolean {
  if (scope.query !== undefined) return false;
  return scope.rights.has(right) && (scope.type === '*' || scope.type === type);
}
