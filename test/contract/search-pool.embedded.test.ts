/** Searches of the embedded engine end (rules 3.4), and take the ways that were chosen for them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Query } from '../../src/ports/query.ts';
import { openDatabase } from '../../src/stores/embedded/folder/connection.ts';
import { pathsOf, prepareDatabase } from '../../src/stores/embedded/folder/folder.ts';
import { SEARCH_THREAD } from '../../src/stores/index.ts';
import { SearchPool } from '../../src/stores/embedded/search/search-pool.ts';
import { LIMITS } from '../../src/stores/embedded/search/search-context.ts';
import type { Limits } from '../../src/stores/embedded/search/search-context.ts';
import { searchPage } from '../../src/stores/embedded/search/search.ts';
import { all, any, chain, has, id, missing, text, to, token, uri } from './search-words.ts';
import { ask, seenBy } from './search-world.ts';

const TASKS = 4000;
/** After the last of them. */
const HEAD = { seq: TASKS + 1, now: 0 };

/** Many Tasks for one Patient, filled in without the writer: only the tables matter here. */
const FILL = `
  INSERT INTO name (nid, name) VALUES (1, 'Task'), (2, 'Patient'), (3, 'Task.subject'), (4, 'Task.name'), (5, 'Task.code'),
    (6, 'Organization/o'), (7, 'Task.when'), (8, 'Task.url');
  INSERT INTO resource (rid, ref, type, custodian, everyone) VALUES (0, 'Patient/p', 2, 0, 0);
  INSERT INTO version (vid, rid, type, seq, ended, at, method, text) VALUES (0, 0, 2, 1, 1e15, 1, 'PUT', '{}');
  CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${TASKS}) SELECT i FROM n;
  INSERT INTO resource SELECT i, 'Task/' || i, 1, 0, 0 FROM n;
  INSERT INTO version SELECT i, i, 1, i + 1, 1e15, i, 'PUT', '{}' FROM n;
  INSERT INTO value SELECT 3, 'Patient/p', i, '' FROM n UNION ALL SELECT 4, 'text', i, 'Text' FROM n
    UNION ALL SELECT 5, 'c' || i % 10, i, '' FROM n UNION ALL SELECT 7, i, i, i FROM n;
`;

/** Looks at every pair of Tasks. */
const COSTLY = ask(chain('subject', ['Patient'], has('Task', 'subject', text('contains', 'nothing'))));
const CHEAP = ask(id('7'));

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'closeloop-pool-'));
  file = pathsOf(folder).database;
  prepareDatabase(folder);
  const db = openDatabase(file, { readOnly: false, cacheKib: 1024, pragmas: ['synchronous = OFF'] });
  db.exec(FILL);
  db.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function within<T>(
  options: { queued?: number; timeoutMs?: number },
  use: (pool: SearchPool) => Promise<T>,
): Promise<T> {
  const pool = new SearchPool({
    thread: SEARCH_THREAD,
    file,
    threads: 1,
    queued: 8,
    timeoutMs: 30_000,
    fullText: false,
    ...options,
  });
  try {
    // A thread takes its time to start, and a search is refused that waits too long for it.
    while ((await reasonOf(pool.search(CHEAP, HEAD))) === 'too-busy');
    expect((await pool.search(CHEAP, HEAD)).matches.map(({ ref }) => ref)).toEqual(['Task/7']);
    return await use(pool);
  } finally {
    await pool.close();
  }
}
const reasonOf = (search: Promise<unknown>): Promise<unknown> =>
  search.then(
    () => 'answered',
    (error: { reason?: string }) => error.reason ?? error,
  );

