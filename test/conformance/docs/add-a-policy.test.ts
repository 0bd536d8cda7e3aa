/** The page on adding a policy: its code votes and obliges as the page says. */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPresent } from '../../../src/delivery/subject.ts';
import { decide, POLICIES, type Disclosure, type Policy } from '../../../src/policies/index.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/how-to/add-a-policy.md'), 'utf8');
const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
const folder = mkdtempSync(join(tmpdir(), 'closeloop-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function pasted(): Promise<Policy> {
  const file = join(folder, 'business-associate.ts');
  writeFileSync(file, code);
  const module = (await import(pathToFileURL(file).href)) as { businessAssociate: Policy };
  return module.businessAssociate;
}

const disclosure: Disclosure = {
  what: { type: 'Task', ref: 'Task/1' },
  from: 'Organization/a',
  to: 'Organization/b',
  discloserKinds: new Set(['provider']),
  recipientKinds: new Set(['business-associate']),
  sameEntity: false,
  claimed: undefined,
  patient: 'Patient/1',
  consents: [],
  agreements: [{ resourceType: 'Contract' }],
  parties: true,
  purpose: 'HOPERAT',
  now: 0,
};

test('(compliance L1) the policy of the page permits by agreement alone, beside those there are', async () => {
  const policies = [...POLICIES, await pasted()];
  expect(decide(disclosure, policies)).toMatchObject({ permitted: true, policy: 'business-associate' });
  expect(decide({ ...disclosure, agreements: [] }, policies)).toMatchObject({
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
