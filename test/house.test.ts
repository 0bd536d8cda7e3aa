/** The house rules, kept by a test: floors, circles, dependencies, purity, names, registries (docs/adr/0003-floors.md). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  RETIRED_WORDS,
  SHARED_NAMES,
  FLOORS,
  FOREIGN,
  LONG_TABLES,
  ROOF_FILES,
  SIDEWAYS,
  TOKEN_FILES,
} from './house/floors.ts';
import { deadExports } from './house/exports.ts';
import { resourcesInEngines } from './house/engines.ts';
import { longFunctions } from './house/functions.ts';
import { knots } from './house/knots.ts';
import { fieldsOfMoney, isOfMoney } from './house/money.ts';
import { retiredWords, sharedNames } from './house/names.ts';
import { CODE_FILES, formatsInRoot, scatteredCodes } from './house/messages.ts';
import { loadedEarly, misplacedPackages, PEOPLES_SCRIPTS, type Manifest } from './house/packages.ts';
import { saidTwice } from './house/once.ts';
import { PATTERNS } from '../src/resources/audit-patterns.ts';
import * as rules from './house/rules.ts';
import { readTop, readTree, TOP, type Tree } from './house/tree.ts';
import { MESSAGES } from '../src/hl7v2/messages/registry.ts';

const MANIFEST = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as Manifest;
const SCRIPTS = readTree(['src', 'tools', 'test'], ['.ts']);
const LOADED: Tree = new Map([...SCRIPTS].filter(([path]) => !path.startsWith('test/')));
const PAGES: Tree = new Map([...readTop(['.md']), ...readTree(['docs'], ['.md'])]);
const WATCHED: Tree = new Map([...LOADED, ...readTree(['profiles/closeloop'], ['.json'])]);
const TEXTS: Tree = new Map([
  ...SCRIPTS,
  ...PAGES,
  ...readTop(['.json', '.js']),
  ...readTree(['.ci', '.githooks'], ['']),
]);

describe('this house', () => {
  test.each<[string, () => readonly string[]]>([
    [
      'imports go down, sideways only as listed, and foreign packages stay in their folders',
      () => rules.wrongImports(LOADED),
    ],
    ['tools import only packages that are in the table', () => rules.wrongTools(LOADED)],
    [
      '(house 9a4) a package stands in the group of package.json that its importers say',
      () => misplacedPackages(SCRIPTS, MANIFEST),
    ],
    ['(issue 13) a server without Direct mail loads nothing of its packages', () => loadedEarly(LOADED)],
    ['(directory DR41) connections begin in the guard alone', () => rules.unguarded(LOADED)],
    ['(house 9b8) the readers of tokens alone know a token', () => rules.tokenReaders(LOADED)],
    ['(directory DR10) who a number is, the register says alone', () => rules.believed(LOADED)],
    ['(routing RL10) no figure, routing row or counter has a field of money', () => fieldsOfMoney(WATCHED)],
    ['no file loads itself through others', () => rules.circles(SCRIPTS)],
    ['what is exported is imported somewhere', () => deadExports(SCRIPTS)],
    ['(house-2 1) an engine of the store knows nothing of resources', () => resourcesInEngines(LOADED)],
    ['(house-2 5) what one file says for all is said once', () => saidTwice(LOADED)],
    ['one exported name has one meaning (house-2 5)', () => sharedNames(LOADED, SHARED_NAMES)],
    ['retired words do not come back (house-2 5)', () => retiredWords(LOADED, RETIRED_WORDS)],
    ['files need each other in pairs at most, within one folder', () => knots(LOADED)],
    [
      'floors 0 to 3 have no clock, no chance and no surroundings of their own',
      () => rules.impurities(LOADED),
    ],
    ['rules return their refusals; only readers throw them', () => rules.thrownRefusals(LOADED)],
    ['the pure floors have no timers, and what is due again is a job', () => rules.timers(LOADED)],
    ['no file below the top of a room only passes on others', () => rules.barrels(LOADED)],
    ['no file is longer than one thing', () => rules.longFiles(LOADED)],
    ['(house 9a5) no function is longer than 60 lines', () => longFunctions(LOADED)],
    ['every name says what the file is', () => rules.emptyNames(SCRIPTS)],
    ['every source opens by saying what it is', () => rules.unopened(LOADED)],
    ['properties take the seed of test/chance.ts', () => rules.unseeded(withoutRules(SCRIPTS))],
    ['every test runs', () => rules.skippedTests(SCRIPTS)],
    ['nothing speaks of places outside the project', () => rules.outsideReferences(withoutRules(TEXTS))],
    ['every declaration is in its registry', () => rules.unregistered(LOADED)],
    [
      '(house 9a5) a message of HL7 v2 is named in the file of its definition alone',
      () =>
        scatteredCodes(
          LOADED,
          MESSAGES.map(({ name }) => name),
        ),
    ],
    ['(house 9a1) the root of inbound knows no format of messages', () => formatsInRoot(LOADED)],
    [
      'every link of the documentation leads somewhere',
      () => rules.brokenLinks(PAGES, (path) => existsSync(join(TOP, path))),
    ],
  ])('%s', (_rule, broken) => {
    expect(broken()).toEqual([]);
  });

  test('every file that may name messages of HL7 v2 is there', () => {
    expect(Object.keys(CODE_FILES).filter((path) => !SCRIPTS.has(path))).toEqual([]);
  });

  test('every file that may know a token is there', () => {
    expect(Object.keys(TOKEN_FILES).filter((path) => !LOADED.has(path))).toEqual([]);
  });

  test('every table that may be long is there and is long', () => {
    for (const path of Object.keys(LONG_TABLES))
      expect(LOADED.get(path)?.split('\n').length).toBeGreaterThan(400);
  });

  test('every dependency that the package brings has its folder', () => {
    expect(Object.keys(MANIFEST.dependencies).filter((name) => !(name in FOREIGN))).toEqual([]);
  });

  test('(house 9a4) the ADR of packages names every package, its exact group and nothing else', () => {
    const page = PAGES.get('docs/adr/0024-what-each-package-is-for.md') ?? '';
    const named = (heading: string): readonly string[] =>
      [...(page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)`/gm)].map(
        ([, name = '']) => name,
      );
    expect(named('What people run')).toEqual(Object.keys(MANIFEST.dependencies));
    expect(named('What checks it')).toEqual(Object.keys(MANIFEST.devDependencies));
    expect(PEOPLES_SCRIPTS.filter((name) => !(name in MANIFEST.scripts))).toEqual([]);
  });

  test('the picture in ARCHITECTURE.md shows every floor and every room that exists', () => {
    const page = PAGES.get('ARCHITECTURE.md') ?? '';
    const rooms = new Set([...LOADED.keys()].flatMap((path) => rules.placeOf(path)?.room ?? []));
    const shown = (name: string) => page.includes(name);
    expect(FLOORS.map(({ name }) => name).filter((name) => !shown(name))).toEqual([]);
    expect([...rooms].filter((room) => !shown(room.replace('src/', '')))).toEqual([]);
  });

  test('every room and every file that the table of floors names exists', () => {
    const rooms = FLOORS.flatMap((floor) => floor.rooms).map((room) => room.replace('/*', ''));
    expect([...rooms, ...ROOF_FILES].filter((path) => !existsSync(join(TOP, path)))).toEqual([]);
  });

  test('ARCHITECTURE.md names every file of the roof', () => {
    const page = PAGES.get('ARCHITECTURE.md') ?? '';
    const roof = [...LOADED.keys()].filter((path) => path.startsWith('src/server/'));
    expect(roof.filter((path) => !page.includes(`\`${path.slice('src/server/'.length)}\``))).toEqual([]);
  });

  test('(audit-compliance AU2) every event of the audit has a pattern and a test', () => {
    const written = [...LOADED].flatMap(([path, text]) =>
      path.startsWith('src/')
        ? [...text.matchAll(/event: '([a-z-]+)',\s+action: /g)].map(([, name]) => name)
        : [],
    );
    const tests = [...SCRIPTS]
      .filter(([path]) => /^test\/(conformance|unit)\//.test(path))
      .map(([, text]) => text);
    expect(written).toContain('deliver');
    expect(written.filter((name = '') => PATTERNS[name] === undefined)).toEqual([]);
    expect(written.filter((name) => !tests.some((text) => text.includes(`'${name}'`)))).toEqual([]);
  });

  test('every allowed sideways import lies within one floor', () => {
    for (const { from, to } of SIDEWAYS) {
      expect(rules.placeOf(`${from}/a.ts`)?.floor).toBe(rules.placeOf(`${to}/a.ts`)?.floor);
    }
  });
});

/** The rules have to spell what they look for. */
function withoutRules(tree: Tree): Tree {
  return new Map(
    [...tree].filter(([path]) => path !== 'test/house/rules.ts' && path !== 'test/house.test.ts'),
  );
}

