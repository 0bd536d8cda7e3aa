import { expect, test } from '@jest/globals';
import { createLog, createWarnings } from '../../../src/http/log.ts';

test('one trouble is one line a window, and the next line says how often it happened', () => {
  let at = 0;
  let text = '';
  const log = createLog(
    'warn',
    (lines) => (text += lines),
    () => at,
  );
  const warnings = createWarnings(log, 60_000, () => at);
  for (const [now, trouble] of [
    [0, 'disk-full'],
    [10, 'disk-full'],
    [20, 'quarantine'],
    [59_999, 'disk-full'],
    [60_000, 'disk-full'],
    [120_000, 'disk-full'],
  ] as const) {
    at = now;
    warnings.warn(trouble, trouble, { link: 'elm' });
  }
  log.flush();
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ msg, unsaid }) => [msg, unsaid])).toEqual([
    ['disk-full', undefined],
    ['quarantine', undefined],
    ['disk-full', 2],
    ['disk-full', undefined],
  ]);
});
