/** What is written is read again, whatever a submission says (direct-xdm 7, 7.1). */
import { expect, test } from '@jest/globals';
import { readXdm } from '../../../../src/direct/xdm/read-package.ts';
import { writeXdm } from '../../../../src/direct/xdm/write-package.ts';
import * as fc from '../../../chance.ts';
import { ABOUT, anySubmission, asReceived, REQUEST } from './submissions.ts';

test('a request', async () => {
  expect(await readXdm(await writeXdm(REQUEST, ABOUT))).toEqual({
    kind: 'package',
    submission: asReceived(REQUEST),
    remarks: [],
  });
});

test('any submission', async () => {
  await fc.assert(
    fc.asyncProperty(anySubmission, async (submission) => {
      expect(await readXdm(await writeXdm(submission, ABOUT))).toEqual({
        kind: 'package',
        submission: asReceived(submission),
        remarks: [],
      });
    }),
    { numRuns: 200 },
  );
});
