/** Parameters and headers of the REST interface as OpenAPI describes them ("Parameter Object"). */
import type { SearchParameter } from '../../resources/search-parameters.ts';
import type { Schema } from './schemas.ts';

export type Parameter = Readonly<Record<string, unknown>>;

const TEXT: Schema = { type: 'string' };

const inQuery = (name: string, description: string, schema: Schema = TEXT): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
});
const inHeader = (name: string, description: string): Parameter => ({
  name,
  in: 'header',
  description,
  schema: TEXT,
});
const inPath = (name: string, pattern: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', pattern },
});

/** Parameters that many interactions share, by the name of their component. */
export const SHARED: Readonly<Record<string, Parameter>> = {
  id: inPath('id', '^[A-Za-z0-9.-]{1,64}$'),
  version: inPath('version', '^[0-9]{1,15}$'),
  format: inQuery('_format', 'json or xml, above the Accept header', {
    type: 'string',
    examples: ['json', 'xml'],
  }),
  pretty: inQuery('_pretty', 'Indented', { type: 'boolean' }),
  summary: inQuery('_summary', 'Parts of resources', {
    type: 'string',
    enum: ['true', 'text', 'data', 'count', 'false'],
  }),
  elements: inQuery('_elements', 'Names of elements, by comma'),
  count: inQuery('_count', 'Entries on a page', { type: 'integer', minimum: 0 }),
  total: inQuery('_total', 'Whether the matches are counted', {
    type: 'string',
    enum: ['none', 'estimate', 'accurate'],
  }),
  sort: inQuery('_sort', 'Parameters to sort by, by comma; a minus before one turns it round'),
  include: inQuery('_include', 'Type:reference, what the matches refer to'),
  revinclude: inQuery('_revinclude', 'Type:reference, what refers to the matches'),
  page: inQuery('_page', 'Of the link to another page; not to be made by clients'),
  ids: inQuery('_id', 'Ids, by comma'),
  lastUpdated: inQuery('_lastUpdated', 'A date, with a prefix'),
  types: inQuery('_type', 'Resource types, by comma'),
  since: inQuery('_since', 'An instant'),
  at: inQuery('_at', 'A date'),
  prefer: inHeader(
    'Prefer',
    'return=minimal, representation or OperationOutcome; handling=strict or lenient',
  ),
  ifMatch: inHeader('If-Match', 'The version that must be the current one: W/"3"'),
  ifNoneMatch: inHeader('If-None-Match', 'The version that is known: W/"3"'),
  ifModifiedSince: inHeader('If-Modified-Since', 'The date of what is known'),
  ifNoneExist: inHeader('If-None-Exist', 'A search; the resource is created if it finds nothing'),
  idempotencyKey: inHeader('Idempotency-Key', 'The same key with the same body does nothing twice'),
};

/** References to shared parameters. */
export const shared = (...names: readonly (keyof typeof SHARED)[]): readonly Parameter[] =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }));

/** A search parameter. Modifiers and chains make names of their own, which OpenAPI cannot list. */
export const describeSearch = ({ code, type }: SearchParameter): Parameter =>
  inQuery(code, `A ${type}; modifiers follow the name after a colon`);
