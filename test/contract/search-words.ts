/** Short words for the cases of the search contract. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Clause, Prefix, Query, SearchValue } from '../../src/ports/query.ts';
import type { Store } from '../../src/ports/store.ts';
import { SearchWorld, type Way } from './search-world.ts';

/** An engine that has just been opened, with nothing in it, under a clock that goes on with every look. */
export interface SearchEngine {
  readonly store: Store;
  /** Other ways by which the same engine can search: their answers must be the same. */
  readonly others: readonly Way[];
  close(): Promise<void>;
}

/** All of R4's. */
export const PREFIXES: readonly Prefix[] = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'];

export const v = (param: string, low: string | number, high: string | number = ''): SearchValue => ({
  param,
  low,
  high,
});

/** The ids of all that a search finds, every way the same, and counts. */
export async function find({ store, others }: SearchWorld, query: Query, seq?: number): Promise<string[]> {
  const snapshot = store.snapshot(seq);
  const { matches, total, more } = await snapshot.search(query);
  const refs = matches.map(({ ref }) => ref);
  expect({ total, more }).toEqual({ total: refs.length, more: false });
  for (const other of others) expect(await other(query, snapshot.seq)).toEqual({ refs, total });
  return refs.map((ref) => ref.slice(ref.indexOf('/') + 1));
}

/** Opens before all cases of a block and closes after them. */
export function openOnce(
  open: () => Promise<SearchEngine>,
  fill: (world: SearchWorld) => Promise<unknown>,
): () => SearchWorld {
  let engine: SearchEngine | undefined;
  let world: SearchWorld | undefined;
  beforeAll(async () => {
    engine = await open();
    world = new SearchWorld(engine.store, engine.others);
    await fill(world);
  });
  afterAll(() => engine?.close());
  return () => {
    if (world === undefined) throw new Error('the engine did not open');
    return world;
  };
}

export const token = (param: string, code?: string, system?: string): Clause => ({
  kind: 'token',
  param,
  ...(code !== undefined && { code }),
  ...(system !== undefined && { system }),
});
export const text = (match: 'starts' | 'contains' | 'exact', value: string): Clause => ({
  kind: 'string',
  param: 'name',
  match,
  value,
});
export const uri = (match: 'exact' | 'below' | 'above', value: string): Clause => ({
  kind: 'uri',
  param: 'url',
  match,
  value,
});
export const to = (param: string, ...refs: string[]): Clause => ({ kind: 'reference', param, to: refs });
export const not = (clause: Clause): Clause => ({ kind: 'not', clause });
export const all = (...of: Clause[]): Clause => ({ kind: 'all', of });
export const any = (...of: Clause[]): Clause => ({ kind: 'any', of });
export const chain = (param: string, types: string[], where: Clause): Clause => ({
  kind: 'chain',
  param,
  types,
  where,
});
export const has = (type: string, param: string, where: Clause): Clause => ({
  kind: 'has',
  type,
  param,
  where,
});
export const said = (within: 'narrative' | 'content', words: string, starts = false): Clause => ({
  kind: 'text',
  within,
  words: words.split(' '),
  starts,
});
export const id = (...ids: string[]): Clause => ({ kind: 'id', ids });
export const missing = (param: string, is: boolean): Clause => ({ kind: 'missing', param, missing: is });
