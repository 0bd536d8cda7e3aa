/** How long a function is: one that is declared at the top of a file, with all that stands inside. */
import { blank, lineAt } from './imports.ts';
import type { Tree } from './tree.ts';

export const FUNCTION_LINES_MAX = 60;

/** Functions that are longer: the lines that each may have, and what it is. */
export const LONG_FUNCTIONS: Readonly<Record<string, readonly [lines: number, because: string]>> = {
  'src/ccda/write/entries/allergy.ts writeAllergy': [70, 'one entry, element by element'],
  'src/ccda/write/entries/coverage.ts writeCoverage': [70, 'one entry, element by element'],
  'src/http/exchange.ts createExchange': [169, 'a closure: the steps of an exchange'],
  'src/server/compose-engine.ts composeEngine': [66, 'a list of parts, handed to each other'],
  'src/server/compose.ts raise': [142, 'a list of parts, started in order'],
  'src/server/heavy.ts createHeavyThreads': [73, 'a closure: the threads and what waits for them'],
  'src/stores/embedded/open.ts assemble': [69, 'a list of parts, handed to each other'],
  'src/stores/embedded/search/text-index.ts openTextIndex': [105, 'a closure: prepared statements'],
  'src/stores/embedded/snapshot.ts prepareSnapshots': [86, 'a closure: prepared statements'],
  'src/stores/embedded/verify/derived-proof.ts replay': [75, 'a closure: prepared statements'],
};

const FUNCTION =
  /^(?:export )?(?:async )?(?:function\*? (\w+)|const (\w+)(?:: [^=\n]+)? =\s+(?:async )?(?:\(|<|\w+ =>))/;

/** Functions over the bound, and listed ones that are within it or gone. */
export function longFunctions(tree: Tree, listed = LONG_FUNCTIONS): readonly string[] {
  const found = new Map([...tree].flatMap(([path, source]) => lengthsIn(path, source)));
  return [
    ...[...found].flatMap(([name, lines]) => {
      const most = listed[name]?.[0] ?? FUNCTION_LINES_MAX;
      return lines > most ? [`${name} has ${lines} lines, more than ${most}: give its parts names`] : [];
    }),
    ...Object.keys(listed)
      .filter((name) => (found.get(name) ?? 0) <= FUNCTION_LINES_MAX)
      .map((name) => `${name} is not longer than others: take it off the list`),
  ];
}

/** Path and name of each function, and its lines: up to the next line that begins a statement at the top of the file. */
function lengthsIn(path: string, source: string): readonly (readonly [name: string, lines: number])[] {
  if (!path.startsWith('src/') || path.includes('/generated/')) return [];
  const code = blank(source);
  const starts = [...code.matchAll(/^[^\s})\]].*$/gm)];
  return starts.flatMap(({ index }, i) => {
    const declaration = code.slice(index, starts[i + 1]?.index);
    const [, declared, assigned] = FUNCTION.exec(declaration) ?? [];
    const name = declared ?? assigned;
    return name === undefined ? [] : [[`${path} ${name}`, lineAt(declaration.trimEnd(), Infinity)] as const];
  });
}
