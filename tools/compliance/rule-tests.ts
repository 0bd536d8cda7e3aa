/** Which tests show a rule: those whose names cite it, such as `(compliance L2, L5)`, `(compliance C1 to C4)` or `(identity ID-36)`. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuleId } from './citation.ts';

const TESTS = join(import.meta.dirname, '../../test');
const CITED =
  /\((?:compliance|audit-compliance|baa-messaging|harmony|identity|smart) [^()]*(?:\([^()]*\)[^()]*)*\)/g;

/** A test that cites a rule: its file below `test/`, and what its name says in parentheses. */
export interface RuleTest {
  readonly file: string;
  readonly marker: string;
}

/** The tests of each rule that is cited by any. */
export function readRuleTests(): ReadonlyMap<string, readonly RuleTest[]> {
  const found = new Map<string, RuleTest[]>();
  for (const file of globSync('**/*.test.ts', { cwd: TESTS }).toSorted()) {
    const markers = new Set(titlesIn(readFileSync(join(TESTS, file), 'utf8')));
    for (const marker of markers)
      for (const rule of rulesIn(marker)) {
        const tests = found.get(rule) ?? [];
        found.set(rule, [...tests, { file, marker }]);
      }
  }
  return found;
}

/** What names of tests say in parentheses; comments, which begin with `*` or `//`, are no names. */
const titlesIn = (source: string): readonly string[] =>
  source
    .split('\n')
    .filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line))
    .flatMap((line) => line.replace(/ \/\/ .*$/, '').match(CITED) ?? []);

const PAGES = /\b(audit-compliance|baa-messaging|compliance|harmony|identity|smart)\b/;
const RANGE = /^([A-Z]+-?)(\d+) to (?:\1)?(\d+)$/;

/** The rules that a marker cites; a page's name holds for the ids behind it, and `Z` ids are always harmony's. */
export function rulesIn(marker: string): readonly RuleId[] {
  let page = '';
  return marker
    .slice(1, -1)
    .split(/[;,]| and /)
    .flatMap((part) => {
      page = PAGES.exec(part)?.[1] ?? page;
      return idsIn(part.replace(PAGES, '').trim()).map(
        (id): RuleId => (id.startsWith('Z') ? `harmony ${id}` : `${page as 'compliance'} ${id}`), // one of the pages
      );
    });
}

function idsIn(text: string): readonly string[] {
  const range = RANGE.exec(text);
  if (range === null) return /^[A-Z]+-?\d+$/.test(text) ? [text] : [];
  const [, letter = '', first, last] = range;
  const count = Number(last) - Number(first) + 1;
  return Array.from(
    { length: count },
    (_, i) => `${letter}${String(Number(first) + i).padStart(first?.length ?? 0, '0')}`,
  );
}