describe('every search ends', () => {
  test('past its time: too costly, and its thread answers the next one', async () => {
    await within({ timeoutMs: 100 }, async (pool) => {
      const start = performance.now();
      expect(await reasonOf(pool.search(COSTLY, HEAD))).toBe('too-costly');
      expect(performance.now() - start).toBeLessThan(2000);
      expect(await reasonOf(pool.search(CHEAP, HEAD))).toBe('answered');
    });
  });

  test('aborted while it runs: the thread is free long before its time', async () => {
    await within({}, async (pool) => {
      const start = performance.now();
      expect(await reasonOf(pool.search(COSTLY, HEAD, AbortSignal.timeout(50)))).toBe('aborted');
      expect(await reasonOf(pool.search(CHEAP, HEAD))).toBe('answered');
      expect(performance.now() - start).toBeLessThan(5000);
    });
  });

  test('ended, and asked once more: it ends once more, and does not fail', async () => {
    await within({ timeoutMs: 100 }, async (pool) => {
      expect(await reasonOf(pool.search(COSTLY, HEAD))).toBe('too-costly');
      expect(await reasonOf(pool.search(COSTLY, HEAD))).toBe('too-costly');
      expect(await reasonOf(pool.search(COSTLY, HEAD, AbortSignal.timeout(50)))).toBe('aborted');
    });
  });

  test('aborted while it waits, or before', async () => {
    await within({ timeoutMs: 300 }, async (pool) => {
      const running = reasonOf(pool.search(COSTLY, HEAD));
      expect(await reasonOf(pool.search(CHEAP, HEAD, AbortSignal.timeout(10)))).toBe('aborted');
      expect(await reasonOf(pool.search(CHEAP, HEAD, AbortSignal.abort()))).toBe('aborted');
      expect(await running).toBe('too-costly');
    });
  });

  test('more than may wait: too busy', async () => {
    await within({ queued: 1, timeoutMs: 300 }, async (pool) => {
      const asked = [1, 2, 3].map(() => reasonOf(pool.search(COSTLY, HEAD)));
      expect(await asked[2]).toBe('too-busy');
      expect(await asked[0]).toBe('too-costly');
    });
  });

  test('one organization waits in its half of the queue, and is passed by the others', async () => {
    await within({ queued: 8 }, async (pool) => {
      const ended = new AbortController();
      const running = reasonOf(pool.search(COSTLY, HEAD, ended.signal));
      const order: string[] = [];
      const by = async (organization: Ref): Promise<unknown> => {
        const sight = { everything: false, organization } as const;
        const reason = await reasonOf(pool.search({ ...CHEAP, sight }, HEAD));
        if (reason === 'answered') order.push(organization);
        return reason;
      };
      const greedy = Array.from({ length: 6 }, () => by('Organization/greedy'));
      const modest = by('Organization/modest');
      expect(await Promise.all(greedy.slice(4))).toEqual(['too-busy', 'too-busy']);
      ended.abort();
      await Promise.all([running, modest, ...greedy]);
      expect(order.indexOf('Organization/modest')).toBe(1);
      expect(order).toHaveLength(5);
    });
  });

  test('waited longer than a search may take: too busy', async () => {
    await within({ timeoutMs: 100 }, async (pool) => {
      const asked = [COSTLY, COSTLY, CHEAP].map((query) => reasonOf(pool.search(query, HEAD)));
      expect(await asked[2]).toBe('too-busy');
    });
  });

  test('closed while it runs', async () => {
    const pool = new SearchPool({
      thread: SEARCH_THREAD,
      file,
      threads: 2,
      queued: 8,
      timeoutMs: 30_000,
      fullText: false,
    });
    const asked = [COSTLY, COSTLY, CHEAP].map((query) => reasonOf(pool.search(query, HEAD)));
    await pool.close();
    expect(await Promise.all(asked)).toEqual(['aborted', 'aborted', 'aborted']);
    expect(await reasonOf(pool.search(CHEAP, HEAD))).toBe('aborted');
  });

  test('its thread dies: refused, and another thread takes the next one', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'closeloop-pool-'));
    // A thread cannot open a file that is not there, and dies.
    const pool = new SearchPool({
      thread: SEARCH_THREAD,
      file: pathsOf(elsewhere).database,
      threads: 1,
      queued: 8,
      timeoutMs: 30_000,
      fullText: false,
    });
    try {
      expect(await reasonOf(pool.search(CHEAP, { seq: 1, now: 0 }))).toBe('too-costly');
      prepareDatabase(elsewhere);
      expect((await pool.search(CHEAP, { seq: 1, now: 0 })).matches).toEqual([]);
    } finally {
      await pool.close();
      await rm(elsewhere, { recursive: true });
    }
  });

  test('behind the horizon: expired', async () => {
    const db = openDatabase(file, { readOnly: false, cacheKib: 1024 });
    db.exec("INSERT INTO meta (key, value) VALUES ('horizon', 5) ON CONFLICT (key) DO UPDATE SET value = 5");
    expect(() => searchPage(db, CHEAP, { seq: 4, now: 0 })).toThrow('expired');
    expect(searchPage(db, CHEAP, { seq: 5, now: 0 }).matches).toEqual([]);
    db.exec("UPDATE meta SET value = 0 WHERE key = 'horizon'");
    db.close();
  });
});

