/** Failed logins that are told of (audit-compliance AU62): ten within fifteen minutes, once an hour. */
import { describe, expect, test } from '@jest/globals';
import { createLoginWatch } from '../../../src/http/login-watch.ts';

const MINUTE = 60_000;

function watch() {
  let at = Date.UTC(2026, 0, 1);
  const told: string[] = [];
  const watching = createLoginWatch(
    () => at,
    async (source, times) => void told.push(`${source} ${times}`),
  );
  const add = (source: string, times: number) => watching.add(source, times);
  return { add, told, pass: (ms: number) => void (at += ms) };
}

describe('(audit-compliance AU62) a source that fails', () => {
  test('ten times within fifteen minutes is told of', async () => {
    const { add, told, pass } = watch();
    await add('a', 6);
    pass(15 * MINUTE - 1);
    await add('a', 4);
    expect(told).toEqual(['a 10']);
  });

  test('ten times in more than fifteen minutes is not, nor ten times from several sources', async () => {
    const { add, told, pass } = watch();
    await add('a', 6);
    pass(15 * MINUTE);
    await add('a', 4);
    await add('b', 9);
    expect(told).toEqual([]);
  });

  test('is told of once an hour', async () => {
    const { add, told, pass } = watch();
    await add('a', 10);
    await add('a', 10);
    pass(59 * MINUTE);
    await add('a', 10);
    expect(told).toEqual(['a 10']);
    pass(MINUTE);
    await add('a', 10);
    expect(told).toEqual(['a 10', 'a 20']);
  });
});
