/** A query is read in one turn of the event loop, so it is bounded before it is read. */
import { expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { parseQuery, QUERY_MAX } from '../../../src/fhir/query.ts';

const refusalOf = (text: string): string | undefined => {
  try {
    parseQuery(text);
    return undefined;
  } catch (error) {
    return error instanceof OperationOutcomeError
      ? `${error.code} ${error.issues[0]?.diagnostics}`
      : 'thrown';
  }
};

test.each([
  ['a value of the greatest length', `_id=${'a,'.repeat(QUERY_MAX / 2 - 2)}`, undefined],
  [
    'one beyond it',
    `_id=${'a,'.repeat(QUERY_MAX / 2)}`,
    'search-value-invalid A query has at most 131072 char',
  ],
  ['a thousand parameters', 'a=b&'.repeat(1000), undefined],
  ['one beyond them', 'a=b&'.repeat(1001), 'search-value-invalid A query has at most 1000 parameters'],
  ['what is no percent-encoding', 'a=%E0%', 'search-value-invalid The query is not well-formed'],
] as const)('%s', (_says, text, refused) => {
  const said = refusalOf(text);
  expect(refused === undefined ? said : said?.slice(0, refused.length)).toBe(refused);
});
