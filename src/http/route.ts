/** The route of a request by HTTP: what its method asks for at its address, or the refusal that says what is allowed. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import {
  methodsOf,
  matchRoute,
  type RouteMatch,
  type RoutedInteraction,
  type ServedRoutes,
  type RouteTarget,
  siteOf,
} from '../operations/route.ts';

export type { RoutedInteraction, ServedRoutes } from '../operations/route.ts';

export interface Route extends RouteTarget {
  readonly interaction: RoutedInteraction;
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

/**
 * @param path below the base, starting with a slash or empty, as sent
 * @param hasQuery whether a query follows
 * @throws OperationOutcomeError `type-unknown`, `type-not-stored`, `operation-unknown`, `not-found`, `id-invalid`; {@link MethodRefused}
 */
export function route(method: string, path: string, hasQuery: boolean, served: ServedRoutes): Route {
  const match = matchRoute(path, hasQuery, served);
  const methods = methodsOf(match, served);
  if (match.shape === 'operation' && methods['POST'] === undefined)
    throw new OperationOutcomeError('operation-unknown');
  const interaction = methods[method === 'HEAD' ? 'GET' : method];
  if (interaction !== undefined) {
    const content = interaction === 'operation' ? siteOf(match.target, served)?.content : undefined;
    return { ...match.target, interaction, ...(content !== undefined && { content }) };
  }
  const allow = allowOf(match, served);
  if (allow !== '') throw new MethodRefused(method, allow);
  throw new OperationOutcomeError('not-found', { diagnostics: 'There is nothing at this address.' });
}

/** The addresses of the documents that need no token and are no part of the routes. */
const DOCUMENTS: ReadonlySet<string> = new Set([
  '/metadata',
  '/.well-known/smart-configuration',
  '/openapi.json',
]);

/** The methods of an address, for OPTIONS. */
export const methodsAt = (path: string, hasQuery: boolean, served: ServedRoutes): string =>
  DOCUMENTS.has(path) ? 'GET, HEAD' : allowOf(matchRoute(path, hasQuery, served), served);

const allowOf = (match: RouteMatch, served: ServedRoutes): string =>
  Object.keys(methodsOf(match, served))
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
