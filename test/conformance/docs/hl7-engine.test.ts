/** The page for those who connect an engine: its links file is one that is taken, and no option is left out. */
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LINK_DEFAULTS } from '../../../src/hl7v2/link.ts';
import { listeningOf } from '../../../src/rails/hl7v2-mllp/index.ts';
import { OPERATIONS } from '../../../src/operations/extended/index.ts';
import { SETTINGS } from '../../../src/server/settings.ts';
import { variableOf } from '../../../src/server/setting.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/how-to/connect-an-hl7-engine.md'), 'utf8');
const [, file = ''] = /```json\n(\[[\s\S]*?)```/.exec(page) ?? [];
const [entry] = JSON.parse(file) as readonly [Readonly<Record<string, unknown>>]; // the page's example

test('the links file is taken as it stands', () => {
  const { links, tls } = listeningOf(entry, 'the page');
  expect(links).toHaveLength(1);
  expect(tls).toBeDefined();
  expect(links[0]?.certificates).toHaveLength(1);
});

test('every option of a link stands in the file and in the table', () => {
  const [link] = entry['links'] as readonly object[]; // as taken above
  for (const option of Object.keys(LINK_DEFAULTS)) {
    expect(Object.keys(link ?? {})).toContain(option);
    expect(page).toMatch(new RegExp(`^\\| \`${option}\` `, 'm'));
  }
});

test('settings and operations have the names that the page gives them', () => {
  const variables = new Set(Object.keys(SETTINGS).map(variableOf));
  const named = [...page.matchAll(/`([A-Z0-9]+(?:_[A-Z0-9]+)+)\b/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !variables.has(name))).toEqual(['NODE_EXTRA_CA_CERTS']);
  const operations = [...page.matchAll(/`\$([a-z-]+)`/g)].map(([, name = '']) => name);
  const offered = [...OPERATIONS.keys()];
  expect(operations.toSorted()).toEqual(
    offered.filter((name) => name.endsWith('-message') || name === 'map-code').toSorted(),
  );
});
