/** The page for a privacy officer is a session: a shell pastes each block against a demonstration that grants the duty. */
import { expect, test } from '@jest/globals';
import { readPage, testSession } from './shell-session.ts';

const page = readPage('work-as-a-privacy-officer.md');
const [, flags = ''] = /--json (--grant \S+)/.exec(page) ?? [];
const printed = testSession(page, flags.split(' '));

test('the recipient reads the notice', () => {
  expect(printed().join('\n')).toMatch(/^This record which has been disclosed to you is protected$/m);
});
