/**
 * The grammar of SMART scopes: App Launch 2.2, section "Scopes for requesting FHIR Resources", and the older
 * `.read` `.write` `.*` of App Launch 1.0, which stand for `rs`, `cud` and `cruds`.
 */

export type Right = 'c' | 'r' | 'u' | 'd' | 's';

/** The rights in their order. */
export const RIGHTS: readonly Right[] = ['c', 'r', 'u', 'd', 's'];

/** One resource scope in the terms of version 2, whichever version it was written in. */
export interface Scope {
  /** As it was asked for and granted. */
  readonly text: string;
  readonly level: 'patient' | 'user' | 'system';
  /** A resource type, or `*` for every type. */
  readonly type: string;
  readonly rights: ReadonlySet<Right>;
  /** The pairs of `?param=value&…` that narrow the scope, percent-decoded; absent when the scope has no query. */
  readonly query?: readonly (readonly [name: string, value: string])[];
}

//                  level               type                    v1            v2: in this order    v2: narrowed by
const GRAMMAR = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]+)\.(?:(read|write|\*)|(c?r?u?d?s?))(?:\?(.+))?$/;

const VERSION_1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

/**
 * The resource scopes of a token's `scope` claim, in its order. The function leaves out other scopes (`openid`,
 * `fhirUser`, `launch/patient`) and scopes that break the grammar (rights out of order, a version 1 scope with a
 * query), so that these grant nothing.
 */
export function parseScopes(text: string): Scope[] {
  return text.split(/\s+/).flatMap((word) => parseScope(word) ?? []);
}

/** One word; undefined where it is no resource scope, or breaks the grammar. */
export function parseScope(word: string): Scope | undefined {
  const [, level, type, version1, version2, query] = GRAMMAR.exec(word) ?? [];
  if (level === undefined || type === undefined) return undefined;
  if (version1 !== undefined && query !== undefined) return undefined;
  const rights = version1 === undefined ? version2 : VERSION_1[version1];
  if (!rights) return undefined;
  return {
    text: word,
    level: level as Scope['level'], // the grammar admits no other value
    type,
    rights: new Set(rights as Iterable<Right>), // the grammar admits no other value
    ...(query !== undefined && { query: [...new URLSearchParams(query)] }),
  };
}
