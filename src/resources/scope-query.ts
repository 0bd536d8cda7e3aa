/**
 * The query of a granular scope, `Observation.rs?category=laboratory`, as a clause: read by the parser of searches, so that
 * it means what a search of the type means (smart 4.4).
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Clause } from '../ports/query.ts';
import { parseScopes, type Scope } from '../smart/scopes.ts';
import { parseFilter } from './search/filter.ts';
import { inlineOf } from './search/parameter.ts';
import { searchParameters } from './search-parameters.ts';

/** The largest number of parameters of one scope (smart SM-40). */
const PARAMETERS_MAX = 4;

/** The parameters that mean the same for every type. */
const OF_EVERY_TYPE: ReadonlySet<string> = new Set(['_security', '_tag']);

type QueryOfScope = Pick<Scope, 'type' | 'query'>;

/**
 * Why the query of a scope cannot be evaluated, in words that name the parameter; undefined where it can, or where there is
 * none.
 */
export function queryFault(scope: QueryOfScope, base: string): string | undefined {
  const read = readQuery(scope, base);
  return typeof read === 'string' ? read : undefined;
}

/** The clause of a scope's query; undefined where the scope is for the whole type. Only for scopes of {@link readScopes}. */
export function clauseOfScope(scope: Scope): Clause | undefined {
  if (scope.query === undefined) return undefined;
  return known.get(scope) ?? NOTHING;
}

/** What no version satisfies. */
export const NOTHING: Clause = { kind: 'any', of: [] };

const known = new WeakMap<Scope, Clause>();

/** Texts of scopes that are remembered with what they mean: a token has the same for as long as it lives. */
const TEXTS_MAX = 500;
const read = new Map<string, readonly Scope[]>();

/**
 * The resource scopes of a token's `scope` claim, in its order. Those that cannot be evaluated grant nothing, and are left
 * out: to leave out the query alone would grant more than the issuer did.
 *
 * @param base the server's own base, by which a query may name its resources
 */
export function readScopes(text: string, base: string): readonly Scope[] {
  const key = `${base} ${text}`;
  const remembered = read.get(key);
  if (remembered !== undefined) return remembered;
  const scopes = parseScopes(text).filter((scope) => {
    const clause = readQuery(scope, base);
    if (typeof clause === 'object') known.set(scope, clause);
    return typeof clause !== 'string';
  });
  if (read.size >= TEXTS_MAX) read.clear();
  read.set(key, scopes);
  return scopes;
}

/** The clause of a query, or why there is none; undefined where there is no query. */
function readQuery({ type, query }: QueryOfScope, base: string): Clause | string | undefined {
  if (query === undefined) return undefined;
  if (query.length > PARAMETERS_MAX) return `has more than ${PARAMETERS_MAX} parameters`;
  if (query.length === 0) return 'has no parameter';
  const of: Clause[] = [];
  for (const [name, value] of query) {
    const why = faultOfParameter(type, name, value);
    if (why !== undefined) return why;
    try {
      // What a parameter means does not depend on the type where every type has it.
      const clause = parseFilter(type === '*' ? 'Basic' : type, name, value, { base, now: 0 });
      if (clause === undefined) return `${name} is no search parameter of ${type}`;
      of.push(clause);
    } catch (fault) {
      if (fault instanceof OperationOutcomeError) return fault.issues[0]?.diagnostics ?? `${name} is refused`;
      throw fault;
    }
  }
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'all', of };
}

function faultOfParameter(type: string, name: string, value: string): string | undefined {
  if (/[:.]/.test(name)) return `${name}: a scope takes neither modifiers nor chains`;
  if (type === '*')
    return OF_EVERY_TYPE.has(name) ? undefined : `${name}: of every type at once, _security and _tag alone`;
  if (name === '_id') return undefined;
  const parameter = searchParameters(type).get(name);
  if (parameter === undefined) return `${name} is no search parameter of ${type} that a scope takes`;
  if (parameter.kind === 'composite') return `${name} is a composite`;
  if (parameter.kind === 'near' || inlineOf(parameter) !== undefined)
    return `${name} is no plain parameter of ${type}`;
  if (parameter.kind === 'date' && /(?:^|,)ap/.test(value))
    return `${name}: what is near a date changes with the present`;
  return undefined;
}
