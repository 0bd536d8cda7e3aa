/** How long the JSON of a tree is, about, without making it. */

/** Characters of the JSON of a tree, about. @param passOver members of this name are not counted */
export function charactersOf(tree: unknown, passOver?: string): number {
  if (typeof tree === 'string') return tree.length + 3;
  if (typeof tree !== 'object' || tree === null || JSON.isRawJSON(tree)) return LITERAL;
  let characters = 2;
  if (Array.isArray(tree)) {
    // Counted, not iterated: a list may have millions of members.
    for (let index = 0; index < tree.length; index += 1) characters += charactersOf(tree[index], passOver);
    return characters;
  }
  for (const [name, member] of Object.entries(tree)) {
    if (name !== passOver) characters += name.length + 3 + charactersOf(member, passOver);
  }
  return characters;
}

/** A number, true, false or null with what follows. */
const LITERAL = 6;
