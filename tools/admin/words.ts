/** What commands read from the words behind them. */
import { readFileSync } from 'node:fs';
import type { Ref } from '../../src/fhir/types.ts';
import { Trouble, UsageError } from '../command.ts';

/**
 * The only word behind a command.
 *
 * @throws UsageError with `usage` where there is none, or another one
 */
export function onlyWord(rest: readonly string[], usage: string): string {
  const [one, ...more] = rest;
  if (one === undefined || more.length > 0) throw new UsageError(usage);
  return one;
}

/**
 * The value of a flag that names an organization.
 *
 * @throws UsageError where it is no reference to one
 */
export function organizationOf(text: string | undefined, flag = '--organization'): Ref | undefined {
  if (text === undefined) return undefined;
  const [, id] = /^Organization\/([A-Za-z0-9.-]{1,64})$/.exec(text) ?? [];
  if (id === undefined) throw new UsageError(`${flag} is a reference, as in Organization/elm-street.`);
  return `Organization/${id}`;
}

/**
 * The JSON object of a file.
 *
 * @param what what the file holds, in words for whoever wrote it
 * @throws Trouble where it is none
 */
export function jsonObjectIn(file: string, what: string): Readonly<Record<string, unknown>> {
  const text = readFileSync(file, 'utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Trouble(`${file} is not JSON: ${(error as SyntaxError).message}`); // JSON.parse throws nothing else
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return parsed as Record<string, unknown>; // just told
  throw new Trouble(`${file} must hold a JSON object: ${what}`);
}
