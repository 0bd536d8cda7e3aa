/** The terminology that `:in`, `:not-in`, `:below` and `:above` of a search are answered from. */
import { namedTerms, type Pair } from '../resources/search-query.ts';
import type { Held } from '../resources/terminology/held.ts';

/** Undefined when the search names no value set and no code: most do not, and terminology is large. */
export async function termsOf(pairs: readonly Pair[]): Promise<Held | undefined> {
  const { valueSets, systems } = namedTerms(pairs);
  if (valueSets.length === 0 && systems.length === 0) return undefined;
  const { PACKAGED } = await import('../resources/terminology/packaged.ts');
  return PACKAGED;
}
