/** Whether each package stands in the group of package.json that its importers say: what people run, or what checks it. */
import { listImports, type Import } from './imports.ts';
import { packageOf, resolve } from './rules.ts';
import type { Tree } from './tree.ts';

export interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The npm scripts that people run who use or operate the server. The others build and check the project. */
export const PEOPLES_SCRIPTS: readonly string[] = [
  'start',
  'dev',
  'demo',
  'admin',
  'audit',
  'backup',
  'restore',
  'doctor',
  'hl7',
  'direct',
];

/** Packages that nobody imports, with what runs them. */
export const RUN_PACKAGES: Readonly<Record<string, string>> = {
  jest: 'npm test',
  'jest-circus': 'the runner of test/framework.js',
  oxfmt: 'npm run format',
  oxlint: 'npm run lint',
  'oxlint-tsgolint': 'oxlint --type-aware',
  typescript: 'npm run lint',
};

/** One sentence for each package that is in the wrong group, or that nobody uses. */
export function misplacedPackages(tree: Tree, manifest: Manifest): readonly string[] {
  const { dependencies, devDependencies } = manifest;
  const run = packagesOf(tree, reachedFrom(tree, entriesOf(manifest)), ({ typeOnly }) => !typeOnly);
  const all = packagesOf(tree, [...tree.keys()], () => true);
  const isUsed = (name: string): boolean =>
    all.has(name) ||
    name in RUN_PACKAGES ||
    [...all].some((one) => typesOf(one) === name) ||
    isNamed(tree, name);
  return [
    ...[...run]
      .filter((name) => !name.startsWith('node:') && !(name in dependencies))
      .map((name) => `${name} is run by people: dependencies`),
    ...Object.keys(dependencies)
      .filter((name) => !run.has(name))
      .map((name) => `${name} is in dependencies, and nothing that people run imports it`),
    ...Object.keys(devDependencies)
      .filter((name) => !isUsed(name))
      .map((name) => `${name} is in devDependencies, and neither tests nor tools use it`),
  ];
}

/** Packages that only some installations need: the server loads them where they are used, and not at its start. */
const LOADED_LATER: readonly string[] = [
  'asn1js',
  'dns-packet',
  'imapflow',
  'ldapts',
  'mongodb',
  'nodemailer',
  'openid-client',
  'pkijs',
  'smtp-server',
  'yauzl',
  'yazl',
];

/** One sentence for each of them that is loaded at the start nevertheless. */
export function loadedEarly(tree: Tree): readonly string[] {
  const atStart = ({ kind, typeOnly }: Import): boolean =>
    !typeOnly && (kind === 'import' || kind === 'export');
  const loaded = packagesOf(tree, reachedFrom(tree, ['src/server/main.ts'], atStart), atStart);
  return LOADED_LATER.filter((name) => loaded.has(name)).map(
    (name) => `${name} is loaded at the start: import() it where it is used`,
  );
}

/** The files that the people's scripts start. */
function entriesOf({ scripts }: Manifest): readonly string[] {
  return PEOPLES_SCRIPTS.flatMap((name) => scripts[name]?.match(/\b(?:src|tools)\/\S+\.ts\b/g) ?? []);
}

/** Every file that these load by imports that count, themselves included. What is only a type is not loaded. */
function reachedFrom(
  tree: Tree,
  entries: readonly string[],
  counts = ({ typeOnly }: Import): boolean => !typeOnly,
): readonly string[] {
  const reached = new Set<string>();
  const left = [...entries];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    const source = tree.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const one of listImports(source).filter(counts))
      if (one.specifier !== undefined && (one.kind === 'url' || one.specifier.startsWith('.')))
        left.push(resolve(path, one.specifier));
  }
  return [...reached];
}

function packagesOf(
  tree: Tree,
  paths: readonly string[],
  counts: (one: Import) => boolean,
): ReadonlySet<string> {
  const names = paths.flatMap((path) =>
    listImports(tree.get(path) ?? '').flatMap((one) =>
      one.specifier === undefined || one.kind === 'url' || !counts(one) || one.specifier.startsWith('.')
        ? []
        : [packageOf(one.specifier)],
    ),
  );
  return new Set(names);
}

/** Some are found by their name at run time: with `createRequire`, or as a folder of files. */
const isNamed = (tree: Tree, name: string): boolean =>
  [...tree].some(
    ([path, source]) =>
      !path.startsWith('test/house') && (source.includes(`'${name}'`) || source.includes(`/${name}/`)),
  );

/** The package that holds the types of another; Node's own are one. */
const typesOf = (name: string): string => `@types/${name.startsWith('node:') ? 'node' : name}`;
