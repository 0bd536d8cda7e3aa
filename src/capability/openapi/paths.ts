/** The paths of the REST interface and what each method does there (http://hl7.org/fhir/R4/http.html#summary). */
import { type OperationLevel, type Operation } from '../../operations/extended/operation.ts';
import type { ResourceType } from '../../resources/resource.ts';
import { interactionsOf } from '../capability-statement.ts';
import type { ServedHouse } from '../served.ts';
import { describeSearch, shared, type Parameter } from './parameters.ts';
import { refTo, type Schema } from './schemas.ts';

type Item = Readonly<Record<string, unknown>>;
/** Operations (in OpenAPI's sense) by path, then by method. */
type Paths = Readonly<Record<string, Item>>;

const MEDIA = ['application/fhir+json', 'application/fhir+xml'] as const;

const contentOf = (schema: Schema, types: readonly string[] = MEDIA) =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

/** Bytes in a media type of their own. */
const FILE: Schema = { type: 'string', format: 'binary' };

/** The parameters and replies of a method; refusals are the same everywhere. */
interface Method {
  readonly summary: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly body?: Readonly<Record<string, unknown>>;
  readonly answers: Readonly<Record<string, string>>;
  /** The schema of the body of a success; absent when the reply has no body. */
  readonly schema?: Schema;
  /** Media types of a success beside FHIR's: the content itself. */
  readonly gives?: readonly string[] | undefined;
}

function describe({ body, answers, schema, gives = [], ...rest }: Method): Item {
  const responses = Object.entries(answers).map(([status, description]) => [
    status,
    {
      description,
      ...(schema !== undefined &&
        !/^(204|304)$/.test(status) && {
          content: { ...contentOf(schema), ...contentOf(FILE, gives) },
        }),
    },
  ]);
  return {
    ...rest,
    ...(body !== undefined && { requestBody: { required: true, content: body } }),
    responses: { ...Object.fromEntries(responses), default: { $ref: '#/components/responses/Refusal' } },
  };
}

/** The paths of one resource type. */
export function pathsOfType(declared: ResourceType, house: ServedHouse): Paths {
  const { type } = declared;
  const offered = new Set<string>(interactionsOf(declared, house));
  const at = (path: string): string => `/${type}${path}`;
  const only = (item: Readonly<Record<string, Item | false>>): Item =>
    Object.fromEntries(Object.entries(item).filter(([, method]) => method !== false));
  const search = [
    ...shared('ids', 'lastUpdated', ...RESULT),
    ...[...house.parametersOf(type).values()].map(describeSearch),
  ];
  const paths: Paths = {
    [at('')]: only({
      get: offered.has('search-type') && describe(searchOf(type, search)),
      post: offered.has('create') && describe(createOf(type)),
    }),
    [at('/_search')]: only({
      get: offered.has('search-type') && describe(searchAtSearch(type)),
      post: offered.has('search-type') && describe(searchByForm(type)),
    }),
    [at('/_history')]: only({ get: offered.has('history-type') && describe(historyOf(type, 'Type')) }),
    [at('/{id}')]: only({
      get: offered.has('read') && describe(readOf(type)),
      put: offered.has('update') && describe(updateOf(type)),
      patch: offered.has('patch') && describe(patchOf(type)),
      delete: offered.has('delete') && describe(deleteOf(type)),
    }),
    [at('/{id}/_history')]: only({
      get: offered.has('history-instance') && describe(historyOf(type, 'Instance', 'id')),
    }),
    [at('/{id}/_history/{version}')]: only({ get: offered.has('vread') && describe(vreadOf(type)) }),
  };
  return Object.fromEntries(Object.entries(paths).filter(([, item]) => Object.keys(item).length > 0));
}

const RESULT = [
  'count',
  'total',
  'sort',
  'include',
  'revinclude',
  'summary',
  'elements',
  'page',
  'format',
] as const;
const BUNDLE = refTo('Bundle');
/** A search as a form. */
const FORM: Schema = { type: 'object', additionalProperties: true };

const searchOf = (type: string, parameters: readonly Parameter[]): Method => ({
  summary: `Search ${type}`,
  operationId: `search${type}`,
  tags: [type],
  parameters,
  answers: { 200: 'A searchset' },
  schema: BUNDLE,
});

/** The same search at another path. Only the first path lists the parameters of each type. */
const searchAtSearch = (type: string): Method => ({
  summary: `Search ${type}, as GET /${type} does, by the same parameters`,
  operationId: `search${type}AtSearch`,
  tags: [type],
  parameters: shared('ids', 'lastUpdated', ...RESULT),
  answers: { 200: 'A searchset' },
  schema: BUNDLE,
});

const searchByForm = (type: string): Method => ({
  summary: `Search ${type} by a form`,
  operationId: `search${type}ByForm`,
  tags: [type],
  body: contentOf(FORM, ['application/x-www-form-urlencoded']),
  answers: { 200: 'A searchset' },
  schema: BUNDLE,
});

const createOf = (type: string): Method => ({
  summary: `Create a ${type}`,
  operationId: `create${type}`,
  tags: [type],
  parameters: shared('prefer', 'ifNoneExist', 'idempotencyKey', 'format'),
  body: contentOf(refTo(type)),
  answers: { 201: 'Created', 200: 'There already' },
  schema: refTo(type),
});

const readOf = (type: string): Method => ({
  summary: `Read a ${type}`,
  operationId: `read${type}`,
  tags: [type],
  parameters: shared('id', 'ifNoneMatch', 'ifModifiedSince', 'summary', 'elements', 'format', 'pretty'),
  answers: { 200: 'The current version', 304: 'Not modified' },
  schema: refTo(type),
});

