/** The house rules as functions: files in, one sentence for each fault out. */
import { posix } from 'node:path';
import {
  CONNECTING,
  CONNECTING_FILES,
  EMPTY_WORDS,
  FLOORS,
  FOREIGN,
  IMPURE,
  INTERVAL_FILES,
  LAST_PURE_FLOOR,
  LINES_MAX,
  LONG_TABLES,
  READERS,
  REGISTRIES,
  ROOF_FILES,
  SIDEWAYS,
  TIMING,
  TIMING_FILES,
  TOKEN_FILES,
  TOKEN_ROOM,
  TOKEN_WORDS,
  TOOL_PACKAGES,
} from './floors.ts';
import { blank, lineAt, listImports, type Import } from './imports.ts';
import type { Tree } from './tree.ts';

export interface Place {
  readonly floor: number;
  readonly room: string;
}

const ROOF: Place = { floor: FLOORS.length - 1, room: 'src/server' };

/** Where a file stands; undefined when its folder is on no floor. */
export function placeOf(path: string): Place | undefined {
  if (ROOF_FILES.includes(path)) return ROOF;
  const parts = path.split('/');
  for (const [floor, { rooms }] of FLOORS.entries()) {
    for (const room of rooms) {
      const depth = room.split('/').length;
      const own = parts.slice(0, depth).join('/');
      if (depth > 1 && parts.length > depth && (own === room || room === `${posix.dirname(own)}/*`))
        return { floor, room: own };
    }
  }
  return undefined;
}

const isSource = (path: string) => path.startsWith('src/');
const isGenerated = (path: string) => path.includes('/generated/');
const sources = (tree: Tree) => [...tree].filter(([path]) => isSource(path));
const says = (path: string, line: number, what: string) => `${path}:${line} ${what}`;

/** A rule of the floors below the desk returns its refusal; a defect (`new Error`, `new TypeError`) may be thrown anywhere. */
export function thrownRefusals(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    const floor = placeOf(path)?.floor;
    const reads = Object.keys(READERS).some((reader) => path === reader || path.startsWith(`${reader}/`));
    if (floor === undefined || floor > READING_FLOOR || reads) return [];
    return [...blank(source).matchAll(/\bthrow (?!new (?:Type)?Error\()/g)].map(({ index }) =>
      says(
        path,
        lineAt(source, index),
        'throws a refusal: return it, or name the reader in test/house/floors.ts',
      ),
    );
  });
}

/** Above it a refusal is thrown with its code, and rendered once. */
const READING_FLOOR = 2;

/** A random test that takes a seed of its own may refuse a change that is not its cause. */
export function unseeded(tree: Tree): readonly string[] {
  return [...tree]
    .filter(([path, source]) => path !== 'test/chance.ts' && /from 'fast-check'/.test(source))
    .map(([path]) => `${path} imports fast-check, not test/chance.ts`);
}

/** Imports go down; between rooms of one floor only as listed; edges never import each other. */
export function wrongImports(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    const from = placeOf(path);
    if (from === undefined) return [`${path} stands on no floor: add its folder to test/house/floors.ts`];
    return listImports(source).flatMap((one) => {
      const why = whyWrong(path, from, one);
      return why === undefined
        ? []
        : [says(path, one.line, `imports ${one.specifier ?? 'what is computed'}: ${why}`)];
    });
  });
}

function whyWrong(path: string, from: Place, one: Import): string | undefined {
  const { specifier, kind } = one;
  if (specifier === undefined) return 'name the file, so that the house can be read';
  if (!isOurs(one)) return whyForeignWrong(from, specifier);
  const target = resolve(path, specifier);
  if (kind === 'url' && !target.endsWith('.ts')) return undefined;
  if (!isSource(target))
    return target === 'package.json' || target.startsWith('profiles/') ? undefined : 'it is not below src';
  const to = placeOf(target);
  if (to === undefined) return 'it stands on no floor';
  if (to.room === from.room || to.floor < from.floor) return undefined;
  if (to.floor > from.floor)
    return `floor ${from.floor} (${nameOf(from)}) may not import floor ${to.floor} (${nameOf(to)})`;
  if (SIDEWAYS.some((listed) => listed.from === from.room && listed.to === to.room)) return undefined;
  return `${from.room} and ${to.room} share floor ${from.floor} (${nameOf(from)}) and do not know each other`;
}

const nameOf = ({ floor }: Place) => FLOORS[floor]?.name ?? '?';
/** A URL made from `import.meta.url` is relative without a dot as well. */
const isOurs = ({ specifier = '', kind }: Import) => specifier.startsWith('.') || kind === 'url';
export const resolve = (path: string, specifier: string) => posix.join(posix.dirname(path), specifier);

