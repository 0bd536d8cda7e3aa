/** The page on adding a policy: its code votes and obliges as the page says. */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DISCLOSURE } from '../../unit/policies/disclosure.ts';
import { createPresent } from '../../../src/delivery/subject.ts';
import { decide, STEPS_OF_DECISION, type Disclosure, type Policy } from '../../../src/policies/index.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/how-to/add-a-policy.md'), 'utf8');
const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
const folder = mkdtempSync(join(tmpdir(), 'closeloop-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function pasted(): Promise<Policy> {
  const file = join(folder, 'arrangement.ts');
  writeFileSync(file, code);
  const module = (await import(pathToFileURL(file).href)) as { arrangement: Policy };
  return module.arrangement;
}

const disclosure: Disclosure = {
  ...DISCLOSURE,
  sameArrangement: true,
  purpose: 'HOPERAT',
};

test('(compliance L1) the policy of the page permits within an arrangement alone, beside those there are', async () => {
  const policies = [...STEPS_OF_DECISION, { asks: 'last', policies: [await pasted()] }];
  expect(decide(disclosure, policies)).toMatchObject({ permitted: true, policy: 'arrangement' });
  expect(decide({ ...disclosure, sameArrangement: false }, policies)).toMatchObject({
    permitted: false,
    policy: 'none',
  });
});

test('(compliance L1) its obligation is carried out on what another organization is shown', async () => {
  const show = createPresent([await pasted()]);
  const text = '{"resourceType":"Communication","id":"c","status":"completed"}';
  const stored = { ref: 'Communication/c', text, custodian: 'Organization/a' } as const;
  const shown = show(stored, { everything: false, organization: 'Organization/b' });
  expect(JSON.parse(shown)).toMatchObject({ meta: { security: [{ code: 'MINEC' }] } });
  expect(show(stored, { everything: false, organization: 'Organization/a' })).toBe(text);
});
