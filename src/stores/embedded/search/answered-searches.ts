/**
 * The pages that searches were answered with lately. What a search finds changes by commits alone, or by the clock where
 * something is denied: so while nothing but read-audit rows is written, the same search in the same sight has the same page,
 * as a read by id has the same answer (answers.ts).
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Page, Query } from '../../../ports/query.ts';
import { prepare } from '../folder/connection.ts';

/** Characters of all texts together. */
const CHARACTERS_MAX = 8 * 1024 * 1024;
/** Characters of the texts of one page. */
const LENGTH_MAX = 256 * 1024;
/** Characters of what is asked: long lists of values are seldom asked twice. */
const ASKED_MAX = 2048;

export interface AnsweredSearches {
  /** What is asked, as {@link find} and {@link keep} take it; undefined where its page cannot be remembered. */
  readonly nameOf: (query: Query) => string | undefined;
  /** The page of the same search as of `seq`. */
  find(name: string, seq: number): Page | undefined;
  /** Remembers a page as of `seq`, unless something was acknowledged since, or a clock may take from the sight what is on it. */
  keep(name: string, query: Query, page: Page, seq: number): void;
  /** More than read-audit rows was written, and is acknowledged next. */
  forget(): void;
}

/**
 * @param max the number of pages; 0 for none
 * @param head the seq up to which everything is acknowledged
 * @param isDeniedEver whether anything is denied to an organization, now or at an instant to come
 */
export function createAnsweredSearches(
  max: number,
  head: () => number,
  isDeniedEver: (organization: Ref) => boolean,
): AnsweredSearches {
  const known = new Map<string, Page>();
  let characters = 0;
  /** As of an earlier seq there may have been others. */
  let since = 0;

  function forget(): void {
    if (known.size > 0) known.clear();
    characters = 0;
  }

  return {
    nameOf: max === 0 ? () => undefined : nameOf,
    find: (name, seq) => (seq < since ? undefined : known.get(name)),
    keep(name, { sight }, page, seq) {
      if (sight.everything || seq !== head() || isDeniedEver(sight.organization)) return;
      const length = page.matches.reduce((sum, { text }) => sum + text.length, 0);
      if (length > LENGTH_MAX) return;
      if (known.size >= max || characters + length > CHARACTERS_MAX) forget();
      if (known.size === 0) since = seq;
      known.set(name, page);
      characters += length;
    },
    forget,
  };
}

/**
 * Undefined for sights that look at denials in a way of their own, or that scopes narrow, and for the sight of everything: in
 * that the server asks, several times for each write, what is hardly ever asked twice.
 */
function nameOf({ type, where, sort, sight, count, offset, total, characters }: Query): string | undefined {
  if (sight.everything || sight.narrow !== undefined) return undefined;
  if (sight.denied !== undefined || sight.lifted !== undefined) return undefined;
  const seer = [sight.organization, sight.patient, sight.payload, sight.hidden];
  const name = JSON.stringify([type, where, sort, count, offset, total, characters, seer], withInfinity);
  return name.length > ASKED_MAX ? undefined : name;
}

/** JSON has no word for a bound that is not there. */
const withInfinity = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** Whether anything is denied to an organization, now or at an instant to come. */
export function prepareAnyDenied(db: DatabaseSync): (organization: Ref) => boolean {
  const denied = prepare<[number]>(
    db,
    'SELECT 1 FROM denied WHERE org = (SELECT nid FROM name WHERE name = ?) LIMIT 1',
  );
  return (organization) => denied.get(organization) !== undefined;
}
