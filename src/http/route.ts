/**
 * Which interaction an address stands for (http://hl7.org/fhir/R4/http.html, "Summary of interactions"). The address is
 * read by us, not by patterns: one pass, no regular expression meets what a client wrote but the two below.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { isAt, type OperationSite } from '../operations/operations/operation.ts';
import type { Interaction } from '../operations/request.ts';
import { refusalOfType } from '../resources/index.ts';
import type { ResourceType } from '../resources/resource.ts';
import { EVERY_INTERACTION } from '../resources/resource.ts';

/** What the house offers: the registries that decide which addresses there are. */
export interface Served {
  readonly types: ReadonlyMap<string, ResourceType>;
  /** Those that the desk performs. */
  readonly interactions: ReadonlySet<Interaction>;
  /** By their names without the dollar. */
  readonly operations: ReadonlyMap<string, readonly OperationSite[]>;
}

/** `POST [base]` is a batch or a transaction; its body says which. */
export type RoutedInteraction = Exclude<Interaction, 'batch' | 'transaction'> | 'bundle';

export interface Route {
  readonly interaction: RoutedInteraction;
  readonly type?: string;
  readonly id?: string;
  readonly versionId?: string;
  readonly operation?: string;
  /** The address without ids, for logs and metrics: `/Task/{id}/_history`. */
  readonly template: string;
}

/** A request for something at an address that does not take this method. `allow` is the header's value. */
export class MethodRefused extends OperationOutcomeError {
  readonly allow: string;

  /** @param cause the refusal that says it better, when another has said it already */
  constructor(method: string, allow: string, cause?: OperationOutcomeError) {
    super(
      cause?.code ?? 'method-not-allowed',
      cause?.issues[0] ?? { diagnostics: `${method} is not offered here; ${allow} are.` },
    );
    this.allow = allow;
  }
}

type Methods = Readonly<Partial<Record<string, RoutedInteraction>>>;

