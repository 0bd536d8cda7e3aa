/** The file of breached passwords, searched by halves: each line is found, and nothing else. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openBreachedPasswords } from '../../../src/server/breached-passwords.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'closeloop-breached-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha1 = (word: string): string => createHash('sha1').update(word).digest('hex').toUpperCase();
const fileOf = (lines: readonly string[], end: string): string => {
  const path = join(folder, 'breached.txt');
  writeFileSync(path, lines.map((line) => `${line}${end}`).join(''));
  return path;
};
const WORDS = Array.from({ length: 300 }, (_, i) => `word ${i}`);
const HASHES = WORDS.map(sha1).toSorted((a, b) => (a < b ? -1 : 1));

describe('the file of breached passwords', () => {
  test.each<[string, string, (hash: string, i: number) => string]>([
    ['as it is published', '\r\n', (hash, i) => `${hash}:${i * i}`],
    ['without counts', '\n', (hash) => hash],
    ['in lower case', '\n', (hash) => hash.toLowerCase()],
  ])('(identity ID-23) %s: every line is found, and nothing else', async (_name, end, line) => {
    const file = await openBreachedPasswords(fileOf(HASHES.map(line), end));
    const found = await Promise.all(WORDS.map((word) => file.has(sha1(word))));
    expect(found.filter((one) => !one)).toEqual([]);
    const others = await Promise.all(WORDS.map((word) => file.has(sha1(`not ${word}`))));
    expect(others.filter((one) => one)).toEqual([]);
    const ends = await Promise.all(['0'.repeat(40), 'F'.repeat(40)].map((hash) => file.has(hash)));
    expect(ends).toEqual([false, false]);
    await file.close();
  });

  test('a file of one line, with no end of line', async () => {
    const file = await openBreachedPasswords(fileOf([sha1('a')], ''));
    expect(await file.has(sha1('a'))).toBe(true);
    expect(await file.has(sha1('b'))).toBe(false);
    await file.close();
  });

  test('another file is refused when the server starts', async () => {
    await expect(openBreachedPasswords(fileOf(['hello'], '\n'))).rejects.toThrow(
      'does not begin with a SHA-1',
    );
    await expect(openBreachedPasswords(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });
});
