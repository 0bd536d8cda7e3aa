/** Files that need each other, types counted: nobody can read or move the one without the others. */
import { dirname } from 'node:path';
import { listImports } from './imports.ts';
import { resolve } from './rules.ts';
import type { Tree } from './tree.ts';

/** Circles of imports, types included, that cross folders or hold more than a pair. */
export function knots(tree: Tree): readonly string[] {
  const targets = new Map([...tree].map(([path, source]) => [path, targetsOf(tree, path, source)]));
  return componentsOf(targets)
    .filter((files) => files.length > 2 || new Set(files.map((file) => dirname(file))).size > 1)
    .map((files) => `${files.length} files need each other: ${files.toSorted().join(', ')}`);
}

const targetsOf = (tree: Tree, path: string, source: string): readonly string[] =>
  listImports(source)
    .filter(({ specifier }) => specifier?.startsWith('.'))
    .map(({ specifier }) => resolve(path, specifier ?? ''))
    .filter((target) => tree.has(target));

/** Strongly connected components of more than one member (Tarjan). */
function componentsOf(targets: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  const visit = (path: string): number => {
    const number = order.size;
    order.set(path, number);
    let low = number;
    open.push(path);
    for (const target of targets.get(path) ?? []) {
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    if (low === number) {
      const members = open.splice(open.indexOf(path));
      if (members.length > 1) found.push(members);
    }
    return low;
  };
  for (const path of targets.keys()) if (!order.has(path)) visit(path);
  return found;
}
