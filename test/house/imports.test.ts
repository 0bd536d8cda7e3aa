/** The scanner that the house rules rest on: what counts as an import, and what only looks like one. */
import { describe, expect, test } from '@jest/globals';
import { blank, lineAt, listImports } from './imports.ts';

const short = (source: string) =>
  listImports(source).map(
    ({ kind, typeOnly, specifier }) => `${kind}${typeOnly ? ' type' : ''} ${specifier ?? '?'}`,
  );

describe('what is an import', () => {
  test.each([
    [`import a from './a.ts';`, ['import ./a.ts']],
    [`import './a.ts';`, ['import ./a.ts']],
    [`import "./a.ts"`, ['import ./a.ts']],
    [`import { a, b as c } from './a.ts';`, ['import ./a.ts']],
    [`import {\n  a,\n  // why\n  b,\n} from './a.ts';`, ['import ./a.ts']],
    [`import * as a from './a.ts';`, ['import ./a.ts']],
    [`import a, { b } from './a.ts';`, ['import ./a.ts']],
    [`import type { A } from './a.ts';`, ['import type ./a.ts']],
    [`import type A from './a.ts';`, ['import type ./a.ts']],
    [`import type * as A from './a.ts';`, ['import type ./a.ts']],
    [`import { type A } from './a.ts';`, ['import ./a.ts']],
    [`import type from './a.ts';`, ['import ./a.ts']],
    [`import type, { b } from './a.ts';`, ['import ./a.ts']],
    [`import text from './a.json' with { type: 'json' };`, ['import ./a.json']],
    [`export { a } from './a.ts';`, ['export ./a.ts']],
    [`export * from './a.ts';`, ['export ./a.ts']],
    [`export * as a from './a.ts';`, ['export ./a.ts']],
    [`export type { A } from './a.ts';`, ['export type ./a.ts']],
    [`export type * from './a.ts';`, ['export type ./a.ts']],
    [`const a = await import('./a.ts');`, ['dynamic ./a.ts']],
    [`const a = await import(name);`, ['dynamic ?']],
    ['const a = await import(`./${name}.ts`);', ['dynamic ?']],
    [`type A = import('./a.ts').A;`, ['dynamic ./a.ts']],
    [`const a = require("a");`, ['dynamic a']],
    [`new Worker(new URL('./worker.ts', import.meta.url))`, ['url ./worker.ts']],
    [`import a from 'a'; import b from 'b';\nimport c from 'c';`, ['import a', 'import b', 'import c']],
    ['const a = `${await import("./a.ts")}`;', ['dynamic ./a.ts']],
  ])('%j', (source, expected) => {
    expect(short(source)).toEqual(expected);
  });
});

describe('what only looks like one', () => {
  test.each([
    [`// import a from './a.ts'`],
    [`/* import a from './a.ts' */`],
    [`/** @see import('./a.ts') */`],
    [`const a = "import b from './b.ts'";`],
    ["const a = `import b from './b.ts'`;"],
    ["const a = `${1}import b from './b.ts'`;"],
    ["const a = `${{ b: 1 }.b} import './b.ts'`;"],
    [`const a = /import '.\\/b.ts'/;`],
    [`const a = /['"]/; // import './b.ts'`],
    [`const a = x.import('./b.ts');`],
    [`const important = 'a';`],
    [`export const a = 'from';`],
    [`export { a };\nconst from = 'b';`],
    [`const a = import.meta.url;`],
    [`new URL('./a', base)`],
    [`const half = size / 2; const s = 'import "b"';`],
  ])('%j', (source) => {
    expect(short(source)).toEqual([]);
  });
});

describe('blanking', () => {
  test.each([
    [`a // b`, `a     `],
    [`a /* b\nc */ d`, `a     \n     d`],
    [`'a\\'b' c`, `'    ' c`],
    ['`a${b}c`', '` ${b} `'],
    ['`a${`b`}c`', '` ${` `} `'],
    [`a / b / c`, `a / b / c`],
    [`(/a'b/)`, `(/   /)`],
    [`/[/']/ + "x"`, `/    / + " "`],
  ])('%j', (source, expected) => {
    expect(blank(source)).toBe(expected);
  });

  test('keeps positions, so that lines can be named', () => {
    const source = `/* one\ntwo */\n\nimport './a.ts';`;
    expect(blank(source)).toHaveLength(source.length);
    expect(listImports(source)).toMatchObject([{ line: 4 }]);
    expect(lineAt(source, 0)).toBe(1);
  });
});
