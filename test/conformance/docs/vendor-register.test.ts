/** The page on the vendor register is a session: a shell pastes each block against a demonstration that grants the duty. */
import { expect, test } from '@jest/globals';
import { RISK_ROWS } from '../../../src/agreements/risk.ts';
import { readPage, testSession } from './shell-session.ts';

const page = readPage('keep-the-vendor-register.md');
const [, flags = ''] = /--json (--grant \S+)/.exec(page) ?? [];
const printed = testSession(page, flags.split(' '));

test('the sheet names the vendor, and a filed paper takes its row away', () => {
  const told = printed().join('\n');
  expect(told).toMatch(/^Organization\/demo-recipient,.*,associate,,none$/m);
  const last = printed().find((text) => /no-attestation/.test(text) && !text.includes('no-data-flow')) ?? '';
  expect(last).toContain('"valueCode":"no-attestation"');
  expect(last).not.toContain('no-data-flow');
});

test('(baa-messaging VR2) the page has every row of the risk with its points', () => {
  const shown = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d+) +\|/gm)].map(([, code, points]) => [
    code,
    Number(points),
  ]);
  expect(new Map(shown as [string, number][])).toEqual(
    new Map(RISK_ROWS.map(([code, { points }]) => [code, points])),
  );
});
