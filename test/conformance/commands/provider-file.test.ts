/** Files of `npm run admin -- sign-on put FILE`: each fault is said in a sentence (identity 8). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readProviderFile } from '../../../tools/admin/provider-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'provider-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const WHOLE = {
  key: 'clinic',
  name: 'Clinic',
  issuer: 'https://there.example',
  clientId: 'closeloop',
  organizations: ['Organization/a'],
};

const read = (told: unknown) => {
  const file = join(folder, 'provider.json');
  writeFileSync(file, typeof told === 'string' ? told : JSON.stringify(told));
  return readProviderFile(file);
};

test('(identity 8) a whole file is taken, and what it leaves out has its usual value', () => {
  const rules = [
    { when: [{ claim: 'groups', is: 'desk' }], organization: 'Organization/a', roles: ['front-desk'] },
  ];
  expect(read({ ...WHOLE, rules })).toMatchObject({ ...WHOLE, rules, credential: 'private_key_jwt' });
});

test.each<readonly [string, unknown, RegExp]>([
  ['is no JSON', '{', /is not JSON/],
  ['is a list', [], /must hold a JSON object/],
  ['lacks a member', { ...WHOLE, issuer: undefined }, /It lacks issuer, which is a text\./],
  ['has a number for a name', { ...WHOLE, name: 1 }, /Its name must be a text\./],
  [
    'has a text for a list',
    { ...WHOLE, organizations: 'Organization/a' },
    /Its organizations must be a list of texts\./,
  ],
  [
    'has a rule without tests',
    { ...WHOLE, rules: [{ organization: 'Organization/a', roles: [] }] },
    /Its rules must be a list of/,
  ],
  ['has no such proof', { ...WHOLE, proof: { kind: 'methods' } }, /Its proof must be/],
  ['has a text for a yes', { ...WHOLE, justInTime: 'yes' }, /Its justInTime must be true or false\./],
  ['has no such status', { ...WHOLE, status: 'on' }, /Its status must be active or suspended\./],
  [
    'has a member of another thing',
    { ...WHOLE, sealed: 'x' },
    /It has sealed, which is no member of a provider\./,
  ],
])('(identity 8) a file that %s is refused with a sentence', (_, told, sentence) => {
  expect(() => read(told)).toThrow(sentence);
});
