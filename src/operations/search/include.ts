/**
 * `_include` and `_revinclude` (http://hl7.org/fhir/R4/search.html#revinclude), each within the caller's sight, in
 * rounds. The first round starts at the matches; each further one, for `:iterate`, at the results of the round before.
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Match } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import type { Inclusion, ParsedSearch } from '../../resources/search-query.ts';
import { followAll, type Spare } from './include-follow.ts';
import { referAll } from './include-refer.ts';
import type { Request } from '../request.ts';
import type { OperationContext } from '../context.ts';

/** The largest depth of `:iterate`. */
export const ROUNDS_MAX = 100;
/** Milliseconds that the includes of one page may take. */
const TIME_MAX = 10_000;

/** A reference to one version brings that version, so a resource may be there more than once (bdl-7). */
const keyOf = ({ ref, seq }: Match): string => `${ref} ${seq}`;

/**
 * The resources included beside the matches, each once, in the order in which they were found. At most `includesMax`
 * resources and `answerBytesMax` characters; `warnings` say what was cut.
 */
export async function findIncluded(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  { include, revinclude }: Pick<ParsedSearch, 'include' | 'revinclude'>,
  matches: readonly Match[],
): Promise<{ readonly included: readonly Match[]; readonly warnings: readonly IssueDetail[] }> {
  if (include.length === 0 && revinclude.length === 0) return { included: [], warnings: [] };
  const including = { context, request, snapshot };
  const until = context.clock.now() + TIME_MAX;
  const known = new Set(matches.map(keyOf));
  const included: Match[] = [];
  let cut = false;
  let characters = context.settings.answerBytesMax;
  let sources = matches;
  for (let round = 0; sources.length > 0 && !cut; round += 1) {
    const asked = (one: Inclusion): boolean => round === 0 || one.iterate;
    const ways = [include.filter(asked), revinclude.filter(asked)] as const;
    if (ways.every((way) => way.length === 0)) break;
    if (round === ROUNDS_MAX || context.clock.now() > until) {
      cut = true;
      break;
    }
    const spare = { count: context.settings.includesMax - included.length, characters };
    const followed = await followAll(including, ways[0], sources, spare);
    // The resources that refer may all be known already.
    const most = { count: known.size + spare.count, characters: context.settings.answerBytesMax };
    const referring = await referAll(including, ways[1], sources, most);
    const next = [...followed.matches, ...referring.matches].filter((match) => isNew(known, match));
    sources = fitting(next, { ...spare, characters });
    cut = followed.cut || referring.cut || sources.length < next.length;
    for (const { text } of sources) characters -= text.length;
    included.push(...sources);
  }
  return { included, warnings: cut ? [CUT] : [] };
}

/** As many as there is room for. */
function fitting(matches: readonly Match[], { count, characters }: Spare): readonly Match[] {
  let left = characters;
  const over = matches.findIndex(({ text }, index) => index >= count || (left -= text.length) < 0);
  return over === -1 ? matches : matches.slice(0, over);
}

/** @throws OperationOutcomeError for types that no search finds by their references */
export function checkInclusions({ include, revinclude }: Pick<ParsedSearch, 'include' | 'revinclude'>): void {
  const rendered = [...include, ...revinclude].find(
    ({ type }) => RESOURCE_TYPES.get(type)?.renderedFromAudit === true,
  );
  if (rendered === undefined) return;
  throw new OperationOutcomeError('search-parameter-unknown', {
    diagnostics: `${rendered.type} is searched by itself, and not included`,
  });
}

function isNew(known: Set<string>, match: Match): boolean {
  const key = keyOf(match);
  if (known.has(key)) return false;
  known.add(key);
  return true;
}

const CUT: IssueDetail = {
  code: 'includes-cut',
  severity: 'warning',
  diagnostics: 'this page leaves out some included resources',
};
