/**
 * Encodes a large resource as JSON in short turns, so that the main thread serves others in between, and remembers the text of
 * each element that it encoded.
 */
import { encodeJson } from './json.ts';
import type { After } from './json-pieces.ts';
import type { Resource } from './types.ts';

/** The texts of encoded elements. Nobody changes an element, so its text stays right. */
const known = new WeakMap<object, string>();

/** The JSON text of an element that {@link encodeInTurns} has encoded; undefined for any other value. */
export const encodedOf = (element: unknown): string | undefined =>
  typeof element === 'object' && element !== null ? known.get(element) : undefined;

/**
 * Encodes a resource, as it is stored, to the text that `encodeJson` would return; {@link encodedOf} knows its elements
 * afterwards.
 *
 * @param after called with the number of characters after each turn; the encoding goes on when its promise resolves
 */
export async function encodeInTurns(storing: Resource, after: After): Promise<string> {
  const members: string[] = [];
  for (const [name, element] of Object.entries(storing)) {
    if (element !== undefined) members.push(`${encodeJson(name)}:${await encodeElement(element, after)}`);
  }
  return `{${members.join(',')}}`;
}

async function encodeElement(element: unknown, after: After): Promise<string> {
  const made = encodedOf(element);
  if (made !== undefined) return made;
  const pieces: string[] = [];
  await encodeInto(pieces, element, after);
  const text = pieces.join('');
  if (typeof element === 'object' && element !== null) known.set(element, text);
  return text;
}

/** Values that one turn encodes at most, and characters of a string that it encodes at most. */
const NODES = 1024;
const CHARACTERS = 1_048_576;

async function encodeInto(pieces: string[], value: unknown, after: After): Promise<void> {
  if (typeof value === 'string' && value.length > CHARACTERS) return encodeString(pieces, value, after);
  if (typeof value !== 'object' || value === null || nodesOf(value, NODES) < NODES) {
    const text = encodeJson(value);
    pieces.push(text);
    return after(text.length);
  }
  await (Array.isArray(value) ? encodeList(pieces, value, after) : encodeObject(pieces, value, after));
}

async function encodeList(pieces: string[], list: readonly unknown[], after: After): Promise<void> {
  pieces.push('[');
  for (let index = 0; index < list.length;) {
    // One call encodes several small members, because a call for each costs more than encoding them.
    let next = index;
    let nodes = 0;
    for (; next < list.length && nodes < NODES; next += 1) nodes += nodesOf(list[next], NODES - nodes);
    if (nodes >= NODES && next > index + 1) next -= 1;
    if (index > 0) pieces.push(',');
    if (nodes >= NODES && next === index + 1) await encodeInto(pieces, list[index], after);
    else {
      const text = encodeJson(list.slice(index, next)).slice(1, -1);
      pieces.push(text);
      await after(text.length);
    }
    index = next;
  }
  pieces.push(']');
}

async function encodeObject(pieces: string[], object: object, after: After): Promise<void> {
  let mark = '{';
  for (const [name, member] of Object.entries(object)) {
    if (member === undefined) continue;
    pieces.push(`${mark}${encodeJson(name)}:`);
    mark = ',';
    await encodeInto(pieces, member, after);
  }
  pieces.push('}');
}

async function encodeString(pieces: string[], text: string, after: After): Promise<void> {
  pieces.push('"');
  for (let from = 0; from < text.length;) {
    const end = Math.min(from + CHARACTERS, text.length);
    const to = isHigh(text.charCodeAt(end - 1)) && end < text.length ? end + 1 : end;
    pieces.push(encodeJson(text.slice(from, to)).slice(1, -1));
    await after(to - from);
    from = to;
  }
  pieces.push('"');
}

/** Whether a UTF-16 code unit is the first half of a surrogate pair. */
const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

/** The number of values in a tree, counted up to `max`; a string counts one more for each 256 characters. */
function nodesOf(value: unknown, max: number): number {
  if (typeof value === 'string') return 1 + Math.floor(value.length / 256);
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return 1;
  let nodes = 1;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    nodes += nodesOf(member, max - nodes);
    if (nodes >= max) break;
  }
  return nodes;
}
