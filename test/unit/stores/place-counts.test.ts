/** Counts of places are remembered while they may still be right, and only where counting is long. */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import { countUpTo } from '../../../src/stores/embedded/search/place-counts.ts';
import { sql } from '../../../src/stores/embedded/sql.ts';

const NOW = { seq: 5, newest: 1000 };

function open(rows: number): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE one (n INTEGER PRIMARY KEY, place TEXT NOT NULL)');
  add(db, rows);
  return db;
}

const add = (db: DatabaseSync, rows: number, place = 'wide'): void => {
  const insert = db.prepare('INSERT INTO one (place) VALUES (?)');
  for (let i = 0; i < rows; i += 1) insert.run(place);
};

const place = (name: string, newest = NOW.newest) => [
  sql`SELECT n FROM one WHERE place = ${name} AND n <= ${newest}`,
];

describe('how many rows a place has', () => {
  test('is counted up to a limit, over all branches', () => {
    const db = open(600);
    expect(countUpTo(10_000, place('wide'), db, NOW)).toBe(600);
    expect(countUpTo(500, place('wide'), db, NOW)).toBe(500);
    expect(countUpTo(1000, [...place('wide'), ...place('wide')], db, NOW)).toBe(1000);
    expect(countUpTo(10_000, [...place('wide'), ...place('none')], db, NOW)).toBe(600);
    expect(countUpTo(0, place('wide'), db, NOW)).toBe(0);
  });

  test('is counted each time where it is little', () => {
    const db = open(10);
    expect(countUpTo(10_000, place('wide'), db, NOW)).toBe(10);
    add(db, 1);
    expect(countUpTo(10_000, place('wide'), db, NOW)).toBe(11);
  });

  test('is remembered where it is much, at other moments, too', () => {
    const db = open(600);
    countUpTo(10_000, place('wide'), db, NOW);
    db.exec('DELETE FROM one');
    expect(countUpTo(10_000, place('wide', 1010), db, { seq: 6, newest: 1010 })).toBe(600);
    expect(countUpTo(10_000, place('other'), db, NOW)).toBe(0);
    expect(countUpTo(700, place('wide'), db, NOW)).toBe(0);
  });

  test('is counted again when a quarter was written since', () => {
    const db = open(600);
    countUpTo(10_000, place('wide'), db, NOW);
    add(db, 200);
    expect(countUpTo(10_000, place('wide', 1150), db, { seq: 7, newest: 1150 })).toBe(600);
    expect(countUpTo(10_000, place('wide', 1200), db, { seq: 8, newest: 1200 })).toBe(800);
  });

  test('is counted again after many uses', () => {
    const db = open(600);
    for (let uses = 0; uses <= 250; uses += 1) countUpTo(10_000, place('wide'), db, NOW);
    add(db, 50);
    expect(countUpTo(10_000, place('wide'), db, NOW)).toBe(650);
  });

  test('is forgotten where many other places were counted since', () => {
    const db = open(600);
    countUpTo(10_000, place('wide'), db, NOW);
    add(db, 50);
    for (let limit = 300; limit < 812; limit += 1) countUpTo(limit, place('wide'), db, NOW);
    expect(countUpTo(10_000, place('wide'), db, NOW)).toBe(650);
  });
});
