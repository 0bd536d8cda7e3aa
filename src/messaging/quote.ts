/** Whether one text repeats a passage of another. */

/**
 * Whether `text` and `source` share a passage of at least `length` characters. A passage of that length holds a whole block
 * of half of it, so that only blocks are looked up: the time is in proportion to both texts.
 */
export function quotes(text: string, source: string, length: number): boolean {
  if (text.length < length || source.length < length) return false;
  const size = Math.floor(length / 2);
  const blocks = new Map<string, number[]>();
  for (let at = 0; at + size <= source.length; at += size) {
    const block = source.slice(at, at + size);
    const places = blocks.get(block);
    if (places === undefined) blocks.set(block, [at]);
    else if (places.length < PLACES_MAX) places.push(at);
  }
  for (let at = 0; at + size <= text.length; at += 1)
    for (const place of blocks.get(text.slice(at, at + size)) ?? [])
      if (isShared(text, at, source, place, length)) return true;
  return false;
}

/** Places of one repeated block that are compared at most. */
const PLACES_MAX = 16;

function isShared(text: string, at: number, source: string, place: number, length: number): boolean {
  let from = 0;
  while (
    from < length &&
    at - from > 0 &&
    place - from > 0 &&
    text[at - from - 1] === source[place - from - 1]
  )
    from += 1;
  let to = 0;
  while (
    to < length &&
    at + to < text.length &&
    place + to < source.length &&
    text[at + to] === source[place + to]
  )
    to += 1;
  return from + to >= length;
}
