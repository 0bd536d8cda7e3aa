/**
 * Everything that a message says, as plain text: whatever holds words counts, wherever it stands (baa-messaging MS21).
 * Markup, entities, percent signs and base64 are undone first, within bounds: a text that hides is read like one that does
 * not. All of it takes time in proportion to the text.
 */
import { foldText } from '../fhir/fold.ts';

/** What is read of a message at most: characters, levels of nesting, and layers of encoding. */
const CHARACTERS_MAX = 262_144;
const DEPTH_MAX = 48;
const LAYERS_MAX = 3;
const RUNS_MAX = 64;

export interface PlainText {
  /** As it was written, decoded: case and punctuation stand. Parts are separated by lines. */
  readonly raw: string;
  /** Folded words, separated and surrounded by one space each: ` jane roe 1970 01 02 `. */
  readonly words: string;
  /** The same without anything between the letters and digits: `janeroe19700102`. */
  readonly squeezed: string;
  /** Whether there was more than is read. */
  readonly isCut: boolean;
}

/** Reads every text of a tree: values of elements and of extensions, displays, titles, narratives, contained resources. */
export function plainTextOf(tree: unknown, leftOut: ReadonlySet<string> = new Set()): PlainText {
  const found: Found = { parts: [], left: CHARACTERS_MAX, isCut: false, leftOut };
  collect(tree, found, 0);
  const raw = found.parts.join('\n');
  return { raw, words: foldWords(raw), squeezed: squeeze(raw), isCut: found.isCut };
}

/** Texts as {@link PlainText.words}: what a known name or date is compared as. */
export function foldWords(text: string): string {
  const folded = plainLetters(text.replaceAll(TAG, ' '));
  return ` ${folded.replaceAll(BETWEEN, ' ').trim()} `;
}

/** Texts as {@link PlainText.squeezed}. */
export const squeeze = (text: string): string =>
  plainLetters(text.replaceAll(TAG, '')).replaceAll(BETWEEN, '');

/** A tag ends before another begins, so that many open brackets cost no more than other letters. */
const TAG = /<[^<>]*>/g;
const BETWEEN = /[^\p{L}\p{N}]+/gu;

interface Found {
  readonly parts: string[];
  left: number;
  isCut: boolean;
  readonly leftOut: ReadonlySet<string>;
}

function collect(node: unknown, found: Found, depth: number): void {
  if (typeof node === 'string') return addText(node, found);
  if (typeof node === 'number') return addText(String(node), found);
  if (typeof node !== 'object' || node === null) return undefined;
  if (JSON.isRawJSON(node)) return addText((node as { readonly rawJSON: string }).rawJSON, found);
  if (depth > DEPTH_MAX) {
    found.isCut = true;
    return undefined;
  }
  for (const [name, member] of Object.entries(node))
    if (depth > 0 || !found.leftOut.has(name)) collect(member, found, depth + 1);
  return undefined;
}

function addText(text: string, found: Found): void {
  let layer = [text];
  for (let depth = 0; depth <= LAYERS_MAX && layer.length > 0; depth += 1) {
    for (const part of layer) add(part, found);
    layer = layer.flatMap(decoded);
  }
}

function add(text: string, found: Found): void {
  if (text.length > found.left) found.isCut = true;
  const part = text.slice(0, found.left);
  found.left -= part.length;
  if (part !== '') found.parts.push(part);
}

/** What a text says once its tags, entities, percent signs or base64 are undone; nothing where there are none. */
function decoded(text: string): readonly string[] {
  const bounded = text.slice(0, CHARACTERS_MAX);
  // A tag may stand within a number: what is read is what is left.
  const plain = withoutPercent(withoutEntities(bounded.replaceAll(TAG, '')));
  return [...(plain === bounded ? [] : [plain]), ...base64In(bounded)];
}

const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi;
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};
const LAST_CODE_POINT = 0x10_ff_ff;
const HEX = 16;

function withoutEntities(text: string): string {
  return text.replaceAll(ENTITY, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex ?? '', HEX) : Number(decimal);
    return point <= LAST_CODE_POINT ? String.fromCodePoint(point) : whole;
  });
}

const PERCENT = /(?:%[0-9a-f]{2})+/gi;

function withoutPercent(text: string): string {
  return text.replaceAll(PERCENT, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Long enough for a name: shorter runs are words. */
const BASE64 = /[A-Za-z0-9+/_-]{16,}/g;
/** Lines within base64 of a mail. */
const FOLDED_LINE = /(?<=[A-Za-z0-9+/]{60})\r?\n(?=[A-Za-z0-9+/=])/g;
/** Controls other than those of lines and tabs, and what stands for bytes that are no text. */
const UNREADABLE = /(?![\t\n\v\f\r])[\p{Cc}\uFFFD]/u;

function base64In(text: string): readonly string[] {
  const runs = text.replaceAll(FOLDED_LINE, '').match(BASE64) ?? [];
  return runs.slice(0, RUNS_MAX).flatMap((run) => {
    const bytes = Buffer.from(run, 'base64');
    const said = bytes.toString('utf8');
    if (!UNREADABLE.test(said)) return [said];
    const wide = bytes.toString('utf16le');
    return isMostlyPlain(wide) ? [wide] : [];
  });
}

const PLAIN = /[\u0020-\u024f]/g;
const MOSTLY = 0.9;

const isMostlyPlain = (text: string): boolean =>
  text.length > 0 && (text.match(PLAIN)?.length ?? 0) >= text.length * MOSTLY;

/** Letters of other alphabets that look like Latin ones. */
const ALIKE: Readonly<Record<string, string>> = {
  а: 'a',
  в: 'b',
  е: 'e',
  к: 'k',
  м: 'm',
  н: 'h',
  о: 'o',
  р: 'p',
  с: 'c',
  т: 't',
  у: 'y',
  х: 'x',
  і: 'i',
  ј: 'j',
  ѕ: 's',
  ԁ: 'd',
  α: 'a',
  β: 'b',
  ε: 'e',
  η: 'n',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  τ: 't',
  υ: 'u',
  χ: 'x',
};
const LOOKS_LATIN = new RegExp(`[${Object.keys(ALIKE).join('')}]`, 'g');

const plainLetters = (text: string): string =>
  foldText(text).replaceAll(LOOKS_LATIN, (letter) => ALIKE[letter] ?? letter);