const vreadOf = (type: string): Method => ({
  summary: `Read a version of a ${type}`,
  operationId: `vread${type}`,
  tags: [type],
  parameters: shared('id', 'version', 'summary', 'elements', 'format', 'pretty'),
  answers: { 200: 'The version' },
  schema: refTo(type),
});

const updateOf = (type: string): Method => ({
  summary: `Update a ${type}`,
  operationId: `update${type}`,
  tags: [type],
  parameters: shared('id', 'ifMatch', 'prefer', 'idempotencyKey', 'format'),
  body: contentOf(refTo(type)),
  answers: { 200: 'Updated', 201: 'Created' },
  schema: refTo(type),
});

const patchOf = (type: string): Method => ({
  summary: `Patch a ${type}`,
  operationId: `patch${type}`,
  tags: [type],
  parameters: shared('id', 'ifMatch', 'prefer', 'idempotencyKey', 'format'),
  body: {
    ...contentOf({ type: 'array', items: { type: 'object' } }, ['application/json-patch+json']),
    ...contentOf(refTo('Parameters')),
  },
  answers: { 200: 'Patched' },
  schema: refTo(type),
});

const deleteOf = (type: string): Method => ({
  summary: `Delete a ${type}`,
  operationId: `delete${type}`,
  tags: [type],
  parameters: shared('id', 'ifMatch', 'idempotencyKey'),
  answers: { 204: 'Deleted, or nothing to delete' },
});

const historyOf = (type: string, of: string, ...path: readonly 'id'[]): Method => ({
  summary: `History of ${of === 'Type' ? `all of ${type}` : `a ${type}`}`,
  operationId: `history${type}${of}`,
  tags: [type],
  parameters: shared(...path, 'since', 'at', 'count', 'page', 'format'),
  answers: { 200: 'Versions, newest first' },
  schema: BUNDLE,
});

const searchSystem = (operationId: string): Method => ({
  summary: 'Search several types',
  operationId,
  tags: ['System'],
  parameters: shared('types', 'ids', 'lastUpdated', 'count', 'total', 'sort', 'summary', 'page', 'format'),
  answers: { 200: 'A searchset' },
  schema: BUNDLE,
});

/** The paths of the whole system. */
export function pathsOfSystem({ interactions }: ServedHouse): Paths {
  const tags = ['System'];
  const isSearched = interactions.has('search-system');
  return {
    ...(isSearched && {
      '/_search': {
        get: describe(searchSystem('searchSystemAtSearch')),
        post: describe({
          ...searchSystem('searchSystemByForm'),
          parameters: [],
          body: contentOf(FORM, ['application/x-www-form-urlencoded']),
        }),
      },
    }),
    '/': {
      ...(isSearched && { get: describe(searchSystem('searchSystem')) }),
      post: describe({
        summary: 'A batch or a transaction',
        operationId: 'bundle',
        tags,
        parameters: shared('prefer', 'idempotencyKey', 'format'),
        body: contentOf(BUNDLE),
        answers: { 200: 'What became of each entry' },
        schema: BUNDLE,
      }),
    },
    '/_history': {
      get: describe({
        summary: 'History of everything',
        operationId: 'historySystem',
        tags,
        parameters: shared('since', 'at', 'count', 'page', 'format'),
        answers: { 200: 'Versions, newest first' },
        schema: BUNDLE,
      }),
    },
    '/metadata': {
      get: {
        ...describe({
          summary: 'What this server offers',
          operationId: 'capabilities',
          tags,
          parameters: shared('format', 'pretty'),
          answers: { 200: 'The CapabilityStatement' },
          schema: refTo('CapabilityStatement'),
        }),
        security: [],
      },
    },
  };
}

const PLACES: Readonly<Record<OperationLevel, (type: string) => string>> = {
  system: () => '',
  type: (type) => `/${type}`,
  instance: (type) => `/${type}/{id}`,
};

/** The paths of an operation. An operation on any type is described once, at the system level. */
export function pathsOfOperation(operation: Operation): Paths {
  const { name, levels, resource, affectsState } = operation;
  const places = levels.flatMap((level) => {
    const types = level === 'system' ? [''] : resource === 'any' ? [] : resource;
    return types.map((type) => [level, type] as const);
  });
  return Object.fromEntries(
    places.map(([level, type]) => [
      `${PLACES[level](type)}/$${name}`,
      {
        ...(!affectsState && { get: describe(invocationOf(operation, level, type, 'Get')) }),
        post: describe(invocationOf(operation, level, type, '')),
      },
    ]),
  );
}

function invocationOf(
  { name, title, parameters, content }: Operation,
  level: OperationLevel,
  type: string,
  by: 'Get' | '',
): Method {
  const asked = parameters.filter(
    ({ use, part, type: of }) => use === 'in' && part === undefined && isPlain(of),
  );
  const query: readonly Parameter[] = asked.map(({ name: parameter, documentation, min }) => ({
    name: parameter,
    in: 'query',
    description: documentation,
    required: min > 0,
    schema: { type: 'string' },
  }));
  const levelName = level.charAt(0).toUpperCase() + level.slice(1);
  return {
    summary: title,
    operationId: `${name}-${type}${levelName}${by}`,
    tags: [type === '' ? 'System' : type],
    parameters: [...(level === 'instance' ? shared('id') : []), ...(by === '' ? [] : query)],
    ...(by === '' && {
      body: { ...contentOf(refTo('Parameters')), ...contentOf(FILE, content?.takes ?? []) },
    }),
    answers: { 200: 'The result' },
    schema: refTo('Resource'),
    gives: content?.gives,
  };
}

/** Primitive datatypes begin with a small letter; a query string can hold only these. */
const isPlain = (type: string | undefined): boolean => type !== undefined && /^[a-z]/.test(type);
