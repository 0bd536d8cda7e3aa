/** `_include` and `_revinclude` (http://hl7.org/fhir/R4/search.html#revinclude), each within the caller's sight. */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Match, Sight } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import type { Inclusion, ParsedSearch } from '../resources/search-query.ts';
import type { Request } from './request.ts';
import type { Room } from './room.ts';
import { sightForType } from './scope.ts';
import { searchRefusal } from './search-refusal.ts';
import { valuesOf } from './values.ts';

/** Included resources never include further ones more often than this, whatever `:iterate` asks. */
const ROUNDS_MAX = 3;

export async function findIncluded(
  room: Room,
  request: Request,
  snapshot: Snapshot,
  { include, revinclude }: ParsedSearch,
  matches: readonly Match[],
): Promise<readonly Match[]> {
  if (include.length === 0 && revinclude.length === 0) return [];
  const found = new Map<Ref, Match>(matches.map((match) => [match.ref, match]));
  let sources = matches;
  for (let round = 0; round < ROUNDS_MAX && sources.length > 0; round += 1) {
    const asked = (one: Inclusion): boolean => round === 0 || one.iterate;
    const next = [
      ...(await followAll(request, snapshot, include.filter(asked), sources)),
      ...(await referAll(room, request, snapshot, revinclude.filter(asked), sources)),
    ].filter(({ ref }) => !found.has(ref));
    for (const match of next) if (found.size < room.settings.includesMax) found.set(match.ref, match);
    sources = next.filter(({ ref }) => found.has(ref));
  }
  const matched = new Set(matches.map(({ ref }) => ref));
  return [...found.values()].filter(({ ref }) => !matched.has(ref));
}

/** What the sources refer to. */
async function followAll(
  { caller }: Request,
  snapshot: Snapshot,
  inclusions: readonly Inclusion[],
  sources: readonly Match[],
): Promise<readonly Match[]> {
  const targets = new Set<Ref>();
  for (const { ref, text } of sources) {
    const wanted = inclusions.filter(({ type }) => type === typeOf(ref));
    if (wanted.length === 0) continue;
    for (const { param, low } of valuesOf(JSON.parse(text) as Resource)) {
      const local = typeof low === 'string' && RESOURCE_TYPES.has(typeOf(low)) ? (low as Ref) : undefined;
      if (local === undefined) continue;
      if (wanted.some((one) => one.param === param && (one.target ?? typeOf(local)) === typeOf(local)))
        targets.add(local);
    }
  }
  const read = [...targets].map((ref) => readMatch(snapshot, ref, sightForType(caller, typeOf(ref))));
  return (await Promise.all(read)).filter((match) => match !== undefined);
}

async function readMatch(snapshot: Snapshot, ref: Ref, sight: Sight | undefined): Promise<Match | undefined> {
  const version = sight === undefined ? undefined : await snapshot.read(ref, sight);
  if (version?.text === undefined) return undefined;
  const { seq, text, custodian } = version;
  return { ref, seq, text, custodian };
}

/** What refers to the sources. */
async function referAll(
  { settings }: Room,
  { caller, signal }: Request,
  snapshot: Snapshot,
  inclusions: readonly Inclusion[],
  sources: readonly Match[],
): Promise<readonly Match[]> {
  const found: Match[] = [];
  for (const { type, param, target } of inclusions) {
    const sight = sightForType(caller, type);
    const to = sources.map(({ ref }) => ref).filter((ref) => target === undefined || typeOf(ref) === target);
    if (sight === undefined || to.length === 0 || !RESOURCE_TYPES.has(type)) continue;
    const where = { kind: 'reference', param, to } as const;
    const query = { type, where, sort: [], sight, count: settings.includesMax, offset: 0, total: false };
    const page = await snapshot.search(query, signal).catch(searchRefusal);
    found.push(...page.matches);
  }
  return found;
}
