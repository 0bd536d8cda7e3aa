/** What the door answers without a token: preflights, OPTIONS and the few public documents. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { parseQuery, firstValue } from '../fhir/query.ts';
import { convertToXml } from '../xml/convert.ts';
import type { Cors, Headers } from './cors.ts';
import type { ExchangeState } from './exchange-state.ts';
import { negotiate } from './media-type.ts';
import { formatOf } from './read-request.ts';
import { send, sendDocument, XML_TYPE, type Replying, type Sent } from './reply.ts';
import { MethodRefused, methodsAt, type ServedRoutes } from './route.ts';

/** Documents that need no token. Texts are made once. */
export interface PublicDocuments {
  /** The text for a `mode`; undefined when there is no such mode. */
  readonly metadata: (mode: string | undefined) => string | undefined;
  readonly smartConfiguration: string;
  readonly openApi: () => string;
}

export interface OpenParts {
  readonly documents: PublicDocuments;
  readonly cors: Cors;
  readonly served: ServedRoutes;
  readonly settings: Replying;
}

/** Answers what needs no token, and returns the status sent; undefined for everything else. */
type AnswerOpenly = (state: ExchangeState) => Sent | undefined;

export function createOpenAnswers(parts: OpenParts): AnswerOpenly {
  const { documents, settings } = parts;
  const xmlOf = createXmlTexts();
  return (state) => {
    const { res, method, target } = state;
    if (method === 'OPTIONS') return answerOptions(parts, state);
    const asked = openly(state);
    if (target.path === '/metadata') return answerMetadata(parts, { ...state, asked }, xmlOf);
    const text = documentAt(target.path, documents);
    if (text === undefined) return undefined;
    checkReading(method);
    return sendDocument(res, text, 'application/json', asked, settings);
  };
}

/** What discovers a server is for pages of any origin (smart SM-69). */
function openly({ req, asked }: ExchangeState): ExchangeState['asked'] {
  if (req.headers.origin === undefined || asked.cors !== undefined) return asked;
  return { ...asked, cors: { 'Access-Control-Allow-Origin': '*' } };
}

function answerOptions(parts: OpenParts, state: ExchangeState): Sent {
  const preflight = parts.cors.preflightFor(state.req);
  if (preflight instanceof Promise) return preflight.then((headers) => sendOptions(parts, state, headers));
  return sendOptions(parts, state, preflight);
}

function sendOptions(
  { served, settings }: OpenParts,
  { res, target, asked }: ExchangeState,
  preflight: Headers | undefined,
): Sent {
  if (preflight !== undefined) return send(res, 204, preflight, undefined, asked, settings);
  const allow = methodsAt(target.path, target.queryText !== '', served);
  return send(res, 204, { Allow: `${allow}, OPTIONS` }, undefined, asked, settings);
}

function documentAt(path: string, documents: PublicDocuments): string | undefined {
  if (path === '/.well-known/smart-configuration') return documents.smartConfiguration;
  return path === '/openapi.json' ? documents.openApi() : undefined;
}

/** http://hl7.org/fhir/R4/http.html#capabilities */
function answerMetadata(
  { documents, settings }: OpenParts,
  { req, res, method, target, asked }: ExchangeState,
  xmlOf: (text: string, pretty: boolean) => string,
): Sent {
  checkReading(method);
  negotiate(req.headers.accept, formatOf(target.queryText));
  const text = documents.metadata(firstValue(parseQuery(target.queryText), 'mode'));
  if (text !== undefined && asked.format === 'xml')
    return send(res, 200, { 'Content-Type': XML_TYPE }, xmlOf(text, asked.pretty), asked, settings);
  if (text !== undefined) return send(res, 200, {}, text, asked, settings);
  throw new OperationOutcomeError('search-value-invalid', {
    diagnostics: 'mode must be full, normative or terminology.',
  });
}

/** The texts of the few documents that anyone may ask for, converted once. */
function createXmlTexts(): (text: string, pretty: boolean) => string {
  const known = new Map<string, string>();
  return (text, pretty) => {
    const key = `${pretty}${text}`;
    const xml = known.get(key) ?? convertToXml(text, pretty);
    known.set(key, xml);
    return xml;
  };
}

function checkReading(method: string): void {
  if (method !== 'GET' && method !== 'HEAD') throw new MethodRefused(method, 'GET, HEAD');
}
