/** What the log says of a database that falls silent, comes back, or has another clock than ours. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createWarnings } from '../../../src/http/log.ts';
import { watchDatabase } from '../../../src/server/watch-database.ts';
import { fakeTime, type FakeTime } from '../../fake-time.ts';

const MINUTE = 60_000;

interface Trial {
  readonly said: string[];
  readonly time: FakeTime;
  readonly look: () => Promise<void>;
  silentSince: number | undefined;
  aheadMs: number;
}

function trial(): Trial {
  const time = fakeTime();
  const said: string[] = [];
  const log = {
    write: (level: string, msg: string, about: object = {}) =>
      void said.push(`${level} ${msg} ${JSON.stringify(about)}`),
    flush: () => undefined,
  };
  const now = (): number => time.now();
  const warnings = createWarnings(log, MINUTE, now);
  const look = watchDatabase(
    {
      status: () => (one.silentSince === undefined ? {} : { silentSince: one.silentSince }),
      clockAheadMs: () => one.aheadMs,
    },
    { log, warnings, now },
  );
  const one: Trial = { said, time, look, silentSince: undefined, aheadMs: 0 };
  return one;
}

let one: Trial;
beforeEach(() => void (one = trial()));

/** A look each second, for so long. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    one.time.pass(1000);
    await one.look();
  }
}

test('a database that answers, with our clock, is no line', async () => {
  await pass(MINUTE);
  expect(one.said).toEqual([]);
});

test('one that does not answer is a line at once and one a minute, and one when it answers again', async () => {
  one.silentSince = one.time.now();
  await pass(2.5 * MINUTE);
  const silent = 'warn the database does not answer, or lets nobody in: writes and audited reads are refused';
  expect(one.said).toEqual([
    `${silent} {"seconds":1}`,
    `${silent} {"seconds":61,"unsaid":59}`,
    `${silent} {"seconds":121,"unsaid":59}`,
  ]);
  one.silentSince = undefined;
  await pass(MINUTE);
  expect(one.said.slice(3)).toEqual(['info the database answers again {"seconds":151}']);
});

describe('its clock', () => {
  test.each([
    ['up to two seconds off', 2000, []],
    ['ahead', 2001, [expect.stringContaining('{"aheadMs":2001}')]],
    ['behind', -3000, [expect.stringContaining('{"aheadMs":-3000}')]],
  ])('%s: told at most once', async (_, aheadMs, expected) => {
    one.aheadMs = aheadMs;
    await pass(10 * MINUTE);
    expect(one.said).toEqual(expected);
  });

  test('that drifts further is told again, and that it was set right, too', async () => {
    for (const aheadMs of [3000, 3500, 4001, 0]) {
      one.aheadMs = aheadMs;
      await pass(MINUTE);
    }
    expect(one.said).toEqual([
      'warn the clock of the database is not ours: set both by NTP {"aheadMs":3000}',
      'warn the clock of the database is not ours: set both by NTP {"aheadMs":4001}',
      'info the clock of the database is ours again {"aheadMs":0}',
    ]);
  });
});
