/** The page on agreements is a session: a shell pastes each block against a demonstration. */
import { expect, test } from '@jest/globals';
import { readPage, testSession } from './shell-session.ts';

const page = readPage('keep-agreements.md');
const printed = testSession(page);

test('(baa-messaging BT01–BT13) the audit names each move of the page', () => {
  const rows = [...(printed().at(-1) ?? '').matchAll(/"code":"(BT\d\d)"$/gm)].map(([, row = '']) => row);
  expect(rows.toSorted()).toEqual(['BT01', 'BT02', 'BT05', 'BT06', 'BT11', 'BT12', 'BT13']);
});