describe('where a file stands', () => {
  test.each([
    ['src/fhir/issue.ts', 0, 'src/fhir'],
    ['src/resources/generated/search.ts', 2, 'src/resources'],
    ['src/operations/interactions/create.ts', 3, 'src/operations'],
    ['src/rails/rest-hook/deliver.ts', 4, 'src/rails/rest-hook'],
    ['src/stores/embedded/open.ts', 4, 'src/stores/embedded'],
    ['src/rails/index.ts', 5, 'src/server'],
    ['src/server/begin.ts', 5, 'src/server'],
    ['src/server.ts', undefined, undefined],
    ['src/cellar/old.ts', undefined, undefined],
  ])('%s', (path, floor, room) => {
    expect(rules.placeOf(path)).toEqual(floor === undefined ? undefined : { floor, room });
  });
});

/** A project of one file. */
const tree = (path: string, source: string): Tree => new Map([[path, source]]);

describe('a planted fault is found and named', () => {
  test.each([
    [
      'src/fhir/a.ts',
      `import { b } from '../referral/b.ts';`,
      /src\/fhir\/a\.ts:1 imports \.\.\/referral\/b\.ts: floor 0 .* floor 1/,
    ],
    [
      'src/fhir/a.ts',
      `import type { B } from '../referral/b.ts';`,
      /floor 0 \(ground\) may not import floor 1 \(rulebook\)/,
    ],
    [
      'src/operations/a.ts',
      `\nimport '../http/b.ts';`,
      /a\.ts:2 .* floor 3 \(desk\) may not import floor 4 \(edges\)/,
    ],
    ['src/http/a.ts', `import '../stores/embedded/open.ts';`, /share floor 4 \(edges\)/],
    [
      'src/rails/capture/a.ts',
      `import '../rest-hook/b.ts';`,
      /src\/rails\/capture and src\/rails\/rest-hook share/,
    ],
    ['src/http/a.ts', `import '../server/main.ts';`, /may not import floor 5 \(roof\)/],
    ['src/delivery/a.ts', `import '../operations/b.ts';`, /share floor 3/],
    ['src/referral/a.ts', `import '../smart/b.ts';`, /share floor 1/],
    ['src/operations/a.ts', `import express from 'express';`, /imports express: only src\/http may/],
    ['src/http/a.ts', `import 'node:sqlite';`, /only src\/stores\/embedded may/],
    ['src/operations/a.ts', `import 'node:fs';`, /imports node:fs: only/],
    ['src/server/begin.ts', `import 'fhir-kit-client';`, /only tools and tests may/],
    ['src/http/a.ts', `import 'left-pad';`, /not in the table of foreign packages/],
    ['src/http/a.ts', `import 'fs';`, /not in the table of foreign packages/],
    ['src/http/a.ts', `await import(name);`, /name the file/],
    ['src/http/a.ts', `import '../../tools/demo.ts';`, /not below src/],
    ['src/cellar/a.ts', `export const a = 1;`, /stands on no floor/],
  ])('import: %s %j', (path, source, expected) => {
    const found = rules.wrongImports(tree(path, source));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test.each([
    ['src/operations/a.ts', `import '../delivery/b.ts';`],
    ['src/capability/a.ts', `import '../operations/b.ts';`],
    ['src/resources/a.ts', `import type { B } from '../ports/b.ts';`],
    ['src/server/begin.ts', `import './rails/index.ts'; import './stores/embedded/open.ts';`],
    ['src/rails/index.ts', `import './capture/index.ts';`],
    ['src/stores/embedded/open.ts', `import 'node:sqlite'; import 'node:fs'; import '../../ports/store.ts';`],
    ['src/stores/embedded/a.ts', `new Worker(new URL('./search-worker.ts', import.meta.url));`],
    ['src/operations/a.ts', `import { createHash } from 'node:crypto';`],
  ])('no fault: %s %j', (path, source) => {
    expect(rules.wrongImports(tree(path, source))).toEqual([]);
  });

  test('an engine that knows resources', () => {
    const source = `import type { Match } from '../../resources/match.ts';`;
    expect(resourcesInEngines(tree('src/stores/embedded/a.ts', source))).toEqual([
      'src/stores/embedded/a.ts:1 imports ../../resources/match.ts: hand it over by a port',
    ]);
  });

  test('a second sight of the server, and a second reader of stored texts', () => {
    expect(saidTwice(tree('src/http/a.ts', 'const a = JSON.parse(b.text) as Resource;'))).toHaveLength(1);
    expect(saidTwice(tree('src/http/a.ts', 'const all = { everything: true };'))).toEqual([
      'src/http/a.ts:1 says { everything: true }: import EVERYTHING of ports/query.ts',
    ]);
  });

  test('a circle is named whole; types may be mutual', () => {
    const circle: Tree = new Map([
      ['src/fhir/a.ts', `import './b.ts';`],
      ['src/fhir/b.ts', `export * from './c.ts';`],
      ['src/fhir/c.ts', `import { a } from './a.ts';`],
    ]);
    expect(rules.circles(circle)).toEqual(['src/fhir/a.ts → src/fhir/b.ts → src/fhir/c.ts → src/fhir/a.ts']);
    const mutual: Tree = new Map([
      ['src/fhir/a.ts', `import './b.ts';`],
      ['src/fhir/b.ts', `import type { A } from './a.ts';`],
    ]);
    expect(rules.circles(mutual)).toEqual([]);
  });

  test.each<[string, Partial<Manifest>, readonly string[]]>([
    ['as it should be', {}, []],
    ['run by people, in the wrong group', { dependencies: {} }, ['a is run by people: dependencies']],
    [
      'in dependencies, used by checks alone',
      { dependencies: { a: '1', b: '1' } },
      ['b is in dependencies, and nothing that people run imports it'],
    ],
    [
      'used by nobody',
      { devDependencies: { c: '1', '@types/b': '1', '@types/d': '1' } },
      ['c', '@types/d'].map((name) => `${name} is in devDependencies, and neither tests nor tools use it`),
    ],
  ])('a package: %s', (_what, changes, expected) => {
    const files: Tree = new Map([
      ['tools/demo.ts', `import './demo/play.ts'; import type { C } from 'b';`],
      ['tools/demo/play.ts', `await import('a/deep.js');`],
      ['test/a.test.ts', `import { b } from 'b';`],
    ]);
    const scripts = { demo: 'node tools/launch.js tools/demo.ts', check: 'node tools/check.ts' };
    const manifest = { scripts, dependencies: { a: '1' }, devDependencies: { b: '1', jest: '1' } };
    expect(misplacedPackages(files, { ...manifest, ...changes })).toEqual(expected);
  });

  test('a package that the server loads before it needs it is found', () => {
    const files: Tree = new Map([
      ['src/server/main.ts', `import './a.ts'; import type { Z } from 'yazl';`],
      ['src/server/a.ts', `export { b } from '../b.ts'; await import('../c.ts'); await import('mongodb');`],
      ['src/b.ts', `import { Z } from 'yauzl';`],
      ['src/c.ts', `import 'ldapts';`],
    ]);
    expect(loadedEarly(files)).toEqual(['yauzl is loaded at the start: import() it where it is used']);
  });

  test('a long function is found, with what stands inside; a table is none', () => {
    const lines = (count: number) => '  step();\n'.repeat(count);
    const found: Tree = new Map([
      [
        'src/fhir/a.ts',
        `export async function long(\n  a: A,\n): B {\n${lines(57)}}\n\n/** Next. */\nconst b = 1;\n`,
      ],
      ['src/fhir/b.ts', `function fits() {\n${lines(58)}}\n\nconst arrow = (a: A) => {\n${lines(60)}};\n`],
      ['src/fhir/c.ts', `export const TABLE = [\n${lines(100)}];\n`],
    ]);
    expect(
      longFunctions(found, { 'src/fhir/b.ts arrow': [62, 'listed'], 'src/fhir/b.ts fits': [70, 'fits'] }),
    ).toEqual([
      'src/fhir/a.ts long has 61 lines, more than 60: give its parts names',
      'src/fhir/b.ts fits is not longer than others: take it off the list',
    ]);
  });

  test('a name with two meanings and a retired word are found', () => {
    const found: Tree = new Map([
      ['src/fhir/a.ts', `export const used = 1;`],
      ['src/referral/b.ts', `export type used = string; // Room`],
      ['src/ccda/write/c.ts', `export const used = 2; const room: Room = 1;`],
    ]);
    expect(sharedNames(found, {})).toEqual([
      'used is exported by src/fhir/a.ts and src/referral/b.ts: one name, one meaning',
    ]);
    expect(sharedNames(found, { used: 'listed', gone: 'not any more' })).toEqual([
      'gone is shared no more: take it off the list',
    ]);
    expect(retiredWords(found, { Room: 'OperationContext' })).toEqual([
      'src/ccda/write/c.ts:1 says Room: the word is OperationContext',
    ]);
  });

  test('an export that no other file names is found', () => {
    const found: Tree = new Map([
      ['src/fhir/a.ts', `export const used = 1;\nexport type Unused = string;`],
      ['src/fhir/b.ts', `import { used } from './a.ts'; // Unused`],
    ]);
    expect(deadExports(found)).toEqual(['src/fhir/a.ts:2 exports Unused, which nobody imports']);
  });

  test('a knot is more than a pair, or crosses folders; types count', () => {
    const pair: Tree = new Map([
      ['src/fhir/a.ts', `import './b.ts';`],
      ['src/fhir/b.ts', `import type { A } from './a.ts';`],
    ]);
    expect(knots(pair)).toEqual([]);
    const three: Tree = new Map([
      ['src/fhir/a.ts', `import './b.ts';`],
      ['src/fhir/b.ts', `import type { C } from './c.ts';`],
      ['src/fhir/c.ts', `import type { A } from './a.ts';`],
    ]);
    expect(knots(three)).toEqual(['3 files need each other: src/fhir/a.ts, src/fhir/b.ts, src/fhir/c.ts']);
    const across: Tree = new Map([
      ['src/fhir/a.ts', `import './x/b.ts';`],
      ['src/fhir/x/b.ts', `import type { A } from '../a.ts';`],
    ]);
    expect(knots(across)).toHaveLength(1);
  });

  test.each([
    [`const a = Date.now();`, 1],
    [`const a = new Date();`, 1],
    [`const a = new Date(ms);`, 0],
    [`// Date.now()\nconst a = 'Math.random';`, 0],
    [`const a = Math.random() + process.env.A;`, 2],
    [`import { randomUUID } from 'node:crypto';`, 1],
    [`performance.now(); console.log(1); fetch(url);`, 3],
    [`around.fetch(url);`, 0],
  ])('impurity: %j', (source, count) => {
    expect(rules.impurities(tree('src/operations/a.ts', source))).toHaveLength(count);
    expect(rules.impurities(tree('src/http/a.ts', source))).toEqual([]);
  });

  test.each([
    ['src/delivery/a.ts', `setTimeout(go, 10);`, 1],
    ['src/jobs/a.ts', `setInterval(go, 10); setImmediate(go);`, 2],
    ['src/inbound/a.ts', `AbortSignal.timeout(10);`, 1],
    ['src/delivery/a.ts', `timers.after(10, go); // setTimeout`, 0],
    ['src/http/a.ts', `setTimeout(go, 10);`, 0],
    ['src/http/a.ts', `setInterval(go, 10);`, 1],
    ['src/operations/turns.ts', `setImmediate(go);`, 0],
    ['src/operations/turns.ts', `go();`, 1],
  ])('timer: %s %j', (path, source, count) => {
    expect(rules.timers(tree(path, source))).toHaveLength(count);
  });

  test.each([
    ['src/fhir/index.ts', `/** All of it. */\nexport * from './a.ts';`, 0],
    ['src/resources/parts/index.ts', `export * from './a.ts';\nexport { b } from "./b.ts"`, 1],
    ['src/resources/parts/index.ts', `export * from './a.ts';\nexport const b = 1;`, 0],
  ])('barrel: %s %j', (path, source, count) => {
    expect(rules.barrels(tree(path, source))).toHaveLength(count);
  });

  test.each<[string, (files: Tree) => readonly string[], string, string]>([
    ['too long', rules.longFiles, 'src/fhir/a.ts', 'a;\n'.repeat(401)],
    ['an empty word', rules.emptyNames, 'src/http/request-handler.ts', ''],
    [
      'a socket of its own',
      rules.unguarded,
      'src/rails/fax/a.ts',
      `import { connect, type Socket } from 'node:net';`,
    ],
    ['a request of its own', rules.unguarded, 'src/http/a.ts', `await fetch(url);`],
    ['a datagram', rules.unguarded, 'src/http/a.ts', `import { createSocket } from 'node:dgram';`],
    [
      'a party by its own word',
      rules.believed,
      'src/operations/a.ts',
      `const query = { type: 'Organization', where: { kind: 'token', param: 'identifier', code } };`,
    ],
    ['a token read', rules.tokenReaders, 'src/operations/a.ts', `const at = payload['auth_time'];`],
    ['a token verified', rules.tokenReaders, 'src/http/a.ts', `import { jwtVerify as check } from 'joze';`],
    ['an empty folder name', rules.emptyNames, 'src/http/utils/a.ts', ''],
    ['not kebab-case', rules.emptyNames, 'src/http/requestBody.ts', ''],
    ['no opening', rules.unopened, 'src/fhir/a.ts', `import './b.ts';`],
    ['an opening that says nothing', rules.unopened, 'src/fhir/a.ts', `/** Types. */\n`],
    ['a test that runs alone', rules.skippedTests, 'test/a.test.ts', `test.only('a', () => {});`],
    ['a test that does not run', rules.skippedTests, 'test/a.test.ts', `describe.skip('a', () => {});`],
    ['a path of this machine', rules.outsideReferences, 'docs/a.md', 'see /work/notes'],
    ['a page beside the project', rules.outsideReferences, 'docs/a.md', 'see ../shared/a.md'],
    [
      'a type that is not registered',
      rules.unregistered,
      'src/resources/a.ts',
      `export const a: ResourceType = {};`,
    ],
    ['a tool with a package of its own', rules.wrongTools, 'tools/a.ts', `import 'left-pad';`],
    [
      'a rule that throws its refusal',
      rules.thrownRefusals,
      'src/referral/a.ts',
      `export const a = () => { throw refuse('x'); };`,
    ],
    ['a link to nowhere', (pages) => rules.brokenLinks(pages, () => false), 'docs/a.md', 'see [b](b.md#c)'],
  ])('%s', (_fault, rule, path, source) => {
    const found = rule(tree(path, source));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(path);
  });

  test.each([
    ['  readonly pricePerReferral: number;', true],
    ["    { name: 'closeloop_fee_total', help: '' },", true],
    ['  "id" : "Extension.extension:charge",', true],
    ['  "code" : "Money",', true],
    ['  // what it costs', false],
    ['  readonly discharged: boolean;', false],
  ])('a field of money: %j', (line, found) => expect(isOfMoney(line)).toBe(found));

  test('a link is looked for beside its page; code and the outside are not links', () => {
    const asked: string[] = [];
    const page = '[a](../README.md) [b](https://example.org/x) [c](#here)\n```\n[d](nowhere.md)\n```\n';
    rules.brokenLinks(tree('docs/how-to/a.md', page), (path) => asked.push(path) > 0);
    expect(asked).toEqual(['docs/README.md']);
  });
});
