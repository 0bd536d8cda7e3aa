/** Jest in Node's own modules tells every kind of fault, and each file has its own tests (docs/adr/0023-tests-run-in-node.md). */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { JEST } from '../../../tools/jest.ts';

const TOP = join(import.meta.dirname, '../../..');
const FILES = '<rootDir>/test/fixtures/framework/(faults|right).ts';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

test.each([
  ['in one process', '--runInBand'],
  ['in workers', '--maxWorkers=2'],
])(
  '%s',
  (_, way) => {
    const argv = [...JEST, '--json', '--testMatch', FILES, '--reporters', 'default', way];
    const { status, stdout } = spawnSync(process.execPath, argv, { cwd: TOP, encoding: 'utf8' });
    const { testResults }: Report = JSON.parse(stdout);
    const told = testResults.map(({ name, assertionResults }) => [
      name.replace(/.*\//, ''),
      assertionResults.map((one) => `${one.fullName}: ${one.status}`),
    ]);
    expect(Object.fromEntries(told)).toEqual({
      'faults.ts': [
        'fails an expectation: failed',
        'fails a rejection that nobody heeds: failed',
        'fails an error thrown later: failed',
        'fails no expectation where some were announced: failed',
        'fails one that never ends: failed',
        'passes 1: passed',
        'passes 2: passed',
      ],
      'right.ts': ['passes 1: passed', 'passes 2: passed'],
    });
    const { message = '' } = testResults.find(({ name }) => name.endsWith('faults.ts')) ?? {};
    for (const said of ['unheeded', 'later', 'at the end', 'faults.ts:7:']) expect(message).toContain(said);
    expect(status).toBe(1);
  },
  60_000,
);
