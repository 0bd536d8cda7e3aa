/** Search (http://hl7.org/fhir/R4/search.html), clause by clause. */
import { kept, notOffered, type Clause } from './clause.ts';

const KINDS = 'conformance/rest/search-kinds.test.ts';
const SEARCH = 'conformance/rest/search.test.ts';
const SHAPES = 'conformance/rest/shapes.test.ts';
const CONTEXTS = 'conformance/rest/search-contexts.test.ts';
const INCLUDES = 'conformance/rest/includes.test.ts';
const TEXT = 'conformance/rest/search-text.test.ts';

export const SEARCHING: readonly Clause[] = [
  kept(
    'search.html#all',
    'whoever may not see a resource does not find, count, include or follow it',
    'conformance/custody/invisible.test.ts › ',
    `${KINDS} › whoever sees none of it finds nothing`,
  ),
  kept(
    'search.html#ptypes',
    'what a parameter selects is what its FHIRPath expression selects',
    'unit/resources/search-values.test.ts › the getters select what the FHIRPath library selects',
  ),
  kept(
    'search.html#errors',
    'an unknown parameter or modifier is refused; lenient handling leaves it out and says so',
    `${SEARCH} › handling`,
  ),
  kept('search.html#combining', 'and by repetition, or by comma', 'contract/search.embedded.test.ts › '),
  kept('search.html#escaping', 'escapes of comma, bar, dollar and backslash', `${KINDS} › `),
  kept('search.html#prefix', 'eq ne gt lt ge le sa eb ap on dates, numbers and quantities', `${KINDS} › `),
  kept('search.html#number', 'as precise as written', `${KINDS} › `),
  kept('search.html#date', 'precision, time zones, open periods', `${KINDS} › a date asked as`),
  kept(
    'search.html#string',
    'the beginning, whatever the case and the accents; :contains, :exact',
    `${KINDS} › `,
  ),
  kept('search.html#uri', 'exact, :above, :below', `${KINDS} › `),
  kept('search.html#token', 'code, system|code, |code, system|; :not, :of-type', `${KINDS} › `),
  kept('search.html#token', ':in, :not-in, :above, :below by the terminology that is held', `${KINDS} › `),
  kept('search.html#token', ':text', `${TEXT} › :text looks at what is written beside a code`),
  kept('search.html#quantity', 'number, unit and system', `${KINDS} › `),
  kept(
    'search.html#reference',
    'by id, type and id, address, :[type], :identifier',
    `${SEARCH} › references`,
  ),
  kept('search.html#composite', 'pairs of values that stand together', `${KINDS} › `),
  kept('search.html#special', 'near: by distance', `${KINDS} › `),
  kept('search.html#missing', ':missing on every kind', `${KINDS} › `),
  kept(
    'search.html#chaining',
    'chains of several hops, within sight at each',
    'conformance/custody/invisible.test.ts › ',
  ),
  kept('search.html#has', '_has, nested and in chains', `${KINDS} › `),
  kept('search.html#id', '_id and _lastUpdated', `${SEARCH} › _id and _lastUpdated`),
  kept(
    'search.html#text',
    '_text and _content',
    `${TEXT} › _text looks at the narrative`,
    `${TEXT} › _content looks at everything`,
  ),
  notOffered('search.html#query', '_query: named queries', 'none are defined here; 400'),
  kept(
    'search.html#sort',
    'by several keys, each in its direction; what has no value stays together',
    `${SEARCH} › _sort=`,
    `${SEARCH} › several keys in several directions`,
  ),
  kept(
    'search.html#total',
    '_total: none, estimate, accurate',
    `${SEARCH} › _total: none, estimate, accurate`,
  ),
  kept(
    'search.html#count',
    '_count, and 0 for the total alone',
    `${CONTEXTS} › _count=0 and _summary=count give the total alone`,
  ),
  kept(
    'search.html#include',
    '_include and _revinclude, with target types, :iterate and *',
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
    'compartmentdefinition.html',
    'searches in the compartments of Patient, Encounter, RelatedPerson, Practitioner and Device',
    `${CONTEXTS} › what is found`,
  ),
];
