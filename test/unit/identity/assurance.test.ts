/** Classes of authentication: what each way reaches, and which class is as good as which. */
import { describe, expect, test } from '@jest/globals';
import { ACR, acrOf, amrOf, isAcr, reachesAcr } from '../../../src/identity/assurance.ts';

describe('assurance', () => {
  test.each([
    [['pwd'], ACR.enrol, ['pwd']],
    [['otp'], ACR.enrol, ['otp']],
    [[], ACR.enrol, []],
    [['mfa'], ACR.mfa, ['mfa']],
    [['pwd', 'otp'], ACR.mfa, ['mfa', 'otp', 'pwd']],
    [['hwk', 'user'], ACR.phr, ['hwk', 'mfa', 'user']],
    [['swk', 'user'], ACR.phr, ['mfa', 'swk', 'user']],
    [['pwd', 'hwk', 'user'], ACR.phr, ['hwk', 'mfa', 'pwd', 'user']],
  ] as const)('(identity ID-27, ID-28) %j reaches %s', (ways, acr, amr) => {
    expect(acrOf(ways)).toBe(acr);
    expect(amrOf(ways)).toEqual(amr);
  });

  test.each([
    [ACR.enrol, [ACR.enrol]],
    [ACR.demo, [ACR.enrol, ACR.demo, ACR.mfa]],
    [ACR.mfa, [ACR.enrol, ACR.demo, ACR.mfa]],
    [ACR.phr, [ACR.enrol, ACR.demo, ACR.mfa, ACR.phr]],
    ['1', []],
    ['toString', []],
    [undefined, []],
  ])('(identity 7.3) %s is as good as %j', (acr, reached) => {
    expect(
      Object.values(ACR)
        .filter((wanted) => reachesAcr(acr, wanted))
        .toSorted(),
    ).toEqual([...reached].toSorted());
    expect(isAcr(acr ?? '')).toBe(reached.length > 0);
  });
});
