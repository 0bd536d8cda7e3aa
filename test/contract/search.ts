/** The laws of search (9, 10, 18, 19 of the port) as named cases, for every engine. */
import { describe } from '@jest/globals';
import { describeClauses } from './search-clauses.ts';
import { describeMoments, describePages } from './search-moments.ts';
import { describeRandomWorlds } from './search-random.ts';
import { describeSight } from './search-sight.ts';
import type { SearchEngine } from './search-words.ts';

export function describeSearch(engine: string, open: () => Promise<SearchEngine>): void {
  describe(`search of the ${engine} engine`, () => {
    describe('clauses', () => {
      describeClauses(open);
    });
    describe('moments', () => {
      describeMoments(open);
    });
    describe('sight', () => {
      describeSight(open);
    });
    describe('order and pages', () => {
      describePages(open);
    });
    describe('random worlds', () => {
      describeRandomWorlds(open);
    });
  });
}
