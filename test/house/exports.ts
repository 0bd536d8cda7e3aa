/** Names that a file exports and nobody else says. */
import { blank, lineAt } from './imports.ts';
import type { Tree } from './tree.ts';

const EXPORTED = /^export (?:async )?(?:const|function|class|interface|type) ([\w$]+)/gm;

/** Exports of `src` whose name stands in no other file, of tests neither. Generated files export tables whole. */
export function deadExports(tree: Tree): readonly string[] {
  const files = new Map<string, number>();
  for (const source of tree.values()) {
    for (const word of new Set(blank(source).match(/[A-Za-z_$][\w$]*/g))) {
      files.set(word, (files.get(word) ?? 0) + 1);
    }
  }
  return [...tree].flatMap(([path, source]) => {
    if (!path.startsWith('src/') || path.includes('/generated/')) return [];
    return [...source.matchAll(EXPORTED)]
      .filter(([, name = '']) => files.get(name) === 1)
      .map(({ 1: name, index }) => `${path}:${lineAt(source, index)} exports ${name}, which nobody imports`);
  });
}
