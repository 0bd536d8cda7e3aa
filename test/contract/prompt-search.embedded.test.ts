/** Searches that end soon are answered at once, and no search holds up its caller's thread. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { EVERYTHING, type Clause, type Query } from '../../src/ports/query.ts';
import { openDatabase } from '../../src/stores/embedded/folder/connection.ts';
import { pathsOf, prepareDatabase } from '../../src/stores/embedded/folder/folder.ts';
import { prepareLookup } from '../../src/stores/embedded/search/lookup.ts';
import { prepareFreshness, preparePromptSearch } from '../../src/stores/embedded/search/prompt-search.ts';
import { searchPage } from '../../src/stores/embedded/search/search.ts';
import {
  prepareSharedReadTransaction,
  type SharedReadTransaction,
} from '../../src/stores/embedded/shared-read-transaction.ts';
import { all, any, chain, has, id, text, to, token } from './search-words.ts';
import { ask, seenBy } from './search-world.ts';

const TASKS = 2000;
const HEAD = { seq: TASKS + 1, now: 0 };

/** Many Tasks for one Patient: all of code c, one each of a number. Organization/o keeps those before the hundredth. */
const FILL = `
  INSERT INTO name (nid, name) VALUES (1, 'Task'), (2, 'Patient'), (3, 'Task.subject'), (4, 'Task.name'), (5, 'Task.code'),
    (6, 'Organization/o'), (7, 'Organization/p'), (8, 'Task.number'), (9, 'Patient.identifier'),
    (10, 'Task.size'), (11, 'Task.size$wide');
  INSERT INTO resource (rid, ref, type, custodian, everyone) VALUES (0, 'Patient/p', 2, 6, 0);
  INSERT INTO version (vid, rid, type, seq, ended, at, method, text) VALUES (0, 0, 2, 1, 1e15, 1, 'PUT', '{}');
  INSERT INTO value VALUES (9, 'mrn', 0, 'urn:x');
  CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${TASKS}) SELECT i FROM n;
  INSERT INTO resource SELECT i, 'Task/' || i, 1, CASE WHEN i < 100 THEN 6 ELSE 7 END, 0 FROM n;
  INSERT INTO version SELECT i, i, 1, i + 1, 1e15, i, 'PUT', '{}' FROM n;
  INSERT INTO value SELECT 4, 'text', i, 'Text' FROM n UNION ALL SELECT 5, 'c', i, '' FROM n
    UNION ALL SELECT 8, 'n' || i, i, '' FROM n UNION ALL SELECT 3, 'Patient/p', i, '' FROM n WHERE i < 4;
`;

let folder: string;
let writing: DatabaseSync;
let db: DatabaseSync;
let transaction: SharedReadTransaction;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'closeloop-prompt-'));
  const file = pathsOf(folder).database;
  prepareDatabase(folder);
  writing = openDatabase(file, { readOnly: false, cacheKib: 1024, pragmas: ['synchronous = OFF'] });
  writing.exec(FILL);
  db = openDatabase(file, { readOnly: true, cacheKib: 1024 });
  time = 0;
  transaction = prepareSharedReadTransaction(db);
});
afterEach(async () => {
  db.close();
  writing.close();
  await rm(folder, { recursive: true });
});

const page = (where: Query['where'], given: Partial<Query> = {}): Query =>
  ask(where, { total: false, count: 20, ...given });

/** What the clock says: on a busy machine a few rows can take long. */
let time: number;

/** Every Task is looked at, and none is found. */
const COSTLY = page(all(token('code', 'c'), text('contains', 'nothing')));

