/** Archives that somebody made to harm a reader, or by accident: each ends with its word, and nothing throws (direct-xdm 7, 11). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { PackageFaultCode } from '../../../../src/direct/xdm/faults.ts';
import { PACKAGE_LIMITS, readXdm, type PackageLimits } from '../../../../src/direct/xdm/read-package.ts';
import * as fc from '../../../chance.ts';
import { largeEnd, largeField, numbers, unpack, zipOf, type Part } from './archives.ts';

const FIXTURE = readFileSync(join(import.meta.dirname, '../../../fixtures/direct/ACCEPT.ZIP'));
const METADATA = 'IHE_XDM/SUBSET01/METADATA.XML';
const UNPACKED = await unpack(FIXTURE);
const FILES: readonly Part[] = [...UNPACKED].map(([name, bytes]) => ({ name, bytes }));

const more = (...parts: readonly Part[]): Buffer => zipOf([...FILES, ...parts]);
const TEXT = Buffer.from('a text');
const ZEROS = Buffer.alloc(3_000_000);

/** The files, the metadata with another header. */
const otherwise = (change: Omit<Part, 'name'>): Buffer =>
  zipOf(FILES.map((part) => (part.name === METADATA ? { ...part, ...change } : part)));

const smaller = (limits: Partial<PackageLimits>): PackageLimits => ({ ...PACKAGE_LIMITS, ...limits });

const file = (name: string | Buffer, bytes: Uint8Array = TEXT): Part => ({ name, bytes });

const SYMLINK = 0xa1ff;
const DEVICE = 0x21b6;
const PIPE = 0x11b6;

