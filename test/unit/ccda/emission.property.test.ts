/** Whatever a referral holds, its document is valid, and is read again without a fault. */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { openRules } from '../../ccda-judge.ts';
import { judged } from '../../judges.ts';
import { proofOf } from '../../proof.ts';
import { judgeResource } from '../../../src/resources/validate.ts';
import { plainOf } from '../../../src/fhir/literal.ts';
import { writeDocument } from '../../../src/ccda/write/document.ts';
import { convert } from './converted.ts';
import { BASE, lookUpIn, referral, type Referral } from './referrals.ts';

const { runs, seed, within } = proofOf('ccda');

const written = ({ content, resources }: Referral): string =>
  writeDocument(content, { base: BASE, lookUp: lookUpIn(resources) }).xml;

judged(
  'ccda_rules',
  `(ccda 2 to 7) every document is valid C-CDA R2.1 (${runs}, seed ${seed})`,
  () => {
    const judge = openRules();
    fc.assert(
      fc.property(referral, (one) => expect(judge(written(one))).toEqual([])),
      { numRuns: runs, seed },
    );
  },
  within(2000),
);

test(
  `(ccda 7) every document is read again: valid FHIR, every reference to a piece of narrative resolved (${runs}, seed ${seed})`,
  () =>
    fc.assert(
      fc.asyncProperty(referral, async (one) => {
        const { plain, losses } = await convert(written(one));
        expect(losses.filter(({ kind }) => kind === 'unresolved')).toEqual([]);
        expect(await judgeResource(plain, {})).toEqual([]);
      }),
      { numRuns: runs, seed },
    ),
  within(2000),
);

test('what is written at random is made of valid FHIR', () =>
  fc.assert(
    fc.asyncProperty(referral, async ({ resources }) => {
      const issues = await Promise.all(resources.map((one) => judgeResource(plainOf(one), {})));
      expect(issues.flat().filter(({ severity = 'error' }) => severity === 'error')).toEqual([]);
    }),
    { numRuns: 10, seed },
  ));