/** The package that a specifier names: `@a/b/c` is `@a/b`; built-in modules stay whole. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function whyForeignWrong({ room }: Place, specifier: string): string | undefined {
  const folders = FOREIGN[packageOf(specifier)];
  if (folders === undefined) return 'it is not in the table of foreign packages (test/house/floors.ts)';
  const allowed = folders.some(
    (folder) => folder === 'src/*' || folder === room || room.startsWith(`${folder}/`),
  );
  if (allowed) return undefined;
  return folders.length === 0 ? 'only tools and tests may' : `only ${folders.join(', ')} may`;
}

/** Foreign packages of `tools` that no table names. */
export function wrongTools(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    if (!path.startsWith('tools/')) return [];
    return listImports(source).flatMap((one) => {
      const { specifier, line } = one;
      if (specifier === undefined || isOurs(one)) return [];
      const name = packageOf(specifier);
      if (name.startsWith('node:') || name in FOREIGN || TOOL_PACKAGES.includes(name)) return [];
      return [
        says(
          path,
          line,
          `imports ${specifier}: it is not in the table of foreign packages (test/house/floors.ts)`,
        ),
      ];
    });
  });
}

/** Files of `src` that know a token, beside those that may. */
export function tokenReaders(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    if (path in TOKEN_FILES || path.startsWith(TOKEN_ROOM) || isGenerated(path)) return [];
    return TOKEN_WORDS.flatMap((found) =>
      [...source.matchAll(found)].map((match) =>
        says(path, lineAt(source, match.index), `knows a token (${match[0]}): take it from the Caller`),
      ),
    );
  });
}

/** Circles of imports that load each other. Types are erased and may be mutual; a dynamic import comes later. */
export function circles(tree: Tree): readonly string[] {
  const targets = new Map(
    [...tree].map(([path, source]) => [
      path,
      listImports(source)
        .filter(
          ({ kind, typeOnly, specifier }) =>
            !typeOnly && (kind === 'import' || kind === 'export') && specifier?.startsWith('.'),
        )
        .map(({ specifier }) => resolve(path, specifier ?? ''))
        .filter((target) => tree.has(target)),
    ]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) found.push([...trail.slice(at), path].join(' → '));
    if (at !== -1 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

/** Time, chance and surroundings on a floor where they are handed in. */
export function impurities(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    const place = placeOf(path);
    if (place === undefined || place.floor > LAST_PURE_FLOOR) return [];
    const code = blank(source);
    return IMPURE.flatMap(({ found, instead }) =>
      [...code.matchAll(new RegExp(found, 'g'))].map((match) =>
        says(path, lineAt(code, match.index), `uses ${match[0]} on floor ${place.floor}: ${instead}`),
      ),
    );
  });
}

/** Timers on the pure floors; intervals that are no job; and files of either list that have none. */
export function timers(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    const code = blank(source);
    const isPure = (placeOf(path)?.floor ?? FLOORS.length) <= LAST_PURE_FLOOR;
    const timing = isPure ? TIMING.flatMap((row) => matchesOf(code, row)) : [];
    const intervals = isPure ? [] : matchesOf(code, INTERVAL);
    const isListed = path in TIMING_FILES || path in INTERVAL_FILES;
    const found = [...timing, ...intervals];
    if (isListed)
      return found.length > 0 ? [] : [`${path} has no timer: take it off the list of those that may`];
    return found.map(([line, what]) => says(path, line, what));
  });
}

const INTERVAL = { found: /\bsetInterval\b/, instead: 'declare a job in src/jobs/index.ts' };

const matchesOf = (
  code: string,
  { found, instead }: { readonly found: RegExp; readonly instead: string },
): readonly (readonly [line: number, what: string])[] =>
  [...code.matchAll(new RegExp(found, 'g'))].map(
    (match) => [lineAt(code, match.index), `uses ${match[0]}: ${instead}`] as const,
  );

/** Connections that begin elsewhere than in the guard; and files of its list that make none. */
export function unguarded(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    const code = blank(source);
    const found = CONNECTING.flatMap((beginning) => [...source.matchAll(beginning)]).filter(
      ({ index }) => code[index] !== ' ',
    );
    if (path in CONNECTING_FILES)
      return found.length > 0 ? [] : [`${path} makes no connection: take it off the list of those that may`];
    return found.map(({ 0: text, index }) =>
      says(path, lineAt(source, index), `connects by ${text.split(/\s/)[0]}: go by src/outgoing/guard.ts`),
    );
  });
}

