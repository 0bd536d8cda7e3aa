/** Engines of the store know nothing of FHIR's resources: what they ask is handed to them by a port. */
import { ROOF_FILES } from './floors.ts';
import { listImports } from './imports.ts';
import { resolve } from './rules.ts';
import type { Tree } from './tree.ts';

/** Imports of `src/resources` by an engine, types included. */
export function resourcesInEngines(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) =>
    !path.startsWith('src/stores/') || ROOF_FILES.includes(path)
      ? []
      : listImports(source)
          .filter(({ specifier = '' }) => resolve(path, specifier).startsWith('src/resources/'))
          .map(({ specifier, line }) => `${path}:${line} imports ${specifier}: hand it over by a port`),
  );
}
