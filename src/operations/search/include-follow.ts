/**
 * `_include`: the resources to which others refer, by reference or by canonical url
 * (http://hl7.org/fhir/R4/search.html#include).
 */
import { parseReference, relativeTo } from '../../fhir/reference.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Clause, Match } from '../../ports/query.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { typeOf } from '../../resources/element.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { isFollowed, searchParameters, type SearchParameter } from '../../resources/search-parameters.ts';
import type { Inclusion } from '../../resources/search-query.ts';
import type { Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { sightForType } from '../scope.ts';
import { isPassedOver } from './hidden.ts';
import { searchRefusal } from './search-refusal.ts';
import { createTurns } from '../turns.ts';
import { valuesOf } from '../values.ts';

/** The context of an inclusion: the caller's sight, the moment, and the bounds. */
export interface Including {
  readonly context: OperationContext;
  readonly request: Request;
  readonly snapshot: Snapshot;
}

/** The result of one inclusion; `cut`: there is more. */
export interface Brought {
  readonly matches: readonly Match[];
  readonly cut: boolean;
}

/** The room that is left on the page. */
export interface Spare {
  readonly count: number;
  readonly characters: number;
}

/** A target of a reference: the current version, or the one that the reference names. */
interface Target {
  readonly ref: Ref;
  readonly version: string;
}

interface Targets {
  readonly references: Map<string, Target>;
  /** Canonicals with the types that they may have. */
  readonly canonicals: Map<string, Set<string>>;
}

/** The number of targets that are read before their size is checked. */
const AT_ONCE = 100;

/** The targets of the sources' references that the caller sees. */
export async function followAll(
  including: Including,
  inclusions: readonly Inclusion[],
  sources: readonly Match[],
  { characters }: Spare,
): Promise<Brought> {
  if (inclusions.length === 0) return { matches: [], cut: false };
  const targets: Targets = { references: new Map(), canonicals: new Map() };
  const { after } = createTurns();
  for (const source of sources) {
    collectTargets(including, inclusions, source, targets);
    await after(source.text.length);
  }
  const found: Match[] = [];
  let left = characters;
  const isFull = (matches: readonly Match[]): boolean => {
    for (const { text } of matches) left -= text.length;
    found.push(...matches);
    return left < 0;
  };
  const wanted = [...targets.references.values()];
  for (let from = 0; from < wanted.length; from += AT_ONCE) {
    const read = wanted.slice(from, from + AT_ONCE).map((target) => readTarget(including, target));
    if (isFull((await Promise.all(read)).filter((match) => match !== undefined)))
      return { matches: found, cut: true };
  }
  for (const [canonical, types] of targets.canonicals) {
    if (isFull(await readCanonical(including, canonical, types))) return { matches: found, cut: true };
  }
  return { matches: found, cut: false };
}

function collectTargets(
  { context, request }: Including,
  inclusions: readonly Inclusion[],
  { ref, text }: Match,
  targets: Targets,
): void {
  const type = typeOf(ref);
  const wanted = inclusions.filter((one) => one.type === type || one.type === '*');
  if (wanted.length === 0) return;
  const parameters = searchParameters(type);
  const values = valuesOf(parseStored(text));
  for (const { param, low, high } of values) {
    const parameter = parameters.get(param);
    const asking = wanted.filter((one) => one.param === param || one.param === '*');
    if (parameter === undefined || !isFollowed(parameter) || asking.length === 0 || typeof low !== 'string')
      continue;
    if (isPassedOver(request.caller, { type }, param)) continue;
    if (parameter.kind === 'uri') {
      // A canonical with a version is a value without it, too.
      const isCut = values.some((other) => other.param === param && String(other.low).startsWith(`${low}|`));
      if (!isCut) addCanonical(targets, parameter, asking, low);
    } else addReference(targets, asking, relativeTo(context.settings.publicBase, low), String(high));
  }
}

function addReference(
  { references }: Targets,
  asking: readonly Inclusion[],
  text: string,
  version: string,
): void {
  const parsed = parseReference(text);
  if (parsed?.kind !== 'local' || !RESOURCE_TYPES.has(parsed.type)) return;
  if (!asking.some(({ target = parsed.type }) => target === parsed.type)) return;
  references.set(`${parsed.ref} ${version}`, { ref: parsed.ref, version });
}

function addCanonical(
  { canonicals }: Targets,
  { targets }: SearchParameter,
  asking: readonly Inclusion[],
  canonical: string,
): void {
  const types = asking.flatMap(({ target }) =>
    target === undefined ? (targets ?? [...RESOURCE_TYPES.keys()]) : [target],
  );
  const known = canonicals.get(canonical) ?? new Set();
  for (const type of types) if (isPublished(type)) known.add(type);
  if (known.size > 0) canonicals.set(canonical, known);
}

/** Whether the type is served and found by its url. */
const isPublished = (type: string): boolean =>
  RESOURCE_TYPES.has(type) && searchParameters(type).get('url')?.kind === 'uri';

/** "If a resource has a reference that is versioned and _include is performed, the specified version SHOULD be provided." */
async function readTarget(
  { request, snapshot }: Including,
  { ref, version }: Target,
): Promise<Match | undefined> {
  const sight = sightForType(request.caller, typeOf(ref));
  if (sight === undefined) return undefined;
  const seq = Number(version);
  const found =
    version === ''
      ? await snapshot.read(ref, sight)
      : Number.isSafeInteger(seq)
        ? await snapshot.vread(ref, seq, sight)
        : undefined;
  return found === undefined ? undefined : matchOf(found);
}

function matchOf({ ref, seq, text, custodian }: Version): Match | undefined {
  return text === undefined ? undefined : { ref, seq, text, custodian };
}

/** The newest of each type with this url, in this version if the canonical names one. */
async function readCanonical(
  { request, snapshot }: Including,
  canonical: string,
  types: ReadonlySet<string>,
): Promise<readonly Match[]> {
  const [url = '', version] = canonical.split('|');
  const found: Match[] = [];
  for (const type of types) {
    const sight = sightForType(request.caller, type);
    if (sight === undefined) continue;
    const where: Clause = { kind: 'all', of: [urlClause(url), ...versionClause(version)] };
    const query = { type, where, sort: [], sight, count: 1, offset: 0, total: false };
    const { matches } = await snapshot.search(query, request.signal).catch(searchRefusal);
    found.push(...matches);
  }
  return found;
}

const urlClause = (value: string): Clause => ({ kind: 'uri', param: 'url', match: 'exact', value });

const versionClause = (code: string | undefined): readonly Clause[] =>
  code === undefined ? [] : [{ kind: 'token', param: 'version', code }];
