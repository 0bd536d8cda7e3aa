/**
 * The terminology for `:in`, `:not-in`, `:below` and `:above` of a search: the packaged part, and the stored part that
 * the caller may read. A search names a value set by its canonical or by its URL.
 */
import { parseReference, relativeTo } from '../../fhir/reference.ts';
import type { Ref, ValueSet } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { namedTerms, type NamedTerms, type Pair } from '../../resources/search-query.ts';
import type { TerminologySource, Selection } from '../../resources/terminology/terminology-source.ts';
import type { Caller } from '../request.ts';
import { sightForType } from '../scope.ts';
import type { Seeing } from '../terminology.ts';

/** The caller, and the moment. */
interface AskingTerms {
  readonly snapshot: () => Snapshot;
  readonly caller: Caller;
  readonly base: string;
  readonly signal?: AbortSignal;
}

/** Undefined when the search names no value set and no code: most name none, and terminology is large. */
export async function termsOf(
  pairs: readonly Pair[],
  asking: AskingTerms,
): Promise<TerminologySource | undefined> {
  const named = namedTerms(pairs);
  if (named.valueSets.length === 0 && named.systems.length === 0) return undefined;
  const { snapshot, caller, signal } = asking;
  const sight = sightForType(caller, 'ValueSet');
  if (sight === undefined || sightForType(caller, 'CodeSystem') === undefined) {
    const { PACKAGED } = await import('../../resources/terminology/packaged.ts');
    return { ...PACKAGED }; // each search has its own
  }
  return loadNamed(
    { snapshot: snapshot(), sight, ...(signal !== undefined && { signal }) },
    named,
    asking.base,
  );
}

async function loadNamed(
  seeing: Seeing,
  { valueSets, systems }: NamedTerms,
  base: string,
): Promise<TerminologySource> {
  const [{ loadTerminology, readStoredTerminology }, { packagedDefinition }, { selectionOf }] =
    await Promise.all([
      import('../terminology.ts'),
      import('../../resources/packaged.ts'),
      import('../../resources/terminology/stored.ts'),
    ]);
  const literal = new Map<string, Selection>();
  for (const text of valueSets) {
    const ref = refOf(text, base);
    const found =
      ref === undefined ? undefined : ((await readStoredTerminology(seeing, ref)) ?? packagedDefinition(ref));
    if (found !== undefined) literal.set(text, selectionOf(found as ValueSet)); // by its ref
  }
  const canonicals = valueSets.filter((text) => !literal.has(text));
  const held = await loadTerminology(seeing, {
    valueSets: canonicals,
    systems,
    given: [...literal.values()],
  });
  return { ...held, valueSet: (canonical) => literal.get(canonical) ?? held.valueSet(canonical) };
}

/** `ValueSet/id`, or the same as a URL of our own. */
function refOf(text: string, base: string): Ref | undefined {
  const reference = parseReference(relativeTo(base, text));
  return reference?.kind === 'local' && reference.type === 'ValueSet' ? reference.ref : undefined;
}