const HOSTILE: readonly (readonly [
  name: string,
  bytes: () => Uint8Array,
  code: PackageFaultCode,
  limits?: PackageLimits,
])[] = [
  ['nothing', () => Buffer.alloc(0), 'not-a-package'],
  ['a text', () => TEXT, 'not-a-package'],
  [
    'an archive of another kind',
    () => Buffer.from('7z\u00bc\u00af\u0027\u001c'.padEnd(300, ' '), 'latin1'),
    'not-a-package',
  ],
  ['one that is cut off', () => FIXTURE.subarray(0, FIXTURE.length - 1), 'not-a-package'],
  ['one that is cut off in front', () => FIXTURE.subarray(10), 'inconsistent'],
  ['one with a program in front', () => Buffer.concat([Buffer.alloc(100, 1), FIXTURE]), 'inconsistent'],
  ['bytes behind the end', () => zipOf(FILES, { after: Buffer.from('more') }), 'not-a-package'],
  ['bytes before the end', () => zipOf(FILES, { before: Buffer.from('more') }), 'inconsistent'],
  ['a second end in the comment', () => zipOf(FILES, { comment: endOnly() }), 'inconsistent'],
  ['an empty archive', () => zipOf([]), 'no-metadata'],
  ['another disk', () => zipOf(FILES, { disk: 1 }), 'inconsistent'],
  ['more rows than there are', () => zipOf(FILES, { entries: FILES.length + 1 }), 'inconsistent'],
  ['fewer rows than there are', () => zipOf(FILES, { entries: FILES.length - 1 }), 'inconsistent'],
  ['fewer rows on this disk', () => zipOf(FILES, { here: 1 }), 'inconsistent'],
  ['a directory elsewhere', () => zipOf(FILES, { start: 0 }), 'inconsistent'],
  ['a directory behind the end', () => zipOf(FILES, { start: 0x7fffffff }), 'inconsistent'],
  ['a longer directory', () => zipOf(FILES, { size: 0xfffffff0 }), 'inconsistent'],

  ['a larger archive', () => FIXTURE, 'too-large', smaller({ bytes: FIXTURE.length - 1 })],
  ['more files', () => more(...Array.from({ length: 200 }, (_, at) => file(`F${at}.TXT`))), 'too-many-files'],
  [
    'a bomb that says so',
    () => more(file('BOMB.TXT', ZEROS)),
    'too-large',
    smaller({ expandedBytes: 2_000_000 }),
  ],
  [
    'many small ones that are large together',
    () => more(file('A', ZEROS), file('B', ZEROS)),
    'too-large',
    smaller({ expandedBytes: 5_000_000 }),
  ],
  [
    'a bomb in the metadata that says less',
    () => otherwise({ bytes: ZEROS, central: { size: 10 }, local: { size: 10 } }),
    'inconsistent',
  ],
  [
    'metadata that say more',
    () => otherwise({ central: { size: 99_999 }, local: { size: 99_999 } }),
    'inconsistent',
  ],
  ['large metadata', () => otherwise({ bytes: ZEROS }), 'too-large', smaller({ metadataBytes: 1_000_000 })],
  ['a size that is 4 GB', () => more({ ...file('A'), central: { size: 0xfffffffe } }), 'inconsistent'],
  [
    'a size that is 4 GB in both places',
    () => more({ ...file('A'), central: { size: 0xfffffffe }, local: { size: 0xfffffffe } }),
    'too-large',
  ],
  [
    'a stored file of another size',
    () => more({ ...file('A'), stored: true, central: { size: 3 }, local: { size: 3 } }),
    'inconsistent',
  ],

  ['a way up', () => more(file('../EVIL.TXT')), 'unsafe-name'],
  ['a way up in the middle', () => more(file('IHE_XDM/../../EVIL.TXT')), 'unsafe-name'],
  ['a way up with backslashes', () => more(file('IHE_XDM\\..\\..\\EVIL.TXT')), 'unsafe-name'],
  ['a way that leads back', () => more(file('IHE_XDM/../X.TXT')), 'unsafe-name'],
  ['an absolute path', () => more(file('/etc/passwd')), 'unsafe-name'],
  ['a share', () => more(file('\\\\host\\share\\X')), 'unsafe-name'],
  ['a drive', () => more(file('C:\\X.TXT')), 'unsafe-name'],
  ['a drive without a slash', () => more(file('c:X.TXT')), 'unsafe-name'],
  ['no name', () => more(file('')), 'unsafe-name'],
  ['a name of dots', () => more(file('./.')), 'unsafe-name'],
  ['a zero byte', () => more(file('X.TXT\0.EXE')), 'unsafe-name'],
  ['a line end', () => more(file('X\r\n.TXT')), 'unsafe-name'],
  ['a long name', () => more(file('X'.repeat(600))), 'unsafe-name'],
  ['a deep name', () => more(file(`${'a/'.repeat(17)}X`)), 'unsafe-name'],

  ['the same name', () => more(file('X.TXT'), file('X.TXT')), 'duplicate-name'],
  ['the same name in other letters', () => more(file('X.TXT'), file('x.txt')), 'duplicate-name'],
  ['the same metadata in other letters', () => more(file('ihe_xdm/subset01/metadata.xml')), 'duplicate-name'],
  ['the same name in another form', () => more(file('caf\u00e9'), file('cafe\u0301')), 'duplicate-name'],
  ['the same name in wide letters', () => more(file('\uff38.TXT'), file('X.TXT')), 'duplicate-name'],
  ['the same name with a long s', () => more(file('SET\u017f'), file('sets')), 'duplicate-name'],
  ['the same name with a sharp s', () => more(file('STRASSE'), file('stra\u00dfe')), 'duplicate-name'],
  ['the same name with a dot behind', () => more(file('X.TXT'), file('X.TXT.')), 'duplicate-name'],
  ['the same name with a backslash', () => more(file('A/X'), file('A\\X')), 'duplicate-name'],
  ['the same name with a detour', () => more(file('A/X'), file('A/./X')), 'duplicate-name'],
  ['a file and a folder of one name', () => more(file('A'), { name: 'A/', stored: true }), 'duplicate-name'],

  [
    'a symbolic link',
    () => more({ ...file('LINK', Buffer.from('/etc/passwd')), mode: SYMLINK }),
    'unsafe-file',
  ],
  ['a device', () => more({ ...file('DEV'), mode: DEVICE }), 'unsafe-file'],
  ['a pipe', () => more({ ...file('PIPE'), mode: PIPE }), 'unsafe-file'],
  ['a folder with bytes', () => more({ name: 'A/', bytes: TEXT }), 'inconsistent'],

  ['an encrypted file', () => more({ ...file('A'), flags: 0x01 }), 'encrypted'],
  ['a strongly encrypted file', () => more({ ...file('A'), flags: 0x41 }), 'encrypted'],
  ['masked headers', () => more({ ...file('A'), flags: 0x2000 }), 'encrypted'],
  ['patches', () => more({ ...file('A'), flags: 0x20 }), 'compression-unknown'],
  ['LZMA', () => more({ ...file('A'), method: 14 }), 'compression-unknown'],
  ['AES of a maker', () => more({ ...file('A'), method: 99 }), 'compression-unknown'],

  [
    'another name beside the file',
    () => otherwise({ local: { name: 'IHE_XDM/SUBSET01/METADATA.XMX' } }),
    'inconsistent',
  ],
  ['another size beside the file', () => otherwise({ local: { size: 7 } }), 'inconsistent'],
  [
    'another compressed size beside the file',
    () => otherwise({ local: { compressedSize: 7 } }),
    'inconsistent',
  ],
  ['another check sum beside the file', () => otherwise({ local: { crc: 7 } }), 'inconsistent'],
  ['another method beside the file', () => otherwise({ local: { method: 0 } }), 'inconsistent'],
  ['other flags beside the file', () => otherwise({ local: { flags: 1 } }), 'inconsistent'],
  [
    'a wrong check sum in both places',
    () => otherwise({ central: { crc: 7 }, local: { crc: 7 } }),
    'inconsistent',
  ],
  ['no file where it should be', () => otherwise({ at: 5 }), 'inconsistent'],
  ['a file in the directory', () => otherwise({ at: 0x7ffffff0 }), 'inconsistent'],
  ['a file that reaches into the directory', () => intoDirectory(), 'inconsistent'],
  ['files that overlap', () => overlapping(), 'inconsistent'],
  ['a file within a file', () => nested(), 'inconsistent'],
  [
    'what is no compressed text',
    () => otherwise({ stored: true, method: 8, central: { size: 7 }, local: { size: 7 } }),
    'inconsistent',
  ],

  ['ZIP64 without its field', () => otherwise({ central: { size: 0xffffffff } }), 'inconsistent'],
  [
    'ZIP64 with half a field',
    () => otherwise({ central: { size: 0xffffffff }, extra: numbers([1, 2], [4, 2], [5, 4]) }),
    'inconsistent',
  ],
  [
    'ZIP64 with a field that is cut off',
    () => otherwise({ central: { size: 0xffffffff }, extra: numbers([1, 2], [8, 2], [5, 4]) }),
    'inconsistent',
  ],
  [
    'a size of 2^63',
    () => otherwise({ central: { size: 0xffffffff }, extra: largeField(1n << 63n) }),
    'inconsistent',
  ],
  [
    'a size of 2^40 that both places know',
    () =>
      more({
        ...file('A'),
        central: { size: 0xffffffff },
        local: { size: 0xffffffff },
        extra: largeField(1n << 40n),
      }),
    'too-large',
  ],
  ['an end of ZIP64 that has another number', () => zipOf(FILES, { large: { entries: 1n } }), 'inconsistent'],
  [
    'an end of ZIP64 that has another place',
    () => zipOf(FILES, { start: 0xffffffff, large: { start: 0n } }),
    'inconsistent',
  ],
  ['an end of ZIP64 that is longer', () => zipOf(FILES, { large: { length: 60n } }), 'inconsistent'],
  ['an end of ZIP64 on another disk', () => zipOf(FILES, { large: { disk: 1 } }), 'inconsistent'],
  ['a locator that points to another end', () => twoLargeEnds(), 'inconsistent'],
  ['a locator that points nowhere', () => zipOf(FILES, { large: { at: 1n << 50n } }), 'inconsistent'],
  ['a locator that points into a file', () => zipOf(FILES, { large: { at: 0n } }), 'inconsistent'],
];

