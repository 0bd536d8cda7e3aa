/** A judge that this machine lacks is named; its tests neither pass nor fail, except where all judges must be here. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const TOP = join(import.meta.dirname, '../../..');

/** Jest on a file whose tests are all judged by strace, on a machine that has no program but Node. */
function judgeWithout(env: Readonly<Record<string, string>>) {
  const { HOME = '' } = process.env;
  const jest = ['node_modules/jest/bin/jest.js', '-i'];
  const { status, stderr } = spawnSync(
    process.execPath,
    [...jest, 'test/conformance/durability/power.test.ts'],
    {
      cwd: TOP,
      env: { HOME, PATH: '/nowhere', ...env },
      encoding: 'utf8',
    },
  );
  return { status, stderr };
}

test('it is named at the end', () => {
  const { status, stderr } = judgeWithout({});
  expect(stderr).toContain('1 judge absent: strace (6 tests; ');
  expect(stderr).toContain('6 todo');
  expect(status).toBe(0);
}, 60_000);

test('with CI its tests fail', () => {
  const { status, stderr } = judgeWithout({ CI: 'true' });
  expect(stderr).toContain('strace is absent: ');
  expect(status).toBe(1);
}, 60_000);
