/** Messages: each code of HL7 v2 stands in the file of its definition alone, and the root of inbound knows no format. */
import { lineAt, listImports } from './imports.ts';
import { resolve } from './rules.ts';
import type { Tree } from './tree.ts';

/** Files that name codes of messages beside the definitions, each with its reason. */
export const CODE_FILES: Readonly<Record<string, string>> = {
  'src/referral/transactions.ts': 'the table of 360X, verbatim',
  'src/hl7v2/crosswalk.ts': 'says in words of which message a row of the reference page holds',
  'src/hl7v2/losses.ts': 'says in words of which message a row of the reference page holds',
};

const withoutComments = (source: string): string =>
  source.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) => comment.replaceAll(/[^\n]/g, ' '));

/** Codes of messages (MSH-9.1 and MSH-9.2, or MSH-9.2 alone) that stand in several files. */
export function scatteredCodes(tree: Tree, names: readonly string[]): readonly string[] {
  const sources = [...tree].flatMap(([path, source]) =>
    path.startsWith('src/') && !path.includes('/generated/') && !(path in CODE_FILES)
      ? [{ path, code: withoutComments(source) }]
      : [],
  );
  return names.flatMap((name) => {
    const [, trigger = ''] = name.split('^');
    const said = new RegExp(String.raw`\b${trigger}\b`);
    const places = sources.flatMap(({ path, code }) => {
      const found = said.exec(code);
      return found === null ? [] : [`${path}:${lineAt(code, found.index)}`];
    });
    const isHome = places.length === 1 && places[0]?.startsWith('src/hl7v2/messages/') === true;
    return isHome ? [] : [`${name} stands in ${places.join(', ') || 'no file'}`];
  });
}

/** Files of inbound's root that import a format: the root is every transport's. */
export function formatsInRoot(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    if (!/^src\/inbound\/[^/]+\.ts$/.test(path)) return [];
    return listImports(source)
      .map(({ specifier = '', line }) => ({ target: resolve(path, specifier), line }))
      .filter(({ target }) => target.startsWith('src/hl7v2/') || /^src\/inbound\/[^/]+\//.test(target))
      .map(({ target, line }) => `${path}:${line} imports ${target}: the root knows no format`);
  });
}
