/** The length of a tree's JSON, estimated without making the JSON. */

/**
 * The number of characters of a tree's JSON, roughly.
 *
 * @param passOver the name of members that do not count
 */
export function charactersOf(tree: unknown, passOver?: string): number {
  if (typeof tree === 'string') return tree.length + 3;
  if (typeof tree !== 'object' || tree === null || JSON.isRawJSON(tree)) return LITERAL;
  let characters = 2;
  if (Array.isArray(tree)) {
    // A counting loop, not an iterator: a list may have millions of members.
    for (let index = 0; index < tree.length; index += 1) characters += charactersOf(tree[index], passOver);
    return characters;
  }
  for (const [name, member] of Object.entries(tree)) {
    if (name !== passOver) characters += name.length + 3 + charactersOf(member, passOver);
  }
  return characters;
}

/** The characters of a number, true, false or null, with the comma after it. */
const LITERAL = 6;
