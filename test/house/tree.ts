/** The project's own files, by their paths from its top, with what they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path from the top of the project, with forward slashes, to text. */
export type Tree = ReadonlyMap<string, string>;

export const TOP = join(import.meta.dirname, '..', '..');

const PASSED_OVER = new Set(['node_modules', 'coverage', '.git']);

/** Every file below these folders whose name ends in one of these ways. */
export function readTree(folders: readonly string[], endings: readonly string[]): Tree {
  const paths = folders
    .flatMap((folder) => listFiles(folder))
    .filter((path) => endings.some((end) => path.endsWith(end)));
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(TOP, path), 'utf8')]));
}

/** The files of one folder (not below it) whose name ends in one of these ways. */
export function readTop(endings: readonly string[]): Tree {
  const names = readdirSync(TOP, { withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map(({ name }) => name).filter((name) => endings.some((end) => name.endsWith(end)));
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(TOP, path), 'utf8')]));
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(join(TOP, folder), { withFileTypes: true }).flatMap((entry) => {
    if (PASSED_OVER.has(entry.name)) return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}
