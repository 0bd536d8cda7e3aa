/**
 * Which interaction an address stands for (http://hl7.org/fhir/R4/http.html, "Summary of interactions"), at the door and in
 * the entries of a Bundle alike. The address is read by us, not by patterns: one pass, no regular expression meets what a
 * client wrote but the two below.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { COMPARTMENTS } from '../resources/compartment.ts';
import { refusalOfType } from '../resources/index.ts';
import type { ResourceType } from '../resources/resource.ts';
import { meantType, nearType } from '../resources/type-names.ts';
import { EVERY_INTERACTION } from '../resources/resource.ts';
import { isAt, type OperationSite } from './extended/operation.ts';
import type { Interaction } from './request.ts';

/** What the house offers: the registries that decide which addresses there are. */
export interface ServedRoutes {
  readonly types: ReadonlyMap<string, ResourceType>;
  /** Those that the FHIR engine performs. */
  readonly interactions: Pick<ReadonlySet<Interaction>, 'has'>;
  /** By their names without the dollar. */
  readonly operations: ReadonlyMap<string, readonly OperationSite[]>;
}

/** `POST [base]` is a batch or a transaction; its body says which. */
export type RoutedInteraction = Exclude<Interaction, 'batch' | 'transaction'> | 'bundle';

/** What an address names. */
export interface RouteTarget {
  readonly type?: string;
  readonly id?: string;
  readonly versionId?: string;
  readonly operation?: string;
  /** The resource in whose compartment is searched. */
  readonly compartment?: Ref;
  /** Of an operation: media types beside FHIR's own that it takes and gives. */
  readonly content?: OperationSite['content'] | undefined;
  /** The address without ids, for logs and metrics: `/Task/{id}/_history`. */
  readonly template: string;
}

type Methods = Readonly<Partial<Record<string, RoutedInteraction>>>;

