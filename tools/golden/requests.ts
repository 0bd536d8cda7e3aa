/** The list of requests of a golden run, and their sending. */
import { readFileSync } from 'node:fs';
import type { Told } from './demonstration.ts';

/** A request of the list: `who METHOD path Header: value`, its body on the indented line after it. */
export interface ListedRequest {
  readonly line: string;
  /** A side of the demonstration, or `-` for nobody. */
  readonly who: string;
  readonly method: string;
  readonly path: string;
  readonly header: readonly [name: string, value: string] | undefined;
  readonly body: string | undefined;
}

export function readRequests(): readonly ListedRequest[] {
  const text = readFileSync(new URL('requests.txt', import.meta.url), 'utf8');
  return [...text.matchAll(/^(?!#| )(\S+) (\S+) (\S+)(?: ([\w-]+): (.*))?(?:\n {2}(.*))?$/gm)].map(
    (found) => {
      const [line, who = '', method = '', path = '', name, value = '', body] = found;
      return { line, who, method, path, header: name === undefined ? undefined : [name, value], body };
    },
  );
}

/** Resolves with the answer as `curl -i` prints it. */
export async function sendRequest(
  told: Told,
  { who, method, path, header, body }: ListedRequest,
): Promise<string> {
  const token = told.tokens[who];
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
    ...(header === undefined ? {} : { [header[0].toLowerCase()]: header[1] }),
  };
  const response = await fetch(`${told.base}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${response.status}`, ...lines, '', await response.text()].join('\n');
}
