/** Search (http://hl7.org/fhir/R4/search.html), clause by clause. */
import { kept, notOffered, type Clause } from './clause.ts';

const KINDS = 'conformance/rest/search-kinds.test.ts';
const SEARCH = 'conformance/rest/search.test.ts';
const SHAPES = 'conformance/rest/shapes.test.ts';
const CONTEXTS = 'conformance/rest/search-contexts.test.ts';
const INCLUDES = 'conformance/rest/includes.test.ts';
const FILTER = 'conformance/rest/search-filter.test.ts';
const QUERIES = 'unit/resources/search-query.test.ts';
const VALUES = 'unit/resources/search-values.test.ts';
const TERMS = 'conformance/terminology/search.test.ts';
const TEXT = 'conformance/rest/search-text.test.ts';

export const SEARCHING: readonly Clause[] = [
  kept(
    'search.html#all',
    'whoever may not see a resource does not find, count, include or follow it',
    'conformance/custody/invisible.test.ts › ',
    `${KINDS} › whoever sees none of it`,
    'contract/search.embedded.test.ts › ',
  ),
  kept(
    'search.html#all',
    'searched in a compartment, of the system and through includes: what brute force over the visible world finds',
    'conformance/custody/contexts.property.test.ts › ',
  ),
  kept(
    'search.html#ptypes',
    'what a parameter selects is what its FHIRPath expression selects, of every parameter of R4',
    `${VALUES} › the getters select what the FHIRPath library selects`,
    `${VALUES} › every parameter of R4 is in the table or has a reason`,
  ),
  kept(
    'searchparameter-registry.html',
    'every parameter of every type finds and misses',
    'conformance/capability.search.test.ts › ',
  ),
  kept(
    'search.html#errors',
    'an unknown parameter, modifier or value is refused, by name; lenient handling leaves it out and says so',
    `${SEARCH} › handling`,
    `${KINDS} › refusals name the parameter`,
  ),
  kept('search.html#combining', 'and by repetition, or by comma', 'contract/search.embedded.test.ts › '),
  kept('search.html#escaping', 'escapes of comma, bar, dollar and backslash', `${KINDS} › composite`),
  kept(
    'search.html#prefix',
    'eq ne gt lt ge le sa eb ap, on intervals',
    `${KINDS} › a date asked as`,
    'contract/search.embedded.test.ts › ',
  ),
  kept(
    'search.html#number',
    'as precise as written, exponents too',
    `${QUERIES} › numbers imply a precision`,
  ),
  kept('search.html#date', 'precision, time zones, open periods', `${KINDS} › a date asked as`),
  kept(
    'search.html#string',
    'the beginning, whatever the case and the accents; :contains, :exact',
    `${KINDS} › string`,
    'unit/fhir/fold.test.ts › ',
  ),
  kept(
    'search.html#uri',
    'exact, :above, :below; canonicals with and without version',
    `${SEARCH} › uris and canonicals`,
  ),
  kept(
    'search.html#token',
    'code, system|code, |code, system|; case; :not, :of-type, :missing',
    `${KINDS} › token`,
  ),
  kept('search.html#token', ':in, :not-in, :above, :below by the terminology that is held', `${TERMS} › `),
  kept('search.html#token', ':text', `${TEXT} › :text looks at what is written beside a code`),
  kept('search.html#quantity', 'number, unit and system; stored comparators', `${KINDS} › quantity`),
  notOffered(
    'search.html#quantity',
    'conversion of units',
    'R4 says a server may; units are compared as written',
  ),
  kept(
    'search.html#reference',
    'by id, type and id, address, :[type], :identifier',
    `${SEARCH} › references`,
  ),
  kept('search.html#reference', ':above and :below along partOf', `${KINDS} › reference: hierarchies`),
  kept('search.html#composite', 'pairs of values that stand together', `${KINDS} › composite`),
  kept('location.html#search', 'near: by distance', `${KINDS} › near`),
  kept(
    'bundle.html#search',
    'composition and message: into the first entry of a Bundle',
    `${KINDS} › a Composition inside a Bundle`,
  ),
  notOffered(
    'patient.html#search',
    'phonetic',
    'R4 names no algorithm, and an index of sounds would be written with every name; 400',
  ),
  kept(
    'search.html#chaining',
    'chains of up to five hops and _has, nested and combined',
    `${KINDS} › chains of several hops, and _has`,
  ),
  notOffered(
    'search.html#chaining',
    'chains through canonicals',
    'searched by url, or brought by _include; 400',
  ),
  kept(
    'search.html#id',
    '_id and _lastUpdated',
    `${SEARCH} › _id and _lastUpdated`,
    `${KINDS} › _id and _lastUpdated`,
  ),
  kept(
    'search.html#content',
    '_text and _content',
    `${TEXT} › _text looks at the narrative`,
    `${TEXT} › _content looks at everything`,
    'contract/store.embedded.text-index.test.ts › ',
  ),
  kept(
    'search.html#content',
    'no text of a query is taken for the language of the engine',
    `${TEXT} › nothing of a query reaches the engine as its language`,
  ),
  kept(
    'search_filter.html',
    '_filter: operators, logic, paths, sets',
    `${FILTER} › _filter of Patient`,
    `${FILTER} › _filter of Observation`,
    `${FILTER} › in: codes of a value set that is held`,
  ),
  kept(
    'search_filter.html',
    '_filter: what is malformed, too large or hostile is refused',
    `${FILTER} › _filter refused in words`,
  ),
  kept('search.html#list', '_list by the id of a List', `${FILTER} › _list`),
  notOffered('lifecycle.html#current', 'functional lists ($current-…)', 'no such lists are kept; 400'),
  notOffered('search.html#query', '_query: named queries', 'none are defined here; 400'),
  kept(
    'search.html#sort',
    'by several keys, each in its direction; what has no value stays together',
    `${SEARCH} › _sort=`,
    `${SEARCH} › several keys in several directions`,
  ),
  kept(
    'search.html#total',
    '_total: none, estimate, accurate; _count=0 for the total alone',
    `${SHAPES} › totals`,
    `${CONTEXTS} › _count=0 and _summary=count give the total alone`,
  ),
  kept(
    'search.html#include',
    '_include and _revinclude, with target types, versions, :iterate and *',
    `${INCLUDES} › what is included`,
  ),
  kept('search.html#include', 'bounded; what was cut is said', `${INCLUDES} › bounds`),
  notOffered(
    'search.html#contained',
    '_contained=true and _containedType',
    'a contained resource has no life and no custodian of its own; 400',
  ),
  kept('search.html#contained', '_contained=false', `${SHAPES} › _contained=false is what is done anyway`),
  kept('search.html#summary', '_summary: true, text, data, count, false', `${SHAPES} › _summary`),
  kept('search.html#elements', '_elements, of a type too', `${SHAPES} › _elements`),
  notOffered('search.html#score', '_score', 'matches are not weighed; 400 to sort by it'),
  kept(
    'search.html#conformance',
    'the self link holds what was really searched',
    `${SEARCH} › lenient: it is left out, said, and not in self`,
  ),
  kept(
    'http.html#vsearch',
    'compartments of Patient, Encounter, RelatedPerson, Practitioner and Device, and the whole system',
    `${CONTEXTS} › what is found`,
    `${CONTEXTS} › what is refused`,
  ),
  kept(
    'http.html#vsearch',
    'each type in the sight and the scopes that the caller has for it',
    `${CONTEXTS} › scopes`,
  ),
  kept('http.html#paging', 'pages over several types while others write', `${CONTEXTS} › pages`),
  kept(
    'compartmentdefinition-patient.html',
    'a token for one patient stays in the compartment',
    'conformance/custody/types.isolation.test.ts › an application that a patient opened',
  ),
];
