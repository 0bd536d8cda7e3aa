/** `_revinclude`: what refers to resources, by reference or by canonical url (http://hl7.org/fhir/R4/search.html#revinclude). */
import type { Ref } from '../../fhir/types.ts';
import type { Clause, Match } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { typeOf } from '../../resources/element.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { isFollowed, searchParameters, type SearchParameter } from '../../resources/search-parameters.ts';
import type { Inclusion } from '../../resources/search-query.ts';
import type { Brought, Including, Spare } from './include-follow.ts';
import type { Caller } from '../request.ts';
import { sightForType } from '../scope.ts';
import { isPassedOver } from './hidden.ts';
import { searchRefusal } from './search-refusal.ts';
import { valuesOf } from '../values.ts';

/**
 * The resources that refer to the sources, as far as the caller sees them: one search for each type that may, as many
 * as there is room for.
 */
export async function referAll(
  { request, snapshot }: Including,
  inclusions: readonly Inclusion[],
  sources: readonly Match[],
  { count, characters }: Spare,
): Promise<Brought> {
  if (inclusions.length === 0) return { matches: [], cut: false };
  const published = sources.flatMap(publishedOf);
  const matches: Match[] = [];
  let cut = false;
  for (const [type, asked] of byType(inclusions)) {
    const sight = sightForType(request.caller, type);
    const clauses = asked.flatMap((one) => clausesOf(request.caller, type, one, { sources, published }));
    if (sight === undefined || clauses.length === 0) continue;
    const where: Clause = { kind: 'any', of: clauses };
    const query = { type, where, sort: [], sight, count, characters, offset: 0, total: false };
    const page = await snapshot.search(query, request.signal).catch(searchRefusal);
    matches.push(...page.matches.filter((match) => refersTo(match, asked, sources, published)));
    cut ||= page.more;
  }
  return { matches, cut };
}

/** `*` stands for every type that is stored. */
function byType(inclusions: readonly Inclusion[]): ReadonlyMap<string, readonly Inclusion[]> {
  const types = inclusions.flatMap(({ type }) => (type === '*' ? STORED : [type]));
  return new Map(
    [...new Set(types)].map((type) => [type, inclusions.filter((one) => [type, '*'].includes(one.type))]),
  );
}

const STORED: readonly string[] = [...RESOURCE_TYPES.values()]
  .filter(({ renderedFromAudit }) => renderedFromAudit !== true)
  .map(({ type }) => type);

function clausesOf(
  caller: Caller,
  type: string,
  inclusion: Inclusion,
  { sources, published }: { readonly sources: readonly Match[]; readonly published: readonly Published[] },
): readonly Clause[] {
  return parametersOf(type, inclusion).flatMap(({ code, kind, targets }): readonly Clause[] => {
    if (isPassedOver(caller, { type }, code)) return [];
    const fits = (to: string): boolean => (inclusion.target ?? to) === to && (targets?.includes(to) ?? true);
    if (kind !== 'uri') {
      const to = sources.map(({ ref }) => ref).filter((ref) => fits(typeOf(ref)));
      return to.length === 0 ? [] : [{ kind: 'reference', param: code, to }];
    }
    const urls = published.filter((one) => fits(one.type)).map(({ url }) => url);
    return [...new Set(urls)].map((value) => ({ kind: 'uri', param: code, match: 'exact', value }));
  });
}

const parametersOf = (type: string, { param }: Inclusion): readonly SearchParameter[] =>
  [...searchParameters(type).values()].filter(
    (parameter) => isFollowed(parameter) && (param === '*' || parameter.code === param),
  );

/** A source to which others may refer by its canonical url. */
interface Published {
  readonly ref: Ref;
  readonly type: string;
  readonly url: string;
  readonly version: string | undefined;
}

function publishedOf({ ref, text }: Match): readonly Published[] {
  const type = typeOf(ref);
  if (searchParameters(type).get('url') === undefined) return [];
  const { url, version } = parseStored(text);
  if (typeof url !== 'string') return [];
  return [{ ref, type, url, version: typeof version === 'string' ? version : undefined }];
}

/** Leaves out canonicals that name another version of a source: the search finds them by the url that both share. */
function refersTo(
  { ref, text }: Match,
  asked: readonly Inclusion[],
  sources: readonly Match[],
  published: readonly Published[],
): boolean {
  if (published.length === 0) return true;
  const refs: ReadonlySet<unknown> = new Set(sources.map((source) => source.ref));
  const values = valuesOf(parseStored(text));
  const params = new Map(
    asked.flatMap((one) => parametersOf(typeOf(ref), one)).map((parameter) => [parameter.code, parameter]),
  );
  return values.some(({ param, low }) => {
    const parameter = params.get(param);
    if (parameter === undefined) return false;
    if (parameter.kind !== 'uri') return refs.has(low);
    return published.some(({ url, version }) =>
      low === url
        ? !values.some((other) => other.param === param && String(other.low).startsWith(`${url}|`))
        : version !== undefined && low === `${url}|${version}`,
    );
  });
}
