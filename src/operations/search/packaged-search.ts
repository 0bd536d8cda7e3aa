/**
 * Finds definitions that come with this server by their canonical or id: a search that names either finds them, too.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Clause, Match } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { idOf } from '../../resources/element.ts';
import { matches } from '../../resources/match.ts';
import { packagedByUrl } from '../../resources/packaged.ts';
import { searchValues } from '../../resources/search-values.ts';
import { isWithinNarrowing } from '../write/scoped.ts';
import type { Packaged } from '../context.ts';

export interface PackagedMatch {
  readonly ref: Ref;
  readonly text: string;
}

/**
 * The packaged resources of a type that satisfy a clause, as far as the clause names them by `url` or `_id`. A stored
 * resource overrides a packaged one of the same canonical.
 */
export function searchPackaged(
  packaged: Packaged,
  type: string,
  where: Clause,
  stored: readonly Match[],
  narrowed: Clause | undefined,
): readonly PackagedMatch[] {
  const candidates = new Map<Ref, Resource>();
  for (const resource of named(packaged, type, where))
    candidates.set(`${type}/${resource.id ?? ''}`, resource);
  if (candidates.size === 0 || !isOfItself(where)) return [];
  const urls = new Set(stored.map(({ text }) => parseStored(text)['url']));
  return [...candidates]
    .filter(([, resource]) => !urls.has(resource['url']))
    .filter(([ref, resource]) => isWithinNarrowing(narrowed, ref, resource, ''))
    .filter(([ref, resource]) => matches(where, { ref, type, values: searchValues(resource, type) }))
    .map(([ref, resource]) => ({ ref, text: JSON.stringify(resource) }));
}

function named(packaged: Packaged, type: string, where: Clause): readonly Resource[] {
  switch (where.kind) {
    case 'all':
    case 'any':
      return where.of.flatMap((one) => named(packaged, type, one));
    case 'id':
      return where.ids.flatMap((id) => packaged(`${type}/${id}`) ?? []);
    case 'uri':
      return where.param === 'url' && where.match === 'exact' ? byUrl(packaged, type, where.value) : [];
    default:
      return [];
  }
}

/** By its canonical; what is made here, such as an OperationDefinition, has its id at the end of it. */
function byUrl(packaged: Packaged, type: string, url: string): readonly Resource[] {
  const found =
    packagedByUrl(type, url) ?? packaged(`${type}/${idOf(`${type}/${url.slice(url.lastIndexOf('/') + 1)}`)}`);
  return found?.['url'] === url ? [found] : [];
}

/** Kinds of clauses that depend on the resource alone, and not on when it was written. */
const OWN: ReadonlySet<Clause['kind']> = new Set([
  'missing',
  'token',
  'string',
  'reference',
  'uri',
  'range',
  'id',
]);

function isOfItself(where: Clause): boolean {
  if (where.kind === 'all' || where.kind === 'any') return where.of.every(isOfItself);
  if (where.kind === 'not') return isOfItself(where.clause);
  return OWN.has(where.kind);
}
