/**
 * The grammar of SMART scopes: App Launch 2.2, section "Scopes for requesting FHIR Resources", and the older
 * `.read` `.write` `.*` of App Launch 1.0, which stand for `rs`, `cud` and `cruds`.
 */

export type Right = 'c' | 'r' | 'u' | 'd' | 's';

/** One resource scope, in the terms of version 2 whichever version it was written in. */
export interface Scope {
  readonly level: 'patient' | 'user' | 'system';
  /** A resource type, or `*` for every type. */
  readonly type: string;
  readonly rights: ReadonlySet<Right>;
  /** The pairs of `?param=value&…` that narrow the scope, percent-decoded; absent when nothing narrows it. */
  readonly query?: readonly (readonly [name: string, value: string])[];
}

//                  level               type                    v1            v2: in this order    v2: narrowed by
const GRAMMAR = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]+)\.(?:(read|write|\*)|(c?r?u?d?s?))(?:\?(.+))?$/;

const VERSION_1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

/**
 * The resource scopes in a token's `scope` claim, in its order. What is not a resource scope (`openid`, `fhirUser`,
 * `launch/patient`) or breaks the grammar (rights out of order, a version 1 scope with a query) is left out, so that it
 * grants nothing.
 */
export function parseScopes(text: string): Scope[] {
  return text.split(/\s+/).flatMap((word) => parseScope(word) ?? []);
}

function parseScope(word: string): Scope | undefined {
  const [, level, type, version1, version2, query] = GRAMMAR.exec(word) ?? [];
  if (level === undefined || type === undefined) return undefined;
  if (version1 !== undefined && query !== undefined) return undefined;
  const rights = version1 === undefined ? version2 : VERSION_1[version1];
  if (!rights) return undefined;
  return {
    level: level as Scope['level'], // the grammar lets nothing else through
    type,
    rights: new Set(rights as Iterable<Right>), // likewise
    ...(query !== undefined && { query: [...new URLSearchParams(query)] }),
  };
}