/** Only the end of an archive, for a comment. */
const endOnly = (): Buffer => zipOf([]);

/** A file that says to be as long as to reach into the next one. */
function overlapping(): Buffer {
  const long = { compressedSize: 40, size: 40 };
  return zipOf([
    { ...file('A'), stored: true, central: long, local: long },
    { ...file('B'), stored: true },
  ]);
}

/** The last file says to be as long as to reach into the directory. */
function intoDirectory(): Buffer {
  const long = { compressedSize: 40, size: 40 };
  return zipOf([...FILES, { ...file('Z'), stored: true, central: long, local: long }]);
}

/** An end of ZIP64 in the bytes of the first file, which the locator names; the other stands where it should. */
function twoLargeEnds(): Buffer {
  const first = (bytes: Uint8Array): Part => ({ name: 'END', bytes, stored: true });
  const length = largeEnd({}, 0, 0, 0).length;
  const plain = zipOf([first(Buffer.alloc(length)), ...FILES]);
  const at = 30 + 'END'.length;
  const start = plain.readUInt32LE(plain.length - 6);
  const size = plain.readUInt32LE(plain.length - 10);
  const end = largeEnd({}, FILES.length + 1, size, start);
  return zipOf([first(end), ...FILES], { large: { at: BigInt(at) } });
}