/** A search for Organizations by what they say of themselves: who a number is, the register says. */
const BY_OWN_WORD =
  /(?:['"]Organization['"][^;]{0,240}param: ['"]identifier['"]|param: ['"]identifier['"][^;]{0,240}['"]Organization['"]|Organization\?identifier=)/g;

/** Searches for a party by `Organization.identifier`, in code of ours that asks for itself. */
export const believed = (tree: Tree): readonly string[] =>
  sources(tree).flatMap(([path, source]) =>
    [...source.matchAll(BY_OWN_WORD)].map(({ index }) =>
      says(
        path,
        lineAt(source, index),
        'believes Organization.identifier: ask resources/parties/register.ts',
      ),
    ),
  );

/** Files that only pass on what others declare, anywhere but at the top of a room. */
export function barrels(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    const rest = blank(source).replace(
      /\bexport\s+(?:type\s+)?(?:\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})\s*from\s*(['"])\s*\1\s*;?/g,
      '',
    );
    const onlyPasses = rest.trim() === '' && /\bexport\b/.test(blank(source));
    return onlyPasses && path !== `${placeOf(path)?.room}/index.ts`
      ? [`${path} only passes on other files: import them directly`]
      : [];
  });
}

/** Files too long to be one thing. */
export function longFiles(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    const lines = source.trimEnd().split('\n').length;
    if (lines <= LINES_MAX || isGenerated(path) || path in LONG_TABLES) return [];
    return [`${path} has ${lines} lines, more than ${LINES_MAX}: it is more than one thing`];
  });
}

/** File and folder names that say nothing, or are not kebab-case. */
export function emptyNames(tree: Tree): readonly string[] {
  return [...tree.keys()].flatMap((path) => {
    const parts = path.replace(/(\.test)?\.ts$/, '').split('/');
    const words = parts.flatMap((part) => part.split('-'));
    const empty = words.find((word) => EMPTY_WORDS.includes(word));
    if (empty !== undefined) return [`${path}: "${empty}" says nothing; name it for what it is`];
    return parts.every((part) => /^[a-z0-9]+([-.][a-z0-9]+)*$/.test(part))
      ? []
      : [`${path} is not kebab-case`];
  });
}

/** Files that do not open by saying what they are. */
export function unopened(tree: Tree): readonly string[] {
  return sources(tree).flatMap(([path, source]) => {
    const opening = /^(?:#!.*\n)?(\/\*\*?[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(source)?.[1] ?? '';
    const words = opening.match(/[A-Za-z$][\w'’-]+/g) ?? [];
    return words.length >= 2 ? [] : [`${path}:1 does not open with a comment that says what it is`];
  });
}

/** Where a test whose judge is absent is named instead of run. */
const NAMES_ABSENT_JUDGES = 'test/judges.ts';

/** Tests that do not run, or run alone. */
export function skippedTests(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    const code = path === NAMES_ABSENT_JUDGES ? blank(source).replace('test.todo(', '') : blank(source);
    return [
      ...code.matchAll(/\b(?:it|test|describe)\.(?:skip|only|todo|failing)\b|\bx(?:it|test|describe)\(/g),
    ].map((match) => says(path, lineAt(code, match.index), `has ${match[0]}: a test runs, or is not there`));
  });
}

/** Names of the machine a file was written on. The project speaks of itself alone. */
const MACHINES: readonly RegExp[] = [
  /(?<![\w./-])\/(?:work|root|home)[/.]\S*/g,
  /\.\.\/shared\b\S*/g,
  /\/tmp\/(?:bash_jobs|helpers)\S*/g,
];

/** The rules of C-CDA are HL7's, and lie beside the checkout: `.ci/run` alone looks for them. */
const BESIDE: readonly (readonly [path: string, place: string])[] = [['.ci/run', '../shared/judges/ccda']];

/** References to places outside the project. */
export function outsideReferences(tree: Tree): readonly string[] {
  const isBeside = (path: string, place: string): boolean =>
    BESIDE.some(([file, allowed]) => file === path && place === allowed);
  return [...tree].flatMap(([path, text]) =>
    MACHINES.flatMap((found) =>
      [...text.matchAll(found)]
        .filter(([place]) => !isBeside(path, place))
        .map((match) => says(path, lineAt(text, match.index), `speaks of ${match[0]}, outside the project`)),
    ),
  );
}

/** Declarations that their registry does not import. */
export function unregistered(tree: Tree): readonly string[] {
  return REGISTRIES.flatMap(({ index, within, folder, declares }) => {
    const declaring = [...tree].filter(
      ([path, source]) => path.startsWith(`${folder}/`) && declares.test(blank(source)),
    );
    const indexes = [index, ...(within === undefined ? [] : [within])];
    const listed = new Set(
      indexes.flatMap((one) =>
        listImports(tree.get(one) ?? '').map(({ specifier }) => resolve(one, specifier ?? '')),
      ),
    );
    return declaring
      .filter(([path]) => !indexes.includes(path) && !listed.has(path))
      .map(([path]) => `${path} is not in ${index}`);
  });
}

/** Relative links of Markdown pages that lead nowhere. `exists` answers for a path from the top of the project. */
export function brokenLinks(pages: Tree, exists: (path: string) => boolean): readonly string[] {
  return [...pages].flatMap(([path, text]) =>
    [
      ...text
        .replaceAll(/^```[\s\S]*?^```/gm, (code) => code.replaceAll(/[^\n]/g, ' '))
        .matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g),
    ].flatMap((match) => {
      const target = resolve(path, match[1] ?? '');
      return exists(target)
        ? []
        : [says(path, lineAt(text, match.index), `links to ${match[1]}, which is not there`)];
    }),
  );
}
