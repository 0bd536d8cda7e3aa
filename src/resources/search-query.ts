/**
 * Reads searches and conditions (http://hl7.org/fhir/R4/search.html): turns the pairs of a query string into a query of
 * the store, or into a refusal that names the parameter and says what it takes.
 */
import type { IssueDetail, OperationOutcomeError } from '../fhir/issue.ts';
import { parseQuery } from '../fhir/query.ts';
import type { Clause, Query, Sight } from '../ports/query.ts';
import { UNSUPPORTED_PARAMETERS } from './search-parameters.ts';
import { parseFilter, type FilterOptions } from './search/filter.ts';
import { parseFilterParameter } from './search/filter-tests.ts';
import { invalid, shownName, unsupported } from './search/refusal.ts';
import {
  FORMAT_PARAMETERS,
  isResultParameter,
  readWishes,
  type Inclusion,
  type ResultWishes,
  type Summary,
  type TotalMode,
} from './search/result.ts';

export { namedTerms, type NamedTerms } from './search/ask-terms.ts';
export type { FilterOptions } from './search/filter.ts';
export type { Inclusion, Summary, TotalMode } from './search/result.ts';

/** Names and values of a query string, percent-decoded; escapes of the search grammar are still in place. */
export type Pair = readonly [name: string, value: string];

export interface SearchOptions extends FilterOptions {
  /** `Prefer: handling=lenient`: leaves out unknown parameters instead of refusing them. */
  readonly lenient: boolean;
  readonly countDefault: number;
  readonly countMax: number;
  readonly sight: Sight;
  /** All types of a search over several types. */
  readonly searched?: readonly string[];
}

export interface ParsedSearch {
  /** `count` 0: the client wants only the total (`_count=0`, `_summary=count`). */
  readonly query: Query;
  readonly include: readonly Inclusion[];
  readonly revinclude: readonly Inclusion[];
  readonly summary: Summary;
  readonly elements: readonly string[] | undefined;
  /** Undefined when the client asked for none: the reply has a total when that is known anyway. */
  readonly total: TotalMode | undefined;
  /** The query string of the search as it runs, without a question mark; '' for everything. */
  readonly self: string;
  /** The parameters that were left out, with notes about them. */
  readonly left: readonly Pair[];
  readonly warnings: readonly IssueDetail[];
}

/** The largest number of parameters of one search. */
export const PARAMETERS_MAX = 50;

/**
 * Reads a search of one type.
 *
 * @throws OperationOutcomeError search-parameter-unknown, search-value-invalid.
 */
export function parseSearch(type: string, pairs: readonly Pair[], options: SearchOptions): ParsedSearch {
  const asked = pairs.filter(([name]) => !FORMAT_PARAMETERS.has(name));
  const { used, clauses, left, warnings } = readFilters(type, asked, options);
  const wishes = readWishes(used, {
    types: options.searched ?? [type],
    served: options.types,
    leave: options.lenient ? leave : undefined,
  });
  const countOnly = wishes.count === 0 || wishes.summary === 'count';
  const count = countOnly ? 0 : Math.min(wishes.count ?? options.countDefault, options.countMax);
  const query: Query = {
    type,
    where: allOf(clauses),
    sort: wishes.sort,
    sight: options.sight,
    count,
    offset: 0,
    total: countOnly || (wishes.total ?? 'none') !== 'none',
  };
  const kept = used.filter((pair) => !left.includes(pair));
  return { ...answerOf(wishes), query, self: selfOf(kept, count), left, warnings };

  function leave(pair: Pair, { issues: [issue] }: OperationOutcomeError): void {
    left.push(pair);
    const { diagnostics = '' } = issue ?? {};
    warnings.push({
      code: 'search-parameter-unknown',
      severity: 'warning',
      diagnostics: `${diagnostics}; it was left out`,
    });
  }
}

/**
 * Reads the condition of a conditional create, update, patch, delete or reference, or the criteria of a Subscription.
 *
 * @throws OperationOutcomeError search-parameter-unknown, search-value-invalid; also when it has no parameter at all.
 */
