/**
 * Cuts a large JSON text into pieces, so that the code that builds its tree can let other work run between two of them.
 * The text has been checked before: it is JSON, with every key once.
 */
import type { Body } from './body.ts';
import { keepLiteral, plainOf } from './literal.ts';
import type { Resource } from './types.ts';

/** A value: one text, or a list or an object in parts. Each part is a text, or in parts itself. */
export type Piece =
  | { readonly text: string }
  | { readonly kind: 'list' | 'object'; readonly parts: readonly Part[] };

/**
 * Several members as one text with brackets around them, or one member in parts, which has a name when it stands in an
 * object.
 */
type Part = { readonly members: string } | { readonly name: string; readonly piece: Piece };

/** The size of a piece in characters, roughly: what the engine parses in one or two milliseconds. */
const PIECE = 65_536;

/**
 * Cuts a text into pieces.
 *
 * @param text JSON that was checked
 */
export function cutJson(text: string): Piece {
  const { end, piece } = cutValue(text, skipBlank(text, 0));
  return piece ?? { text: text.slice(0, end) };
}

interface Cut {
  readonly end: number;
  /** Undefined when the text is short enough to stay whole. */
  readonly piece?: Piece | undefined;
}

const BLANK = /[ \t\n\r]*/y;
const BARE = /[^,\]}\s]*/y;

function skipBlank(text: string, at: number): number {
  BLANK.lastIndex = at;
  BLANK.exec(text);
  return BLANK.lastIndex;
}

function cutValue(text: string, at: number): Cut {
  const first = text[at];
  if (first === '{' || first === '[') return cutContainer(text, at, first === '[' ? 'list' : 'object');
  if (first === '"') return { end: endOfString(text, at) };
  BARE.lastIndex = at;
  BARE.exec(text);
  return { end: BARE.lastIndex };
}

/** The place after the closing quote. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); ; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === '\\') first -= 1;
    if ((end - first) % 2 === 0) return end + 1;
  }
}

function cutContainer(text: string, open: number, kind: 'list' | 'object'): Cut {
  const close = kind === 'list' ? ']' : '}';
  const parts: Part[] = [];
  let at = skipBlank(text, open + 1);
  // The members from here to `last` are in no part yet.
  let from = at;
  let last = at;
  const flush = (): void => {
    if (last > from) parts.push({ members: `${text[open]}${text.slice(from, last)}${close}` });
  };
  while (text[at] !== close) {
    const start = at;
    const named = kind === 'object' ? endOfString(text, at) : at;
    const { end, piece } = cutValue(
      text,
      kind === 'object' ? skipBlank(text, skipBlank(text, named) + 1) : at,
    );
    at = skipBlank(text, end);
    const isLast = text[at] !== ',';
    if (!isLast) at = skipBlank(text, at + 1);
    if (piece === undefined) last = end;
    if (piece !== undefined || last - from > PIECE) {
      flush();
      if (piece !== undefined) parts.push({ name: kind === 'list' ? '' : nameIn(text, start, named), piece });
      from = last = at;
    }
  }
  const end = at + 1;
  if (parts.length === 0) return { end };
  flush();
  return { end, piece: { kind, parts } };
}

const nameIn = (text: string, start: number, end: number): string =>
  String(JSON.parse(text.slice(start, end)));

/** Called after each piece with its number of characters. */
export type After = (characters: number) => Promise<void> | undefined;

/**
 * Builds the body from the pieces of a text.
 *
 * @param lossy whether a number in it has a literal that must be kept
 */
export async function bodyFrom(piece: Piece, lossy: boolean, after: After): Promise<Body> {
  const { plain, storing } = await build(piece, lossy, after);
  return { plain: plain as Resource, storing: storing as Resource }; // the text was checked as one resource
}

interface Trees {
  readonly plain: unknown;
  readonly storing: unknown;
}

async function build(piece: Piece, lossy: boolean, after: After): Promise<Trees> {
  if ('text' in piece) return parse(piece.text, lossy, after);
  const joined = piece.kind === 'list' ? joinLists() : joinObjects();
  for (const part of piece.parts) {
    joined.add(
      'members' in part
        ? await parse(part.members, lossy, after)
        : named(piece.kind, part.name, await build(part.piece, lossy, after)),
    );
  }
  return joined.done();
}

async function parse(text: string, lossy: boolean, after: After): Promise<Trees> {
  await after(text.length);
  const storing: unknown = lossy ? JSON.parse(text, keepLiteral) : JSON.parse(text);
  return { plain: lossy ? plainOf(storing) : storing, storing };
}

const named = (kind: 'list' | 'object', name: string, { plain, storing }: Trees): Trees => {
  const wrap = (value: unknown): unknown => (kind === 'list' ? [value] : { [name]: value });
  const wrapped = wrap(plain);
  return { plain: wrapped, storing: storing === plain ? wrapped : wrap(storing) };
};

interface Joined {
  readonly add: (trees: Trees) => void;
  readonly done: () => Trees;
}

/** Joins the parts as they come, so that the end of a long list costs no more than its middle. */
function joinLists(): Joined {
  const plain: unknown[] = [];
  const storing: unknown[] = [];
  let isSame = true;
  return {
    add(trees) {
      for (const member of trees.plain as readonly unknown[]) plain.push(member); // only lists are joined
      for (const member of trees.storing as readonly unknown[]) storing.push(member);
      isSame &&= trees.storing === trees.plain;
    },
    done: () => ({ plain, storing: isSame ? plain : storing }),
  };
}

function joinObjects(): Joined {
  const plain = {};
  const storing = {};
  let isSame = true;
  return {
    add(trees) {
      Object.assign(plain, trees.plain);
      Object.assign(storing, trees.storing);
      isSame &&= trees.storing === trees.plain;
    },
    done: () => ({ plain, storing: isSame ? plain : storing }),
  };
}