/** An address by its shape, and what each method means there. GET includes HEAD. */
const SHAPES = {
  system: { GET: 'search-system', POST: 'bundle' },
  systemSearch: { GET: 'search-system', POST: 'search-system' },
  compartment: { GET: 'search-system' },
  compartmentType: { GET: 'search-type' },
  systemHistory: { GET: 'history-system' },
  type: { GET: 'search-type', POST: 'create' },
  /** `[type]?query`: the conditional forms. */
  typeWithQuery: { GET: 'search-type', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  /** Servers that know `_search` by POST alone surprise those who write it by GET. */
  typeSearch: { GET: 'search-type', POST: 'search-type' },
  typeHistory: { GET: 'history-type' },
  instance: { GET: 'read', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  instanceHistory: { GET: 'history-instance' },
  version: { GET: 'vread' },
  /** GET invokes what does not affect state (http://hl7.org/fhir/R4/operations.html#executing). */
  operation: { GET: 'operation', POST: 'operation' },
} as const satisfies Record<string, Methods>;

export interface RouteMatch {
  readonly shape: keyof typeof SHAPES;
  readonly target: RouteTarget;
}

const ID = /^[A-Za-z0-9.-]{1,64}$/;
const TYPE_NAME = /^[A-Z][A-Za-z]{1,63}$/;

/**
 * @param path below the base, starting with a slash or empty, as sent
 * @param hasQuery whether a query follows
 * @throws OperationOutcomeError `type-unknown`, `type-not-stored`, `not-found`, `id-invalid`
 */
export function matchRoute(path: string, hasQuery: boolean, served: ServedRoutes): RouteMatch {
  return matchParts(splitPath(path), hasQuery, served);
}

/** What was worked out of shapes and types: both come from our own tables, so that it is bounded. */
const known = new WeakMap<ServedRoutes, Map<string, Methods>>();

/** What each method means at an address, of what is offered there. GET includes HEAD. */
export function methodsOf({ shape, target }: RouteMatch, served: ServedRoutes): Methods {
  if (shape === 'operation') return offeredAt(shape, target, served);
  const name = target.type === undefined ? shape : `${shape} ${target.type}`;
  let methods = known.get(served);
  if (methods === undefined) known.set(served, (methods = new Map<string, Methods>()));
  let found = methods.get(name);
  if (found === undefined) methods.set(name, (found = offeredAt(shape, target, served)));
  return found;
}

function offeredAt(shape: RouteMatch['shape'], target: RouteTarget, served: ServedRoutes): Methods {
  return Object.fromEntries(
    Object.entries(declaredOf(shape, target, served)).filter(([, one]) => isOffered(one, target, served)),
  );
}

/** The operation that an address invokes. */
export const siteOf = (found: RouteTarget, { operations }: ServedRoutes): OperationSite | undefined =>
  operations.get(found.operation ?? '')?.find((one) => isAt(one, found));

function declaredOf(
  shape: keyof typeof SHAPES,
  found: RouteTarget,
  served: ServedRoutes,
): Readonly<Record<string, RoutedInteraction>> {
  if (shape !== 'operation') return SHAPES[shape];
  const site = siteOf(found, served);
  if (site === undefined) return {};
  return site.affectsState ? { POST: 'operation' } : SHAPES.operation;
}

function isOffered(
  interaction: RoutedInteraction,
  { type }: RouteTarget,
  { types, interactions }: ServedRoutes,
): boolean {
  if (interaction === 'operation') return true;
  if (interaction === 'bundle') return interactions.has('batch') || interactions.has('transaction');
  if (!interactions.has(interaction)) return false;
  if (type === undefined) return true;
  const offered: readonly string[] = types.get(type)?.interactions ?? EVERY_INTERACTION;
  return offered.includes(interaction);
}

function matchParts(parts: readonly string[], hasQuery: boolean, served: ServedRoutes): RouteMatch {
  const [first, ...rest] = parts;
  if (first === undefined) return { shape: 'system', target: { template: '/' } };
  if (first.startsWith('$') && rest.length === 0) return operationAt('', {}, first);
  if (first === '_history' && rest.length === 0)
    return { shape: 'systemHistory', target: { template: '/_history' } };
  if (first === '_search' && rest.length === 0)
    return { shape: 'systemSearch', target: { template: '/_search' } };
  if (served.types.has(first)) return matchType(first, rest, hasQuery, served);
  throw refuseType(first);
}

/** A name that is no type that is served, or no name of a type at all. */
function refuseType(name: string): OperationOutcomeError {
  const near = nearType(name);
  if (near === undefined && !TYPE_NAME.test(name)) return notHere();
  const said = TYPE_NAME.test(name) ? name : 'This type';
  const diagnostics =
    near === undefined ? `${said} is not served.` : `${said} is not served${meantType(name)}`;
  return new OperationOutcomeError(refusalOfType(name), { diagnostics });
}

function matchType(
  type: string,
  [id, ...rest]: readonly string[],
  hasQuery: boolean,
  served: ServedRoutes,
): RouteMatch {
  const at = `/${type}`;
  if (id === undefined) return { shape: hasQuery ? 'typeWithQuery' : 'type', target: { type, template: at } };
  if (rest.length === 0) {
    if (id.startsWith('$')) return operationAt(at, { type }, id);
    if (id === '_history') return { shape: 'typeHistory', target: { type, template: `${at}/_history` } };
    if (id === '_search') return { shape: 'typeSearch', target: { type, template: `${at}/_search` } };
  }
  checkId(id);
  return matchCompartment(type, id, rest, served) ?? matchInstance(type, id, rest);
}

/**
 * `[compartment]/[id]/[type]`, with `*` for every type (http://hl7.org/fhir/R4/http.html#vsearch); undefined for another
 * address. `_search` may follow either, or the compartment itself.
 */
function matchCompartment(
  type: string,
  id: string,
  [word = '', search, more]: readonly string[],
  served: ServedRoutes,
): RouteMatch | undefined {
  if (!COMPARTMENTS.has(type) || more !== undefined) return undefined;
  const template = `/${type}/{id}`;
  const compartment: Ref = `${type}/${id}`;
  if (word === '_search' && search === undefined) return inAll(`${template}/_search`, true);
  const bySearch = search === '_search';
  if (search !== undefined && !bySearch) return undefined;
  const suffix = bySearch ? '/_search' : '';
  if (word === '*') return inAll(`${template}/*${suffix}`, bySearch);
  if (!TYPE_NAME.test(word)) return undefined;
  if (!served.types.has(word)) throw refuseType(word);
  return {
    shape: bySearch ? 'typeSearch' : 'compartmentType',
    target: { compartment, type: word, template: `${template}/${word}${suffix}` },
  };

  function inAll(at: string, post: boolean): RouteMatch {
    return { shape: post ? 'systemSearch' : 'compartment', target: { compartment, template: at } };
  }
}

function matchInstance(type: string, id: string, rest: readonly string[]): RouteMatch {
  const template = `/${type}/{id}`;
  const [word, versionId, operation, more] = rest;
  if (word === undefined) return { shape: 'instance', target: { type, id, template } };
  if (word.startsWith('$') && versionId === undefined) return operationAt(template, { type, id }, word);
  if (word !== '_history' || more !== undefined) throw notHere();
  if (versionId === undefined) {
    return { shape: 'instanceHistory', target: { type, id, template: `${template}/_history` } };
  }
  checkId(versionId);
  if (operation !== undefined) {
    if (!operation.startsWith('$')) throw notHere();
    return operationAt(`${template}/_history/{vid}`, { type, id, versionId }, operation);
  }
  return { shape: 'version', target: { type, id, versionId, template: `${template}/_history/{vid}` } };
}

function operationAt(at: string, target: Omit<RouteTarget, 'template'>, name: string): RouteMatch {
  const operation = name.slice(1);
  // The name is the client's; the template, which goes to logs and metrics, does not repeat it.
  return { shape: 'operation', target: { ...target, operation, template: `${at}/$operation` } };
}

/** `/Task/1` → `Task`, `1`. A slash at the end is forgiven. */
function splitPath(path: string): readonly string[] {
  const parts = path.split('/').slice(1);
  if (parts.at(-1) === '') parts.pop();
  return path.includes('%') ? parts.map(decodePart) : parts;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new OperationOutcomeError('id-invalid', {
      diagnostics: 'The path is not well-formed percent-encoding.',
    });
  }
}

function checkId(id: string): void {
  if (!ID.test(id)) throw new OperationOutcomeError('id-invalid');
}

function notHere(): OperationOutcomeError {
  return new OperationOutcomeError('not-found', { diagnostics: 'There is nothing at this address.' });
}
