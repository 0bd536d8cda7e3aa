/** The days and the numbers that a text names, by which patients are looked up (baa-messaging MS21). */
import { MONTH_NAMES } from './months.ts';
import type { PlainText } from './plain-text.ts';

/** Dates and numbers of a text that are looked up at most. */
const LOOKED_UP_MAX = 20;

const MONTH_WORDS: Readonly<Record<string, string>> = Object.fromEntries(
  MONTH_NAMES.flatMap((names, at) => names.map((name) => [name, String(at + 1)])),
);

/** The days that a text may name, as `2026-01-02`: with the month first or the day, in figures or words, run together or not. */
export function datesIn({ words }: Pick<PlainText, 'words'>): readonly string[] {
  const parts = words
    .trim()
    .split(' ')
    .filter((word) => word !== 'de' && word !== 'of')
    .map((word) => MONTH_WORDS[word] ?? word.replace(/^(\d{1,2})(?:st|nd|rd|th)$/, '$1'));
  const found = new Set<string>();
  for (let at = 0; at < parts.length && found.size < LOOKED_UP_MAX; at += 1)
    for (const date of datesAt(parts.slice(at, at + 3))) found.add(date);
  return [...found].slice(0, LOOKED_UP_MAX);
}

function datesAt([one = '', two = '', three = '']: readonly string[]): readonly string[] {
  const run = /^(\d{8})$/.exec(one)?.[1];
  if (run !== undefined)
    return [
      dayOf(run.slice(0, 4), run.slice(4, 6), run.slice(6)),
      dayOf(run.slice(4), run.slice(0, 2), run.slice(2, 4)),
      dayOf(run.slice(4), run.slice(2, 4), run.slice(0, 2)),
    ].flat();
  if (YEAR.test(one)) return [dayOf(one, two, three), dayOf(one, three, two)].flat();
  if (!YEAR.test(three))
    return SHORT_YEAR.test(three)
      ? CENTURIES.flatMap((century) =>
          [dayOf(century + three, one, two), dayOf(century + three, two, one)].flat(),
        )
      : [];
  return [dayOf(three, one, two), dayOf(three, two, one)].flat();
}

const YEAR = /^(?:18|19|20)\d{2}$/;
const SHORT_YEAR = /^\d{2}$/;
const CENTURIES = ['19', '20'];

function dayOf(year: string, month: string, day: string): readonly string[] {
  if (!/^\d{1,2}$/.test(month) || !/^\d{1,2}$/.test(day) || !YEAR.test(year)) return [];
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const read = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(date) ? [date] : [];
}

const NUMBER = /[\p{L}\p{N}]+(?:[-./][\p{L}\p{N}]+)*/gu;

/** The numbers of a text, as they were written: six characters or more with a digit among them. */
export function numbersIn({ raw }: Pick<PlainText, 'raw'>): readonly string[] {
  const found = (raw.normalize('NFKC').match(NUMBER) ?? []).filter(
    (one) => one.length >= 6 && one.length <= 64 && /\d/.test(one),
  );
  return [...new Set(found)].slice(0, LOOKED_UP_MAX);
}
