/**
 * The rights that an interaction needs, and whether scopes give them: SMART App Launch 2.2, "Scopes for requesting FHIR
 * Resources".
 */
import type { Right, Scope } from './scopes.ts';

type Unconditional = keyof typeof INTERACTION_RIGHTS;

/**
 * FHIR's codes of the interactions that a scope can permit; the conditional forms of writes have names of their own.
 */
export type ScopedInteraction = Unconditional | `conditional-${'create' | 'update' | 'patch' | 'delete'}`;

export type ScopePermit =
  /**
   * `patientOnly`: only patient scopes give one of the needed rights, so the token's patient bounds the whole
   * interaction.
   */
  | { readonly allowed: true; readonly patientOnly: boolean }
  /** `needed`: the scope that would permit the interaction, such as `system/Task.r`. */
  | { readonly allowed: false; readonly needed: string };

/** The right that each interaction needs, of scopes and of roles alike. */
export const INTERACTION_RIGHTS = {
  read: 'r',
  vread: 'r',
  'history-instance': 'r',
  'history-type': 's',
  'history-system': 's',
  'search-type': 's',
  'search-system': 's',
  create: 'c',
  update: 'u',
  patch: 'u',
  delete: 'd',
} as const satisfies Record<string, Right>;

/**
 * Whether these scopes permit an interaction on a type; `*` stands for every type at once (system history and search).
 * The conditional forms reveal whether a resource exists, so they need `s` as well. What a scope with a query leaves of the
 * type (`system/Observation.rs?category=laboratory`) is no question of whether: it is part of the sight.
 */
export function permits(scopes: readonly Scope[], interaction: ScopedInteraction, type: string): ScopePermit {
  if (scopes.length <= FEW) return judge(scopes, interaction, type);
  const known = judged.get(scopes) ?? new Map<string, ScopePermit>();
  judged.set(scopes, known);
  const key = `${interaction} ${type}`;
  const permit = known.get(key) ?? judge(scopes, interaction, type);
  if (known.size < JUDGED_MAX) known.set(key, permit);
  return permit;
}

/** So few scopes are asked one by one; of more it is remembered, because a token asks the same again and again. */
const FEW = 3;
const JUDGED_MAX = 1000;
const judged = new WeakMap<readonly Scope[], Map<string, ScopePermit>>();

function judge(scopes: readonly Scope[], interaction: ScopedInteraction, type: string): ScopePermit {
  const needed = rightsFor(interaction);
  const sources = needed.map((right) => granting(scopes, right, type));
  if (sources.some((source) => source.length === 0)) {
    return { allowed: false, needed: `system/${type}.${needed.join('')}` };
  }
  const patientOnly = sources.some((source) => source.every(({ level }) => level === 'patient'));
  return { allowed: true, patientOnly };
}

/** The scopes among them that give a right on a type. */
export const granting = (scopes: readonly Scope[], right: Right, type: string): readonly Scope[] =>
  scopes.filter((scope) => grants(scope, right, type));

/** The rights that an interaction needs; the first is its own. */
export function rightsFor(interaction: ScopedInteraction): readonly Right[] {
  if (!interaction.startsWith('conditional-')) return [INTERACTION_RIGHTS[interaction as Unconditional]]; // by the union's other half
  const write = interaction.slice('conditional-'.length) as Unconditional; // likewise
  return [INTERACTION_RIGHTS[write], 's'];
}

const grants = (scope: Scope, right: Right, type: string): boolean =>
  scope.rights.has(right) && (scope.type === '*' || scope.type === type);
