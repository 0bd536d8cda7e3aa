/** Names that files export: one name, one meaning; and words that the project has given up. */
import { blank, lineAt } from './imports.ts';
import type { Tree } from './tree.ts';

const EXPORTED = /^export (?:async )?(?:const|function|class|interface|type) ([\w$]+)/gm;

/** Rooms of one format, protocol or engine: their names stay among themselves, as each reads its own dates and names. */
const APART = ['ccda', 'hl7v2', 'xml', 'http', 'rails', 'stores', 'outgoing', 'server'];

const roomOf = (path: string): string => {
  const [, room = ''] = path.split('/');
  return APART.includes(room) ? room : 'the rooms within';
};

/** Names that two files of the same rooms export, beside those that are listed; and listed names that are shared no more. */
export function sharedNames(tree: Tree, listed: Readonly<Record<string, string>>): readonly string[] {
  const files = new Map<string, string[]>();
  for (const [path, source] of tree) {
    if (!path.startsWith('src/') || path.includes('/generated/')) continue;
    for (const [, name = ''] of source.matchAll(EXPORTED)) {
      const key = `${roomOf(path)} ${name}`;
      files.set(key, [...(files.get(key) ?? []), path]);
    }
  }
  const shared = [...files].filter(([, paths]) => paths.length > 1);
  const names = new Set(shared.map(([key]) => key.slice(key.lastIndexOf(' ') + 1)));
  return [
    ...shared.flatMap(([key, paths]) => {
      const name = key.slice(key.lastIndexOf(' ') + 1);
      return name in listed ? [] : [`${name} is exported by ${paths.join(' and ')}: one name, one meaning`];
    }),
    ...Object.keys(listed)
      .filter((name) => !names.has(name))
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
