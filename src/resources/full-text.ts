/**
 * The text that `_text` and `_content` search (http://hl7.org/fhir/R4/search.html#content): the words of a resource's
 * narrative, and those of all its other values. It leaves out what the type hides from anybody.
 */
import type { Resource } from '../fhir/types.ts';
import { RESOURCE_TYPES } from './index.ts';
import { textOfNarrative } from './search/narrative.ts';
import { wordsOf } from '../fhir/words.ts';

export { displayStarts } from './search/display.ts';

/** Words with spaces between them. A phrase never reaches across a {@link BOUNDARY}. */
interface FullText {
  readonly narrative: string;
  readonly content: string;
}

/** A separator between the values of different elements; no text has it as a word. */
const BOUNDARY = '\u241e';

/** The number of characters of one value that are read. */
const TEXT_MAX = 500_000;

/** The number of words of one resource that are kept. */
const WORDS_MAX = 50_000;

/** Elements that a reader does not read: bytes, and names of vocabularies. */
const SILENT: ReadonlySet<string> = new Set(['resourceType', 'meta', 'data', 'system', 'hash']);
const EXTENSIONS: ReadonlySet<string> = new Set(['extension', 'modifierExtension']);

/** The full text of a resource, in either tree of its body. */
export function fullTextOf(type: string, resource: Resource): FullText {
  const shown = RESOURCE_TYPES.get(type)?.show?.(resource, false) ?? resource;
  const { text, ...rest } = shown as Resource & { readonly text?: { readonly div?: unknown } };
  const texts: string[] = [];
  collect(rest, undefined, texts);
  return { narrative: typeof text?.div === 'string' ? wordsOfNarrative(text.div) : '', content: join(texts) };
}

const wordsOfNarrative = (div: string): string => join([textOfNarrative(div)]);

function collect(node: unknown, within: string | undefined, into: string[]): void {
  if (typeof node === 'string') into.push(node);
  else if (typeof node === 'number') into.push(String(node));
  else if (Array.isArray(node)) for (const member of node) collect(member, within, into);
  else if (typeof node === 'object' && node !== null) collectMembers(node, within, into);
}

function collectMembers(node: object, within: string | undefined, into: string[]): void {
  for (const [name, value] of Object.entries(node)) {
    if (SILENT.has(name) || (name === 'url' && within !== undefined && EXTENSIONS.has(within))) continue;
    if (name === 'div' && typeof value === 'string') into.push(textOfNarrative(value));
    else collect(value, name, into);
  }
}

function join(texts: readonly string[]): string {
  const words: string[] = [];
  for (const text of texts) {
    const some = wordsOf(text.slice(0, TEXT_MAX));
    if (words.length > 0 && some.length > 0) words.push(BOUNDARY);
    for (const word of some) words.push(word);
    if (words.length >= WORDS_MAX) break;
  }
  return words.slice(0, WORDS_MAX).join(' ');
}
