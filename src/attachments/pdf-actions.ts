/**
 * What a PDF does when it is opened, or a page of it is shown (baa-messaging MS9; ISO 32000-1, 12.6): whether that leads to an
 * address or to another file, said in place, in an object of its own, or by an action that follows.
 */
import { afterGaps, named, numberReferred, wholeOf } from './pdf-syntax.ts';

const OPENS = named(['OpenAction', 'AA'], 'g');
const NEXT = named(['Next'], 'g');
const ADDRESS = named(['URI', 'SubmitForm', 'ImportData', 'GoToR']);

/** How much of an action is looked at; one that is longer is nobody's. */
const ACTION_MAX = 4096;
/** A document has one action on opening, and some on its pages; objects of one number are few, too. */
const OPENED_MAX = 1000;
const NAMED_MAX = 20;
const OF_ONE_NUMBER_MAX = 20;

/** Whether what happens on opening leads out of the document; true also where that cannot be seen. */
export function opensAddress(whole: string, objects: readonly string[]): boolean {
  const texts = [whole, ...objects];
  const waiting: string[] = [];
  for (const text of texts) {
    for (const { index, 0: name } of text.matchAll(OPENS)) {
      if (waiting.length >= OPENED_MAX) return true;
      waiting.push(valueAt(text, index + name.length));
    }
  }
  const followed = new Set<string>();
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const number = numberReferred(value);
    if (number === undefined) {
      const found = judgeValue(value);
      if (found === 'leads-out') return true;
      waiting.push(...found);
      continue;
    }
    if (followed.has(number)) continue;
    if (followed.size >= NAMED_MAX) return true;
    followed.add(number);
    const actions = objectsNumbered(number, whole, objects);
    if (actions.length >= OF_ONE_NUMBER_MAX) return true;
    waiting.push(...actions);
  }
  return false;
}

const valueAt = (text: string, from: number): string => afterGaps(text.slice(from, from + ACTION_MAX));

/** What an action says, and the values that follow it. An array is a place in the document. */
function judgeValue(value: string): 'leads-out' | readonly string[] {
  if (!value.startsWith('<<')) return [];
  const said = wholeOf(value);
  if (said === undefined || ADDRESS.test(said)) return 'leads-out';
  const next = [...said.matchAll(NEXT)].map(({ index, 0: name }) => valueAt(said, index + name.length));
  const several = next.flatMap((one) => (one.startsWith('[') ? referredIn(one) : [one]));
  // Of actions by their events, each value is an action; of an action by itself only the next one is.
  return TYPE_OF_ACTION.test(said) ? several : [...several, ...referredIn(said)];
}

const TYPE_OF_ACTION = named(['S']);
const REFERENCES = /\d{1,10}[\s\0]{1,100}\d{1,5}[\s\0]{1,100}R/g;

const referredIn = (text: string): readonly string[] => text.match(REFERENCES) ?? [];

/** Objects of this number, so many at most: of several, a reader may take any. */
function objectsNumbered(number: string, whole: string, objects: readonly string[]): readonly string[] {
  const found: string[] = [];
  const heads = new RegExp(`(?<!\\d)0{0,10}${number}[\\s\\0]{1,100}\\d{1,10}[\\s\\0]{1,100}obj`, 'g');
  for (const { index, 0: head } of whole.matchAll(heads)) {
    found.push(valueAt(whole, index + head.length));
    if (found.length >= OF_ONE_NUMBER_MAX) return found;
  }
  for (const text of objects) {
    const end = text.search(/[^\d\s]/);
    const pairs = end === -1 ? text : text.slice(0, end);
    const numbers = pairs.trim().split(/\s+/);
    const place = numbers.findIndex((value, index) => index % 2 === 0 && value === number);
    if (place === -1) continue;
    found.push(valueAt(text, pairs.length + Number(numbers[place + 1])));
  }
  return found;
}