describe('a search that ends soon', () => {
  test.each<[string, Query]>([
    ['the newest of many', page(token('code', 'c'), { sort: [{ param: '_lastUpdated', descending: true }] })],
    ['further pages', page(token('code', 'c'), { offset: 40 })],
    ['of one or another', page(any(token('number', 'n7'), token('code', 'none')))],
    ['of several', page(all(token('number', 'n7'), token('code', 'c')))],
    ['what refers', page(has('Task', 'subject', token('number', 'n3')), { type: 'Patient' })],
    ['what is referred to', page(chain('subject', ['Patient'], token('identifier', 'mrn')))],
    ['sorted', page(to('subject', 'Patient/p'), { sort: [{ param: 'number', descending: false }] })],
    ['counted', page(to('subject', 'Patient/p'), { total: true })],
    ['by id', page(id('7'))],
  ])('%s: the page that a thread would give', (_says, query) => {
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    const found = promptly(query, HEAD);
    expect(found?.matches.length).toBeGreaterThan(0);
    expect(found).toEqual(searchPage(db, query, HEAD));
  });

  test('what the caller does not see is not found', () => {
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    const of = (number: string) => page(token('number', number), { sight: seenBy('Organization/o') });
    expect(promptly(of('n99'), HEAD)?.matches).toHaveLength(1);
    expect(promptly(of('n100'), HEAD)?.matches).toEqual([]);
  });

  test('of few sizes, or of many, the newest that are larger, intervals among them', () => {
    const larger: Clause = { kind: 'range', param: 'size', prefix: 'gt', low: 1, high: 1, points: true };
    writing.exec(`INSERT INTO value SELECT 10, i % 3, i, i % 3 FROM n WHERE i <> 1998;
      INSERT INTO value VALUES (10, 0.5, 1998, 9), (11, 0, 1998, 0)`);
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    const refs = () => promptly(page(larger, { count: 4 }), HEAD)?.matches.map(({ ref }) => ref);
    expect(refs()).toEqual(['Task/2000', 'Task/1998', 'Task/1997', 'Task/1994']);
    writing.exec('UPDATE value SET low = low + vid, high = high + vid WHERE pid = 10 AND low >= 1');
    expect(refs()).toEqual(['Task/2000', 'Task/1999', 'Task/1998', 'Task/1997']);
  });

  test('of long texts as many as the query takes', () => {
    writing.exec(`UPDATE version SET text = '"' || printf('%.*c', 100000, 'x') || '"'`);
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    const short = page(token('code', 'c'), { characters: 250_000 });
    expect(promptly(short, HEAD)?.matches).toHaveLength(2);
    expect(promptly(short, HEAD)).toEqual(searchPage(db, short, HEAD));
  });

  test('behind the horizon: expired', () => {
    writing.exec("INSERT INTO meta (key, value) VALUES ('horizon', 5)");
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    expect(() => promptly(page(id('1')), { seq: 4, now: 0 })).toThrow('expired');
    expect(promptly(page(id('1')), HEAD)?.matches).toHaveLength(1);
  });
});

describe('a search that does not', () => {
  test.each<[string, Query]>([
    ['too many rows to look at', COSTLY],
    ['all are counted', page(token('code', 'c'), { total: true })],
    ['a page of many', page(token('code', 'c'), { count: 1000 })],
    ['a late page', page(token('code', 'c'), { offset: 1000 })],
    ['many values', page(any(...Array.from({ length: 100 }, (_, i) => token('number', `n${i}`))))],
    ['words', page({ kind: 'text', within: 'content', words: ['word'], starts: false })],
  ])('%s: for a thread', (_says, query) => {
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    expect(promptly(query, HEAD)).toBeUndefined();
    expect(promptly(page(id('7')), HEAD)?.matches).toHaveLength(1);
  });

  test.each([undefined, 3_000_000])('long texts, of which the query takes more: %s', (characters) => {
    writing.exec(`UPDATE version SET text = '"' || printf('%.*c', 100000, 'x') || '"'`);
    const long = page(token('code', 'c'), characters === undefined ? {} : { characters });
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    expect(searchPage(db, long, HEAD).matches).toHaveLength(20);
    expect(promptly(long, HEAD)).toBeUndefined();
  });

  test('it takes too long, however few the rows', () => {
    const promptly = preparePromptSearch({ db, transaction }, () => (time += 1));
    expect(promptly(page(token('code', 'c')), HEAD)?.matches).toHaveLength(20);
    expect(promptly(page(token('code', 'c'), { count: 150 }), HEAD)).toBeUndefined();
  });

  test('is not tried again at once, and twice as seldom after each attempt', () => {
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    expect(promptly(COSTLY, HEAD)).toBeUndefined();
    writing.exec('DELETE FROM value WHERE pid = 5 AND vid > 10');
    const asked = (times: number) =>
      Array.from({ length: times }, () => promptly(COSTLY, HEAD) !== undefined);
    expect(asked(4)).toEqual([false, false, true, true]);
  });

  test('another one is tried', () => {
    const promptly = preparePromptSearch({ db, transaction }, () => time);
    expect(promptly(COSTLY, HEAD)).toBeUndefined();
    expect(promptly({ ...COSTLY, where: token('code', 'c') }, HEAD)).toBeDefined();
    expect(promptly({ ...COSTLY, sight: seenBy('Organization/o') }, HEAD)).toBeDefined();
  });
});