export function parseCondition(type: string, queryText: string, options: FilterOptions): Clause {
  const pairs = parseQuery(queryText.replace(/^\?/, '')).filter(([name]) => !FORMAT_PARAMETERS.has(name));
  const wish = pairs.find(([name]) => isResultParameter(codeOf(name)));
  if (wish !== undefined)
    throw unsupported(wish[0], 'a condition selects resources and says nothing of a result');
  if (pairs.length === 0) throw invalid('condition', 'has no parameter');
  const where = allOf(readFilters(type, pairs, { ...options, lenient: false }).clauses);
  if (readsTexts(where)) throw unsupported('condition', 'texts can be searched, not used in a condition');
  return where;
}

/** Whether a clause looks at the text of a resource, which a resource that is only planned does not have. */
function readsTexts(clause: Clause): boolean {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return clause.of.some(readsTexts);
    case 'not':
      return readsTexts(clause.clause);
    case 'chain':
    case 'has':
      return readsTexts(clause.where);
    default:
      return clause.kind === 'text' || clause.kind === 'display';
  }
}

/** The clause of a search; `used` are the pairs that were not left out, result parameters among them. */
function readFilters(
  type: string,
  pairs: readonly Pair[],
  options: FilterOptions & { readonly lenient: boolean },
) {
  if (pairs.length > PARAMETERS_MAX) throw invalid('search', `at most ${PARAMETERS_MAX} parameters`);
  const used: Pair[] = [];
  const clauses: Clause[] = [];
  const left: Pair[] = [];
  const warnings: IssueDetail[] = [];
  for (const pair of pairs) {
    const [name, value] = pair;
    const isWish = isResultParameter(codeOf(name));
    const clause = isWish ? undefined : readOne(type, name, value, options);
    if (clause !== undefined) clauses.push(clause);
    if (isWish || clause !== undefined) used.push(pair);
    else if (options.lenient) {
      left.push(pair);
      warnings.push(leftOut(type, name));
    } else throw unsupported(name, whyUnknown(type, name));
  }
  return { used, clauses, left, warnings };
}

function readOne(type: string, name: string, value: string, options: FilterOptions): Clause | undefined {
  return name === '_filter'
    ? parseFilterParameter(type, value, options)
    : parseFilter(type, name, value, options);
}

const codeOf = (name: string): string => name.split(':', 1)[0] ?? name;

const leftOut = (type: string, name: string): IssueDetail => ({
  code: 'search-parameter-unknown',
  severity: 'warning',
  diagnostics: `${shownName(name)}: ${whyUnknown(type, name)}; it was left out`,
});

function whyUnknown(type: string, name: string): string {
  const code = codeOf(name);
  const why = [type, 'DomainResource', 'Resource'].map((base) => UNSUPPORTED_PARAMETERS[`${base}.${code}`]);
  const known = why.find((reason) => reason !== undefined);
  return known === undefined ? `${type} has no such parameter` : `not supported (${known})`;
}

const allOf = (clauses: readonly Clause[]): Clause => {
  const [only] = clauses;
  return clauses.length === 1 && only !== undefined ? only : { kind: 'all', of: clauses };
};

const answerOf = ({ include, revinclude, summary, elements, total }: ResultWishes) => ({
  include,
  revinclude,
  summary,
  elements,
  total,
});

/** "The self link SHALL contain the parameters that were actually used to process the search." */
function selfOf(used: readonly Pair[], count: number): string {
  return used
    .map(([name, value]) => (name === '_count' ? [name, String(count)] : [name, value]) as Pair)
    .map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`)
    .join('&');
}

/** Characters that stand in a query string as they are. */
const READABLE = /^[\w.~:,/?@$!*'()-]*$/;

/** A text percent-encoded, except characters that a query string may hold and that people like to read. */
const encodePart = (text: string): string =>
  READABLE.test(text)
    ? text
    : encodeURIComponent(text.toWellFormed()).replaceAll(/%(?:3A|2C|2F|3F|40|24)/g, decodeURIComponent);
