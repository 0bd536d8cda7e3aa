/** Query strings (application/x-www-form-urlencoded), kept in order because a repeated parameter is an AND. */
import { OperationOutcomeError } from './issue.ts';

export type Pairs = readonly (readonly [name: string, value: string])[];

const NONE: Pairs = [];

/**
 * The pairs of a query or form, percent-decoded.
 *
 * @throws OperationOutcomeError `search-value-invalid` when it is not well-formed percent-encoding of UTF-8
 */
export function parseQuery(text: string): Pairs {
  if (text === '') return NONE;
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });
}

/** The first value of a parameter. */
export function valueOf(pairs: Pairs, name: string): string | undefined {
  return pairs.find(([given]) => given === name)?.[1];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw new OperationOutcomeError('search-value-invalid', {
      diagnostics: 'The query is not well-formed percent-encoding of UTF-8.',
    });
  }
}
