/**
 * Query strings (application/x-www-form-urlencoded) as pairs in their order, because a repeated parameter means AND.
 */
import { OperationOutcomeError } from './issue.ts';

export type Pairs = readonly (readonly [name: string, value: string])[];

const NONE: Pairs = [];

/**
 * The largest number of characters of a query, in a URL, a form or a condition. Reading a query blocks the main thread,
 * so it is bounded.
 */
export const QUERY_MAX = 128 * 1024;

/** The largest number of pairs of a query; a search takes fewer. */
const PAIRS_MAX = 1000;

/**
 * The pairs of a query or form, percent-decoded.
 *
 * @throws OperationOutcomeError `search-value-invalid` when it is too long, or not well-formed percent-encoding of UTF-8
 */
export function parseQuery(text: string): Pairs {
  if (text === '') return NONE;
  if (text.length > QUERY_MAX) throw invalid(`A query has at most ${QUERY_MAX} characters.`);
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > PAIRS_MAX) throw invalid(`A query has at most ${PAIRS_MAX} parameters.`);
  return pairs.map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
  });
}

const invalid = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('search-value-invalid', { diagnostics });

/** The first value of a parameter. */
export function firstValue(pairs: Pairs, name: string): string | undefined {
  return pairs.find(([given]) => given === name)?.[1];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw invalid('The query is not well-formed percent-encoding of UTF-8.');
  }
}
