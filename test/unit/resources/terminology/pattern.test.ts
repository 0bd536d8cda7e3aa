/** Expressions of filters: alike JavaScript's where both know them, refused where ours does not, and never slow. */
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../../chance.ts';
import { compilePattern } from '../../../../src/resources/terminology/pattern.ts';

const free = (): void => undefined;

const piece: fc.Arbitrary<string> = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      'a',
      'b',
      '1',
      '.',
      '[ab]',
      '[^a]',
      '[a-c1]',
      String.raw`\d`,
      String.raw`\w`,
      String.raw`\.`,
      '-',
    ),
    fc
      .tuple(tie('tree'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}'))
      .map(([inner, sign]) => `(?:${inner})${sign}`),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a}|${b})`),
  ),
})).tree;

test('it is what JavaScript says of the whole text', () => {
  fc.assert(
    fc.property(
      piece,
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', '-'), maxLength: 6 }),
      (source, text) => {
        const pattern = compilePattern(source);
        fc.pre(pattern !== undefined);
        expect(pattern?.matches(text, free)).toBe(new RegExp(`^(?:${source})$`, 's').test(text));
      },
    ),
    { numRuns: 2000 },
  );
});

describe('what is no expression of ours', () => {
  test.each([
    '(a',
    'a)',
    '[a',
    '*',
    'a**',
    'a{2',
    'a{3,1}',
    '(?=a)',
    '(?<x>a)',
    String.raw`\1`,
    String.raw`\b`,
    'a$b',
    '[]',
    '[b-a]',
    `(${'('.repeat(50)}a${')'.repeat(50)})`,
    'a{999}',
    `(${'a{100}'.repeat(10)})`,
    'a'.repeat(300),
  ])('%s', (source) => {
    expect(compilePattern(source)).toBeUndefined();
  });
});

test.each(['(a+)+b', '(a|a)*b', '(a*)*b', '([a-z]+)*1', '(.*.*.*)x'])(
  '%s takes no longer than it must',
  (source) => {
    const started = performance.now();
    let spent = 0;
    const pattern = compilePattern(source);
    expect(pattern?.matches('a'.repeat(5000), (work) => (spent += work))).toBe(false);
    expect(spent).toBeLessThan(5000 * 40);
    expect(performance.now() - started).toBeLessThan(1000);
  },
);
