/** The bases of a disclosure: the table, the code system, and which of them a policy decides. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { BASES, isBasis, type Basis } from '../../../src/policies/basis.ts';
import { decide, type Disclosure } from '../../../src/policies/index.ts';
import { DISCLOSURE } from './disclosure.ts';

test('(compliance 4) the code system holds the bases of the table, and no others', () => {
  const file = join(import.meta.dirname, '../../../profiles/closeloop/disclosure-basis-codes.json');
  const { concept } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly concept: readonly { readonly code: string }[];
  };
  expect(concept.map(({ code }) => code)).toEqual(Object.keys(BASES));
  expect(['law-enforcement', 'toString', undefined].filter(isBasis)).toEqual([]);
});

const disclosure: Disclosure = { ...DISCLOSURE, what: { type: 'Task', ref: 'Task/1' } };

const claiming = (claimed: Basis): Disclosure => ({
  ...disclosure,
  claimed,
  purpose: BASES[claimed].purpose,
});

test.each(Object.keys(BASES) as Basis[])(
  '(compliance B34) at most one basis decides: %s claimed',
  (claimed) => {
    const { permitted, ground } = decide(claiming(claimed));
    expect([permitted, ground]).toEqual(claimed === 'treatment' ? [true, 'treatment'] : [false, undefined]);
  },
);

test.each<[Basis, Basis | undefined]>([
  ['treatment', 'own'],
  ['payment', 'own'],
  ['operations', 'own'],
  ['oversight', 'own'], // health compliance is among the operations of the entity
  ['public-health', undefined],
  ['serious-threat', undefined],
])('(compliance B01) within one legal entity, %s claimed: %s', (claimed, ground) => {
  expect(decide({ ...claiming(claimed), sameEntity: true }).ground).toBe(ground);
});

test('(compliance B34) what is denied, or is about no patient, has no basis', () => {
  const denied = { resourceType: 'Consent', status: 'active', scope: {}, provision: { type: 'deny' } };
  expect(decide({ ...disclosure, consents: [denied] }).ground).toBeUndefined();
  const place = { ...disclosure, what: { type: 'Location', ref: 'Location/1' as const }, parties: false };
  expect(decide({ ...place, patient: undefined })).toEqual(
    expect.not.objectContaining({ ground: expect.anything() }),
  );
});
