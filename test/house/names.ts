/** Names that files export: one name, one meaning; and words that the project has given up. */
import { blank, lineAt } from './imports.ts';
import type { Tree } from './tree.ts';

const EXPORTED = /^export (?:async )?(?:const|function\*?|class|interface|type) ([\w$]+)/gm;

/** The folder that builds the parts of a clinical document; each has the name that CDA gives it. */
const APART = 'src/ccda/write/';

/** Names that two files of `src` export, beside those that are listed; and listed names that are shared no more. */
export function sharedNames(tree: Tree, listed: Readonly<Record<string, string>>): readonly string[] {
  const files = new Map<string, Set<string>>();
  for (const [path, source] of tree) {
    if (!path.startsWith('src/') || path.startsWith(APART) || path.includes('/generated/')) continue;
    for (const [, name = ''] of source.matchAll(EXPORTED))
      files.set(name, (files.get(name) ?? new Set()).add(path));
  }
  const shared = new Map([...files].filter(([, paths]) => paths.size > 1));
  return [
    ...[...shared]
      .filter(([name]) => !(name in listed))
      .map(([name, paths]) => `${name} is exported by ${[...paths].join(' and ')}: one name, one meaning`),
    ...Object.keys(listed)
      .filter((name) => !shared.has(name))
      .map((name) => `${name} is shared no more: take it off the list`),
  ];
}

/** Identifiers of `src` that are retired, with the word that stands in their place. */
export function retiredWords(tree: Tree, retired: Readonly<Record<string, string>>): readonly string[] {
  const found = new RegExp(`\\b(?:${Object.keys(retired).join('|')})\\b`, 'g');
  return [...tree].flatMap(([path, source]) => {
    if (!path.startsWith('src/') || path.includes('/generated/')) return [];
    const code = blank(source);
    return [...code.matchAll(found)].map(
      ({ 0: word, index }) => `${path}:${lineAt(code, index)} says ${word}: the word is ${retired[word]}`,
    );
  });
}
