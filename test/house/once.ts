/** What the source says in one place alone, and what everybody else imports from there. */
import { blank, lineAt } from './imports.ts';
import type { Tree } from './tree.ts';

interface Once {
  readonly found: RegExp;
  /** The files that may say it. */
  readonly only: readonly string[];
  readonly instead: string;
}

const ONCE: readonly Once[] = [
  {
    found: /\{\s*everything: true\s*\}/g,
    only: ['src/ports/query.ts'],
    instead: 'import EVERYTHING of ports/query.ts',
  },
  {
    found: /JSON\.parse\([^;]*? as Resource\b/g,
    only: ['src/ports/stored-resource.ts', 'src/resources/packaged.ts', 'src/xml/convert.ts'],
    instead: 'call parseStored or resourceOf of ports/stored-resource.ts',
  },
];

/** Each thing of {@link ONCE} that a file of `src` says a second time. */
export function saidTwice(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    if (!path.startsWith('src/')) return [];
    const code = blank(source);
    return ONCE.filter(({ only }) => !only.includes(path)).flatMap(({ found, instead }) =>
      [...code.matchAll(found)].map(
        ({ 0: said, index }) => `${path}:${lineAt(code, index)} says ${said}: ${instead}`,
      ),
    );
  });
}
