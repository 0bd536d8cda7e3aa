/**
 * The URLs of a Bundle's entries (http://hl7.org/fhir/R4/bundle.html), and the interactions that a Bundle may have
 * there.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { parseQuery } from '../../fhir/query.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import {
  methodsOf,
  matchRoute,
  type RouteMatch,
  type RoutedInteraction,
  type ServedRoutes,
  type RouteTarget,
} from '../route.ts';
import type { Request } from '../request.ts';

/** The interaction of an entry. */
interface EntryTarget {
  readonly interaction: Exclude<RoutedInteraction, 'bundle'>;
  readonly target: RouteTarget;
}

/** The URL without our own base. */
export function relativeUrl(base: string, url: string): string {
  const isOurs = url === base || url.startsWith(`${base}/`) || url.startsWith(`${base}?`);
  return (isOurs ? url.slice(base.length) : url).replace(/^\//, '');
}

/** Path and query of an address. */
export function splitUrl(url: string): readonly [path: string, query: string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/**
 * The interaction of a method at a URL. A Bundle has no interaction that the URL does not have by itself.
 *
 * @param url below the base
 * @throws OperationOutcomeError naming the entry at `place`
 */
export function readAsked(
  method: string,
  url: string,
  operations: ServedRoutes['operations'],
  place: string,
): EntryTarget {
  const served: ServedRoutes = { types: RESOURCE_TYPES, interactions: { has: () => true }, operations };
  const match = matchOf(url, served, place);
  const interaction = methodsOf(match, served)[method === 'HEAD' ? 'GET' : method];
  if (interaction === undefined || interaction === 'bundle' || isForm(match, method))
    throw notOffered(match, served, method, place);
  return { interaction, target: match.target };
}

/** A search or history inside a transaction; it is read again for its answer. */
export function readQuestion(outer: Request, url: string): Request {
  const { interaction, target } = readAsked('GET', url, new Map(), 'Bundle');
  const { type, id, compartment } = target;
  const [, queryText] = splitUrl(url);
  const query = parseQuery(queryText);
  return { ...outer, interaction, type, id, compartment, query, queryText, body: undefined };
}

function matchOf(url: string, served: ServedRoutes, place: string): RouteMatch {
  const [path, query] = splitUrl(url);
  try {
    return matchRoute(`/${path}`, query !== '', served);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    const code = error.code === 'not-found' ? 'bundle-invalid' : error.code;
    throw new OperationOutcomeError(code, { ...error.issues[0], expression: [`${place}.request.url`] });
  }
}

/** A search by POST has a form as its body, which an entry cannot hold. */
const isForm = ({ shape }: RouteMatch, method: string): boolean =>
  method === 'POST' && (shape === 'typeSearch' || shape === 'systemSearch');

function notOffered(
  match: RouteMatch,
  served: ServedRoutes,
  method: string,
  place: string,
): OperationOutcomeError {
  const detail = {
    diagnostics: `${method} is not offered at this address in a bundle`,
    expression: [`${place}.request`],
  };
  if (match.shape === 'operation') {
    const isThere = Object.keys(methodsOf(match, served)).length > 0;
    return new OperationOutcomeError(isThere ? 'interaction-unsupported' : 'operation-unknown', detail);
  }
  const code =
    match.target.type === undefined || isForm(match, method) ? 'bundle-invalid' : 'interaction-unsupported';
  return new OperationOutcomeError(code, detail);
}