function recordTexts(db: DatabaseSync): readonly string[] {
  const texts: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (...args: Parameters<DatabaseSync['prepare']>): StatementSync => {
    texts.push(args[0]);
    return prepare(...args);
  };
  return texts;
}

const when = (param: string): Clause => ({ kind: 'range', param, prefix: 'ge', low: 5, high: 5 });
const sortedBy = (param: string): Partial<Query> => ({ sort: [{ param, descending: true }] });

describe('the planner chooses nothing', () => {
  /** The statements of a search, explained. A bound LIMIT is part of a sum: of a bare one SQLite plans anew each time. */
  function plansOf(query: Query, limits: Partial<Limits>): string[] {
    const db = openDatabase(file, { readOnly: true, cacheKib: 1024 });
    try {
      const texts = recordTexts(db);
      searchPage(db, query, HEAD, undefined, { ...LIMITS, ...limits });
      expect(texts.filter((one) => /(LIMIT|OFFSET) \?(?! \+ 0)/.test(one))).toEqual([]);
      return texts
        .flatMap((one) => db.prepare(`EXPLAIN QUERY PLAN ${one}`).all())
        .map(({ detail }) => String(detail));
    } finally {
      db.close();
    }
  }
  const queries: readonly [says: string, query: Query][] = [
    ['all', ask(all())],
    ['token', ask(token('code', 'c1'))],
    ['any of two', ask(any(token('code', 'c1'), token('code', 'c2')))],
    ['two that must hold', ask(all(token('code', 'c1'), to('subject', 'Patient/p')))],
    ['string', ask(text('starts', 'te'))],
    ['exact', ask(text('exact', 'Text'))],
    ['contains', ask(text('contains', 'ex'))],
    ['uri below', ask(uri('below', 'http://x'))],
    ['uri above', ask(uri('above', 'http://x/y'))],
    ['range', ask(when('when'))],
    ['not', ask({ kind: 'not', clause: token('code', 'c1') })],
    ['missing', ask(missing('code', true))],
    ['ids', ask(id('1', '2'))],
    ['updated', ask({ kind: 'updated', prefix: 'ge', low: 10, high: 10 })],
    ['chain', ask(chain('subject', ['Patient'], id('p')))],
    ['has', ask(has('Task', 'subject', token('code', 'c1')), { type: 'Patient' })],
    ['of an organization', ask(all(), { sight: seenBy('Organization/o') })],
    ['of a patient', ask(all(), { sight: seenBy('Organization/o', 'Patient/p') })],
    ['by a date', ask(all(), sortedBy('when'))],
    ['by id', ask(all(), sortedBy('_id'))],
  ];
  /** A table as a whole; the planner's own indexes; and everything sorted. */
  const WHOLE = /SCAN (value|version|resource|sight|name|[vrx]\d)\b|AUTOMATIC/;

  test.each(queries)('%s: no table is read whole, whatever is narrow', (_says, query) => {
    for (const limits of [{}, { many: 1, few: 0, sorted: 0, tried: 1, narrow: 0 }]) {
      const plans = plansOf(query, limits);
      expect(plans.length).toBeGreaterThan(0);
      expect(plans.filter((plan) => WHOLE.test(plan))).toEqual([]);
    }
  });

  test.each<[string, Query]>([
    ['newest first', ask(all(), { total: false })],
    ['of a status', ask(token('code', 'c1'), { total: false })],
    ['of any status', ask(any(token('code', 'c1'), token('code', 'c2')), { total: false })],
    ['by a date', ask(all(), { total: false, ...sortedBy('when') })],
    ['by id', ask(all(), { total: false, ...sortedBy('_id') })],
  ])('%s: nothing is sorted but what ended since', (_says, query) => {
    const plans = plansOf(query, { many: 1, few: 0, sorted: 0, narrow: 0 });
    const walks = plans.filter((plan) => plan.includes('TEMP B-TREE'));
    // Versions that ended after the seq are few, and merged into those that have not.
    expect(walks.length).toBeLessThanOrEqual(
      plans.filter((plan) => plan.includes('ended>? AND ended<?')).length,
    );
  });
});
