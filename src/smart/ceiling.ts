/** Whether the scopes that a client asks for are within those that it was registered with. */
import { parseScopes, type Scope } from './scopes.ts';

/** Each word that the ceiling does not cover. An empty list: all of them are within it. */
export function beyondCeiling(asked: readonly string[], ceiling: readonly string[]): readonly string[] {
  const words = new Set(ceiling);
  const scopes = parseScopes(ceiling.join(' '));
  return asked.filter((word) => !words.has(word) && !isCovered(word, scopes));
}

/**
 * Whether one scope of the ceiling, or several together, give every right of the word. A narrowed scope of the ceiling covers
 * only itself; a narrowed word is covered by what would cover it without its query.
 */
function isCovered(word: string, ceiling: readonly Scope[]): boolean {
  const [scope] = parseScopes(word);
  if (scope === undefined) return false;
  return [...scope.rights].every((right) =>
    ceiling.some(
      ({ level, type, rights, query }) =>
        query === undefined &&
        level === scope.level &&
        (type === '*' || type === scope.type) &&
        rights.has(right),
    ),
  );
}
