/**
 * What the scopes of a caller leave of a type, for a right (smart SM-22, 4.4): one of the scopes that give the right is
 * satisfied. Computed once for the scopes of a token.
 */
import type { Ref } from '../fhir/types.ts';
import { agreementNarrowing } from '../delivery/agreement-sight.ts';
import { joinedClause, narrowedBy, narrowedTogether } from '../delivery/joined-clauses.ts';
import { hiddenFrom } from '../policies/access.ts';
import type { Clause, Narrowing } from '../ports/query.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { clauseOfScope, NOTHING } from '../resources/scope-query.ts';
import { granting } from '../smart/permits.ts';
import type { Right, Scope } from '../smart/scopes.ts';
import type { Caller } from './request.ts';
import { roleNarrowing, roleNarrowingFor } from './role-limits.ts';

type Scoped = Pick<
  Caller,
  | 'administrator'
  | 'agreements'
  | 'organization'
  | 'patient'
  | 'purposes'
  | 'reason'
  | 'roles'
  | 'scopes'
  | 'user'
>;

/**
 * What is left of a type: undefined for all of it, {@link NOTHING} where no scope gives the right. Scopes for one patient
 * beside others that are narrowed add what is in that patient's compartment; where there are none but those, the
 * compartment is the caller's sight already.
 */
export function narrowingFor(caller: Scoped, type: string, right: Right): Clause | undefined {
  if (caller.administrator) return undefined;
  const key = `${right} ${type}`;
  const known = clausesOf(caller);
  if (known.has(key)) return known.get(key);
  const clause = compute(caller, type, right);
  known.set(key, clause);
  return clause;
}

function compute(caller: Scoped, type: string, right: Right): Clause | undefined {
  const { scopes, patient } = caller;
  // A file is read as the document that it belongs to, which no clause on the file alone says (smart SM-37).
  if (type === 'Binary' && right === 's' && narrowingFor(caller, 'DocumentReference', 's') !== undefined)
    return NOTHING;
  const giving = granting(scopes, right, type);
  if (giving.length === 0) return NOTHING;
  const isOfPatient = giving.every(({ level }) => level === 'patient');
  const of: Clause[] = [];
  for (const scope of giving) {
    const clause = clauseOfScope(scope);
    if (isOfPatient || scope.level !== 'patient') {
      if (clause === undefined) return undefined;
      of.push(clause);
    } else if (patient !== undefined) {
      const inside: Clause = { kind: 'inside', patient };
      of.push(clause === undefined ? inside : { kind: 'all', of: [inside, clause] });
    }
  }
  const [only] = of;
  return of.length === 1 ? only : { kind: 'any', of };
}

/**
 * Whether scopes for one patient stand beside narrowed others, and the patient asks: content is hidden from patients within
 * their compartment, so such a caller stays within it.
 */
export const staysWithPatient = (
  { administrator, scopes, patient, user }: Scoped,
  type: string,
  right: Right,
): boolean =>
  !administrator &&
  patient !== undefined &&
  hiddenFrom(user).length > 0 &&
  granting(scopes, right, type).some(({ level }) => level === 'patient') &&
  granting(scopes, right, type).every(({ level, query }) => level === 'patient' || query !== undefined);

/** Clauses that any of two satisfies. */
export function eitherOf(one: Clause | undefined, other: Clause | undefined): Clause | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one === NOTHING || one === other) return other;
  return other === NOTHING ? one : joinedClause(one, other, 'any');
}

/** Every type that narrowed scopes leave in part, for a right; undefined where they leave all that they give. */
function narrowedByScopes(caller: Scoped, right: Right): Narrowing | undefined {
  if (caller.administrator || isWhole(caller, right)) return undefined;
  const known = narrowingsOf(caller);
  const made = known.get(right);
  if (made !== undefined) return made;
  const narrowing: Record<string, Clause> = {};
  for (const type of new Set([...typesOf(caller.scopes), 'Binary'])) {
    // Types for which no scope gives the right are left to the check of scopes, which has refused what needs it.
    if (granting(caller.scopes, right, type).length === 0) continue;
    const clause = narrowingFor(caller, type, right);
    if (clause !== undefined) narrowing[type] = clause;
  }
  known.set(right, narrowing);
  return narrowing;
}

/**
 * Every type that scopes, roles and agreements together leave in part, for a right; undefined where they leave all that they
 * give.
 */
export const allNarrowed = (caller: Scoped, right: Right): Narrowing | undefined =>
  narrowedBy(
    narrowedBy(narrowedByScopes(caller, right), roleNarrowing(caller, right)),
    agreementsNarrowing(caller, right),
  );

/** What scopes, roles and agreements together leave of a type. */
export const narrowedFor = (caller: Scoped, type: string, right: Right): Clause | undefined =>
  narrowedTogether(
    narrowedTogether(narrowingFor(caller, type, right), roleNarrowingFor(caller, type, right)),
    agreementsNarrowing(caller, right)?.[type],
  );

/** What agreements in force leave to an organization that works for others (baa-messaging BA13). */
function agreementsNarrowing(
  { administrator, organization, agreements }: Scoped,
  right: Right,
): Narrowing | undefined {
  if (administrator || organization === undefined || agreements === undefined) return undefined;
  // A file that is read is seen by what carries it, which `isFileShown` asks; nothing finds one.
  return agreementNarrowing({ organization, ...agreements }, right === 's' ? 'none' : 'all');
}

/** With another clause for one type. */
export function narrowedAlso(
  narrowing: Narrowing | undefined,
  type: string,
  clause: Clause | undefined,
): Narrowing | undefined {
  if (narrowing?.[type] === clause) return narrowing;
  const { [type]: _before, ...others } = narrowing ?? {};
  return clause === undefined ? others : { ...others, [type]: clause };
}

/** Whether the scopes leave all of every type that they give the right on. */
const isWhole = (caller: Scoped, right: Right): boolean =>
  caller.scopes.every(({ query }) => query === undefined) &&
  (right !== 's' || narrowingFor(caller, 'Binary', 's') === undefined);

function typesOf(scopes: readonly Scope[]): Iterable<string> {
  const narrowed = scopes.filter(({ query }) => query !== undefined);
  return narrowed.some(({ type }) => type === '*')
    ? RESOURCE_TYPES.keys()
    : new Set(narrowed.map(({ type }) => type));
}

interface Made {
  readonly clauses: Map<string, Clause | undefined>;
  readonly narrowings: Map<Right, Narrowing>;
}

/** By the scopes of a token, and its patient. */
const made = new WeakMap<readonly Scope[], Map<Ref | undefined, Made>>();

/** Patients of whom it is remembered for the same scopes. */
const PATIENTS_MAX = 1000;

function madeFor({ scopes, patient }: Scoped): Made {
  let byPatient = made.get(scopes);
  if (byPatient === undefined) made.set(scopes, (byPatient = new Map<Ref | undefined, Made>()));
  const known = byPatient.get(patient);
  if (known !== undefined) return known;
  if (byPatient.size >= PATIENTS_MAX) byPatient.clear();
  const fresh: Made = { clauses: new Map(), narrowings: new Map() };
  byPatient.set(patient, fresh);
  return fresh;
}

const clausesOf = (caller: Scoped): Map<string, Clause | undefined> => madeFor(caller).clauses;
const narrowingsOf = (caller: Scoped): Map<Right, Narrowing> => madeFor(caller).narrowings;
