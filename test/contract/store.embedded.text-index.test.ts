/** Full text beside the store: made from a folder that has none, kept up behind the log, forgotten, and made again. */
import { afterEach, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Clause } from '../../src/ports/query.ts';
import { pathsOf } from '../../src/stores/embedded/folder/folder.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { textFileOf } from '../../src/stores/embedded/search/text-index.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import {
  audit,
  commitOf,
  EVERYTHING,
  find,
  handClock,
  refusal,
  remove,
  until,
  write,
} from './store-world.ts';
import { ask } from './search-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterEach(() => world.end());

const said = (word: string): Clause => ({ kind: 'text', within: 'content', words: [word], starts: false });
const fileOf = (store: EmbeddedStore): string => textFileOf(pathsOf(store.folder).database);
const findWord = (store: EmbeddedStore, word: string) => find(store, ask(said(word)));

/** What the file holds of itself, and how many versions are in it. */
function lookInto(store: EmbeddedStore): Readonly<Record<string, number>> {
  const db = new DatabaseSync(fileOf(store), { readOnly: true });
  const rows = db.prepare('SELECT key, value FROM meta').all();
  const versions = db.prepare('SELECT count(*) AS n FROM words_docsize').get()?.['n'];
  db.close();
  return Object.fromEntries([...rows.map(({ key, value }) => [key, value]), ['versions', versions]]);
}

function versionsIn(store: EmbeddedStore): number {
  try {
    return lookInto(store)['versions'] ?? 0;
  } catch {
    return 0; // not made yet
  }
}

test('a folder without it is read when someone searches, or when nothing else is to be done', async () => {
  const before = await world.open({ fullText: false });
  for (const word of ['one', 'two']) await before.commit(commitOf([write(`Task/${word}`, { is: word })]));
  expect(existsSync(fileOf(before))).toBe(false);
  const asked = await world.open({ folder: world.copy(before.folder) });
  expect(await findWord(asked, 'two')).toEqual(['Task/two']);
  const idle = await world.open({ folder: world.copy(before.folder) });
  const { signal } = new AbortController();
  await until(async () => {
    await idle.readTexts?.(signal);
    return versionsIn(idle) === 2;
  });
});

test('a search sees what was committed before it, whatever was read until then', async () => {
  const store = await world.open();
  for (let i = 0; i < 5; i += 1) {
    await store.commit(commitOf([write(`Task/${i}`, { is: `word${i} alike` })]));
    expect(await findWord(store, `word${i}`)).toEqual([`Task/${i}`]);
  }
  expect((await findWord(store, 'alike')).length).toBe(5);
});

test('of another layout, damaged, or of another store: made again', async () => {
  const store = await world.open();
  await store.commit(commitOf([write('Task/a', { is: 'kept' })]));
  expect(await findWord(store, 'kept')).toEqual(['Task/a']);
  await store.close();
  const other = await world.open();
  await other.commit(commitOf([write('Task/b', { is: 'foreign' })]));
  await other.commit(commitOf([write('Task/c', { is: 'foreign' })]));
  expect(await findWord(other, 'foreign')).toEqual(['Task/c', 'Task/b']);
  await other.close();
  const spoil: readonly (() => void)[] = [
    () => writeFileSync(fileOf(store), 'no database at all'.repeat(100)),
    () => {
      const db = new DatabaseSync(fileOf(store));
      db.exec("UPDATE meta SET value = 99 WHERE key = 'format'");
      db.close();
    },
    () => writeFileSync(fileOf(store), new Uint8Array(0)),
    () => {
      rmSync(fileOf(store), { force: true });
      const db = new DatabaseSync(fileOf(other));
      db.prepare('VACUUM INTO ?').run(fileOf(store));
      db.close();
    },
  ];
  for (const one of spoil) {
    one();
    const again = await world.open({ folder: store.folder });
    expect(await findWord(again, 'kept')).toEqual(['Task/a']);
    expect(await findWord(again, 'foreign')).toEqual([]);
    await again.close();
  }
});

test('what ended goes when no search may ask for it', async () => {
  const clock = handClock();
  const store = await world.open({ clock, searchSnapshotMs: 1000 });
  const { seq } = await store.commit(commitOf([write('Task/a', { is: 'old' })]));
  await store.commit(commitOf([write('Task/a', { base: seq, is: 'new' })]));
  expect(await findWord(store, 'old')).toEqual([]);
  expect((await store.snapshot(seq).search(ask(said('old')))).total).toBe(1);
  expect(lookInto(store)['versions']).toBe(2);
  clock.at += 5000;
  await store.commit(commitOf([write('Task/b', { is: 'other' })]));
  await world.tidy(store);
  await findWord(store, 'new');
  await until(async () => lookInto(store)['versions'] === 2);
  expect(await findWord(store, 'new')).toEqual(['Task/a']);
});

test('(law 28) content that was expunged leaves no words', async () => {
  const store = await world.open();
  await store.commit(commitOf([write('Task/a', { is: 'secret' }), write('Task/b', { is: 'secret' })]));
  expect((await findWord(store, 'secret')).length).toBe(2);
  expect(lookInto(store)['versions']).toBe(2);
  const { seq } = await store.commit(commitOf([remove('Task/a', store.snapshot().seq)]));
  const entities = ['Task/a/_history/1'];
  await store.commit(commitOf([], { audit: [audit({ event: 'expunge', action: 'D', entities })] }));
  expect(await find(store, ask(said('secret')), seq - 1)).toEqual(['Task/b']);
  const { signal } = new AbortController();
  await store.readTexts?.(signal);
  expect(lookInto(store)).toMatchObject({ versions: 1, expunged: 1 });
});

test('a file that cannot be written refuses the search, not the store', async () => {
  const store = await world.open({ fullText: false });
  await store.commit(commitOf([write('Task/a', { is: 'said' })]));
  await store.close();
  mkdirSync(fileOf(store));
  const blocked = await world.open({ folder: store.folder });
  expect(await refusal(blocked.snapshot().search(ask(said('said'))))).toBe('too-busy');
  expect((await blocked.snapshot().read('Task/a', EVERYTHING))?.seq).toBe(1);
});