/** A row for a file that stands in the bytes of another. */
function nested(): Buffer {
  const inner = zipOf([{ ...file('IN'), stored: true }]);
  const before = 30 + 'OUT'.length;
  return zipOf([
    { name: 'OUT', bytes: inner, stored: true },
    { ...file('IN'), stored: true, at: before },
  ]);
}

describe('hostile archives (direct-xdm 7, 11)', () => {
  test.each(HOSTILE)('%s', async (_name, bytes, code, limits = PACKAGE_LIMITS) => {
    expect(await readXdm(bytes(), limits)).toMatchObject({
      kind: 'fault',
      fault: { code, weight: 'reject' },
    });
  });

  test('none of the rows is one because of what its files are', async () => {
    const all = [zipOf(FILES), more(file('EXTRA.TXT')), otherwise({ stored: true })];

    for (const bytes of all) expect(await readXdm(bytes)).toMatchObject({ kind: 'package' });
  });
});

describe('archives that others write', () => {
  test.each<readonly [string, () => Uint8Array]>([
    [
      'sizes behind the bytes',
      () => otherwise({ flags: 0x08, local: { crc: 0, size: 0, compressedSize: 0 } }),
    ],
    ['names in UTF-8', () => more({ ...file('M\u00fcller.TXT'), flags: 0x0800 })],
    ['names in another character set', () => more(file(Buffer.from('M\u00fcller.TXT', 'latin1')))],
    [
      'folders with rows of their own',
      () => more({ name: 'IHE_XDM/', stored: true }, { name: 'IHE_XDM/', stored: true }),
    ],
    ['folders with the mode of Unix', () => more({ name: 'IHE_XDM/', stored: true, mode: 0x41ed })],
    ['a comment', () => zipOf(FILES, { comment: Buffer.from('made by hand') })],
    ['an archive in the archive, which is a file', () => more(file('MORE.ZIP', zipOf([file('../X')])))],
    [
      'a bomb that nobody asks for',
      () => more({ ...file('BOMB', ZEROS), central: { size: 5 }, local: { size: 5 } }),
    ],
    [
      'sizes of ZIP64',
      () => {
        const size = BigInt(UNPACKED.get(METADATA)?.length ?? 0);
        return otherwise({
          central: { size: 0xffffffff },
          local: { size: 0xffffffff },
          extra: largeField(size),
        });
      },
    ],
    ['an end of ZIP64', () => zipOf(FILES, { large: {} })],
    [
      'an end of ZIP64 that is needed to read the other',
      () => zipOf(FILES, { entries: 0xffff, start: 0xffffffff, size: 0xffffffff, large: {} }),
    ],
  ])('%s', async (_name, bytes) => {
    expect(await readXdm(bytes())).toMatchObject({
      kind: 'package',
      submission: { documents: [{ kind: 'message' }] },
    });
  });
});

test('no bytes make the reader throw (direct-xdm 7)', async () => {
  const { length } = FIXTURE;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.option(fc.nat(length), { nil: length }),
      async (changes, cut) => {
        const bytes = Buffer.from(FIXTURE.subarray(0, cut));
        for (const [at, value] of changes) if (at < cut) bytes.writeUInt8(value, at);
        expect(['package', 'fault']).toContain((await readXdm(bytes)).kind);
      },
    ),
    { numRuns: 500 },
  );
});

test('nor do random bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      expect((await readXdm(bytes)).kind).toBe('fault');
    }),
  );
});
