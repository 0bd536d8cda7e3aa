/** The laws of search for the embedded engine; its ways of searching agree; its searches end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/stores/embedded/folder/connection.ts';
import * as reader from '../../src/resources/full-text.ts';
import { registerDisplay } from '../../src/stores/embedded/search/display-function.ts';
import { pathsOf } from '../../src/stores/embedded/folder/folder.ts';
import { openStore } from '../../src/stores/index.ts';
import { LIMITS } from '../../src/stores/embedded/search/search-context.ts';
import type { Limits } from '../../src/stores/embedded/search/search-context.ts';
import { searchPage } from '../../src/stores/embedded/search/search.ts';
import { openTextIndex } from '../../src/stores/embedded/search/text-index.ts';
import { TICK } from './search-arbitraries.ts';
import { describeSearch } from './search.ts';
import type { SearchEngine } from './search-words.ts';

/** Limits under which the ways for millions of resources are taken with a handful. */
const WAYS: Readonly<Record<string, Partial<Limits>>> = {
  'as a thread searches': {},
  'nothing is narrow': {
    many: 1,
    few: 0,
    sorted: 0,
    sortable: 0,
    tried: 1,
    triedLong: 1,
    triedShort: 0,
    narrow: 0,
    merged: 0,
  },
  'a little is narrow': {
    many: 4,
    few: 0,
    sorted: 1,
    sortable: 3,
    tried: 2,
    triedLong: 3,
    triedShort: 2,
    narrow: 2,
    merged: 1,
    setBytes: 1000,
  },
  'tried in vain': {
    many: 3,
    few: 1,
    sorted: 0,
    sortable: 100,
    tried: 1,
    triedLong: 100,
    triedShort: 1,
    narrow: 1,
    merged: 2,
    setBytes: 0,
  },
};

async function open(): Promise<SearchEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'closeloop-search-'));
  let looks = 0;
  const store = await openStore({
    folder,
    clock: { now: () => (looks += 1) * TICK },
    writer: 'turn',
    reserveBytes: 0,
    pragmas: ['synchronous=OFF'],
  });
  const db = openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 });
  registerDisplay(db, reader);
  const texts = openTextIndex(db, pathsOf(folder).database, reader);
  return {
    store,
    others: Object.values(WAYS).map((limits) => async (query, seq) => {
      texts.catchUp(() => undefined);
      const { matches, total } = searchPage(db, query, { seq, now: 0 }, undefined, { ...LIMITS, ...limits });
      return { refs: matches.map(({ ref }) => ref), ...(total !== undefined && { total }) };
    }),
    async close() {
      texts.close();
      db.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

describeSearch('embedded', open);