/** An address by its shape, and what each method means there. GET includes HEAD. */
const SHAPES = {
  system: { GET: 'search-system', POST: 'bundle' },
  systemSearch: { POST: 'search-system' },
  systemHistory: { GET: 'history-system' },
  type: { GET: 'search-type', POST: 'create' },
  /** `[type]?query`: the conditional forms. */
  typeWithQuery: { GET: 'search-type', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  typeSearch: { POST: 'search-type' },
  typeHistory: { GET: 'history-type' },
  instance: { GET: 'read', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  instanceHistory: { GET: 'history-instance' },
  version: { GET: 'vread' },
  /** GET invokes what does not affect state (http://hl7.org/fhir/R4/operations.html#executing). */
  operation: { GET: 'operation', POST: 'operation' },
} as const satisfies Record<string, Methods>;

type Target = Omit<Route, 'interaction'>;

interface Address {
  readonly shape: keyof typeof SHAPES;
  readonly route: Target;
}

const ID = /^[A-Za-z0-9.-]{1,64}$/;
const TYPE_NAME = /^[A-Z][A-Za-z]{1,63}$/;

/**
 * @param path below the base, starting with a slash or empty, as sent
 * @param hasQuery whether a query follows
 * @throws OperationOutcomeError `type-unknown`, `type-not-stored`, `operation-unknown`, `not-found`, `id-invalid`; {@link MethodRefused}
 */
export function route(method: string, path: string, hasQuery: boolean, served: Served): Route {
  const { shape, route: found } = readAddress(splitPath(path), hasQuery, served);
  const methods = methodsOf(shape, found, served);
  if (shape === 'operation' && methods['POST'] === undefined)
    throw new OperationOutcomeError('operation-unknown');
  const interaction = methods[method === 'HEAD' ? 'GET' : method];
  if (interaction !== undefined && isOffered(interaction, found, served)) return { ...found, interaction };
  const allow = allowOf(methods, found, served);
  throw allow === '' ? notHere() : new MethodRefused(method, allow);
}

/** The methods of an address, for OPTIONS. */
export function methodsAt(path: string, hasQuery: boolean, served: Served): string {
  const { shape, route: found } = readAddress(splitPath(path), hasQuery, served);
  return allowOf(methodsOf(shape, found, served), found, served);
}

function methodsOf(shape: keyof typeof SHAPES, found: Target, { operations }: Served): Methods {
  if (shape !== 'operation') return SHAPES[shape];
  const site = operations.get(found.operation ?? '')?.find((one) => isAt(one, found));
  if (site === undefined) return {};
  return site.affectsState ? { POST: 'operation' } : SHAPES.operation;
}

function isOffered(
  interaction: RoutedInteraction,
  { type }: Target,
  { types, interactions }: Served,
): boolean {
  if (interaction === 'operation') return true;
  if (interaction === 'bundle') return interactions.has('batch') || interactions.has('transaction');
  if (!interactions.has(interaction)) return false;
  if (type === undefined) return true;
  const offered: readonly string[] = types.get(type)?.interactions ?? EVERY_INTERACTION;
  return offered.includes(interaction);
}

function allowOf(methods: Methods, target: Target, served: Served): string {
  return Object.entries(methods)
    .filter(([, interaction]) => interaction !== undefined && isOffered(interaction, target, served))
    .flatMap(([method]) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
}

function readAddress(parts: readonly string[], hasQuery: boolean, served: Served): Address {
  const [first, ...rest] = parts;
  if (first === undefined) return { shape: 'system', route: { template: '/' } };
  if (first.startsWith('$') && rest.length === 0) return operationAt('', {}, first);
  if (first === '_history' && rest.length === 0)
    return { shape: 'systemHistory', route: { template: '/_history' } };
  if (first === '_search' && rest.length === 0)
    return { shape: 'systemSearch', route: { template: '/_search' } };
  if (served.types.has(first)) return readTypeAddress(first, rest, hasQuery);
  if (!TYPE_NAME.test(first)) throw notHere();
  throw new OperationOutcomeError(refusalOfType(first), { diagnostics: `${first} is not served.` });
}

function readTypeAddress(type: string, [id, ...rest]: readonly string[], hasQuery: boolean): Address {
  const at = `/${type}`;
  if (id === undefined) return { shape: hasQuery ? 'typeWithQuery' : 'type', route: { type, template: at } };
  if (rest.length === 0) {
    if (id.startsWith('$')) return operationAt(at, { type }, id);
    if (id === '_history') return { shape: 'typeHistory', route: { type, template: `${at}/_history` } };
    if (id === '_search') return { shape: 'typeSearch', route: { type, template: `${at}/_search` } };
  }
  checkId(id);
  return readInstanceAddress(type, id, rest);
}

function readInstanceAddress(type: string, id: string, rest: readonly string[]): Address {
  const template = `/${type}/{id}`;
  const [word, versionId, operation, more] = rest;
  if (word === undefined) return { shape: 'instance', route: { type, id, template } };
  if (word.startsWith('$') && versionId === undefined) return operationAt(template, { type, id }, word);
  if (word !== '_history' || more !== undefined) throw notHere();
  if (versionId === undefined) {
    return { shape: 'instanceHistory', route: { type, id, template: `${template}/_history` } };
  }
  checkId(versionId);
  if (operation !== undefined) {
    if (!operation.startsWith('$')) throw notHere();
    return operationAt(`${template}/_history/{vid}`, { type, id, versionId }, operation);
  }
  return { shape: 'version', route: { type, id, versionId, template: `${template}/_history/{vid}` } };
}

function operationAt(at: string, target: Omit<Target, 'template'>, name: string): Address {
  const operation = name.slice(1);
  // The name is the client's; the template, which goes to logs and metrics, does not repeat it.
  return { shape: 'operation', route: { ...target, operation, template: `${at}/$operation` } };
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
