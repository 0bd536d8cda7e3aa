/** The text beside a code, as an SQL function of a connection: `display_starts(text, type, param, value)`. */
import type { DatabaseSync } from 'node:sqlite';
import { parseStored } from '../../../ports/stored-resource.ts';
import type { TextReader } from '../../../ports/text-reader.ts';

/** Registers the function. */
export function registerDisplay(
  db: DatabaseSync,
  { displayStarts }: Pick<TextReader, 'displayStarts'>,
): void {
  db.function('display_starts', { deterministic: true }, (text, type, param, value) => {
    // Stored texts were validated; the other three are bound by `isDisplayed`.
    const resource = parseStored(String(text));
    return displayStarts(String(type), String(param), resource, String(value)) ? 1 : 0;
  });
}