describe('a chain to what a lookup finds is a lookup', () => {
  const ofPatient = chain('subject', ['Patient'], token('identifier', 'mrn', 'urn:x'));

  test('newest first, and one hop further', () => {
    const lookup = prepareLookup(db);
    const refs = (query: Query) => lookup(query, HEAD)?.map(({ ref }) => ref);
    expect(refs(page(ofPatient))).toEqual(['Task/3', 'Task/2', 'Task/1']);
    expect(refs(page(chain('subject', ['Patient', 'Group'], token('identifier', 'mrn'))))).toHaveLength(3);
    expect(refs(page(all(ofPatient, token('number', 'n2'))))).toEqual(['Task/2']);
    expect(refs(page(chain('subject', ['Patient'], token('identifier', 'other'))))).toEqual([]);
  });

  test('both ends are seen, or nothing is', () => {
    const lookup = prepareLookup(db);
    const seen = (organization: 'Organization/o' | 'Organization/p') =>
      lookup(page(ofPatient, { sight: seenBy(organization) }), HEAD)?.length;
    expect([seen('Organization/o'), seen('Organization/p')]).toEqual([3, 0]);
    writing.exec('UPDATE resource SET custodian = 7 WHERE rid IN (1, 2, 3)');
    expect([seen('Organization/o'), seen('Organization/p')]).toEqual([0, 0]);
    writing.exec('UPDATE resource SET custodian = 7 WHERE rid = 0');
    expect([seen('Organization/o'), seen('Organization/p')]).toEqual([0, 3]);
  });

  test('what scopes leave is no lookup where the order is another', () => {
    const lookup = prepareLookup(db);
    const sight = { ...EVERYTHING, narrow: { Task: token('number', 'n7') } };
    const sort = [{ param: 'number', descending: true }];
    expect(lookup(page(token('number', 'n8'), { sight, sort }), HEAD)).toBeUndefined();
    expect(lookup(page(token('number', 'n8'), { sight }), HEAD)).toBeUndefined();
    expect(lookup(page(all(), { sight }), HEAD)).toHaveLength(1);
  });

  test('to what is no lookup, or is sorted otherwise: no lookup', () => {
    const lookup = prepareLookup(db);
    expect(lookup(page(chain('subject', ['Task'], token('code', 'c'))), HEAD)).toBeUndefined();
    expect(lookup(page(ofPatient, { sort: [{ param: 'number', descending: true }] }), HEAD)).toBeUndefined();
    expect(
      lookup(page(ofPatient, { sort: [{ param: '_lastUpdated', descending: false }] }), HEAD),
    ).toBeUndefined();
    expect(
      lookup(page(ofPatient, { sort: [{ param: '_lastUpdated', descending: true }] }), HEAD),
    ).toHaveLength(3);
  });
});

test('a value that many have is no lookup for a while, and one again when few have it', () => {
  const lookup = prepareLookup(db);
  const few = page(token('number', 'n7'));
  const ofCode = (system?: string) => lookup(page(token('code', 'c', system)), HEAD)?.length;
  expect([ofCode(), ofCode('')]).toEqual([undefined, undefined]);
  writing.exec('DELETE FROM value WHERE pid = 5 AND vid > 10');
  const asked = Array.from({ length: 200 }, () => ofCode());
  expect(asked.filter((one) => one !== undefined)).toEqual([]);
  expect([ofCode(), ofCode(), ofCode(''), ofCode('urn:other')]).toEqual([10, 10, undefined, 0]);
  expect(lookup(few, HEAD)).toHaveLength(1);
});

test('in a transaction that stands, whoever is denied something is not asked for: what it received since counts', () => {
  writing.exec('INSERT INTO denied (org, rid, root, since, until) VALUES (6, 1, 1, 0, 9)');
  const freshen = prepareFreshness({ db, transaction });
  transaction.applied(false);
  freshen(seenBy('Organization/p'));
  expect(db.isTransaction).toBe(true);
  freshen({ ...seenBy('Organization/o'), denied: 'seen' } as Query['sight']);
  expect(db.isTransaction).toBe(true);
  freshen(seenBy('Organization/o'));
  expect(db.isTransaction).toBe(false);
});
