/** A judge that this machine lacks is named; its tests neither pass nor fail, except where all judges must be here. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const TOP = join(import.meta.dirname, '../../..');

/** Jest on a file that judges by mllp_send, on a machine that has no program but Node. */
function judgeWithout(env: Readonly<Record<string, string>>) {
  const { HOME = '' } = process.env;
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '-i'];
  const named = ['-t', 'mllp_send', 'test/conformance/hl7v2-mllp/outside.test.ts'];
  const { status, stderr } = spawnSync(process.execPath, [...jest, ...named], {
    cwd: TOP,
    env: { HOME, PATH: '/nowhere', ...env },
    encoding: 'utf8',
  });
  return { status, stderr };
}

test('it is named at the end', () => {
  const { status, stderr } = judgeWithout({});
  expect(stderr).toContain('1 judge absent: mllp_send (1 test; Debian: apt-get install python3-hl7)');
  expect(stderr).toContain('1 todo');
  expect(status).toBe(0);
}, 60_000);

test('with CI its tests fail', () => {
  const { status, stderr } = judgeWithout({ CI: 'true' });
  expect(stderr).toContain('mllp_send is absent: Debian: apt-get install python3-hl7');
  expect(status).toBe(1);
}, 60_000);
