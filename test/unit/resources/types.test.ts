/** The registry of resource types against R4 (house 3: every type is served, or docs/limits.md says why not). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { BODY_TYPES, RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { PLAIN_TYPES } from '../../../src/resources/types/plain.ts';
import { RESOURCE_TYPE_NAMES as R4 } from '../../../src/resources/validation/structure.ts';
import { readTree } from '../../house/tree.ts';

const LIMITS = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8').split('\n');

test('every resource type of R4 is served, or stands in docs/limits.md as a body', () => {
  const left = [...R4].filter((type) => !RESOURCE_TYPES.has(type));
  expect(new Set(left)).toEqual(BODY_TYPES);
  for (const type of left)
    expect(LIMITS.filter((line) => line.includes(type) && line.includes('not stored types'))).toHaveLength(1);
});

test('what is served is of R4', () => {
  expect([...RESOURCE_TYPES.keys()].filter((type) => !R4.has(type))).toEqual([]);
});

test('no type is declared twice: a row, or a file of its own', () => {
  const files = [...readTree(['src/resources/types'], ['.ts'])];
  const declared = files.flatMap(([, text]) =>
    [...text.matchAll(/^ {2}type: '(\w+)',$/gm)].map(([, type]) => type),
  );
  const all = [...PLAIN_TYPES.map(({ type }) => type), ...declared];
  expect(all).toHaveLength(RESOURCE_TYPES.size);
  expect(new Set(all)).toEqual(new Set(RESOURCE_TYPES.keys()));
});

describe('what links the records of several patients reaches nothing', () => {
  test.each(['Account', 'Linkage', 'PaymentNotice', 'PaymentReconciliation', 'Person', 'VerificationResult'])(
    '%s',
    (type) => {
      expect(RESOURCE_TYPES.get(type)).toEqual({ type });
    },
  );
});
