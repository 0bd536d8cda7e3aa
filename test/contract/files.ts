/** The laws of the port Files, for every engine that keeps any. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { FileLost, FileTooLarge, type Files, type StoredFile } from '../../src/ports/files.ts';
import type { RecordWrite } from '../../src/ports/record.ts';
import type { Finding, Store } from '../../src/ports/store.ts';
import { FILE_KIND } from '../../src/ports/stored-file.ts';
import { commitOf, write, type StoreWorld } from './store-world.ts';

const MIB = 1024 * 1024;

/** Bytes in pieces of odd lengths, as a connection brings them. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 65_521) yield bytes.subarray(from, from + 65_521);
}

/** All that comes. */
export async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const read = async (files: Files, ...given: Parameters<Files['open']>): Promise<Buffer> =>
  readAll(await files.open(...given));

const listed = async (files: Files): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const { id } of files.list()) ids.push(id);
  return ids;
};

const ofFiles = ({ says }: Finding): boolean => says.includes('files of large Binaries');

async function* broken(): AsyncGenerator<Uint8Array> {
  yield* inPieces(randomBytes(2 * MIB));
  throw new TypeError('broken off');
}

/** The record of a file, as the commit of its Binary has it. */
export const recordOf = ({ id: key, size, sha256 }: StoredFile): RecordWrite => ({
  kind: FILE_KIND,
  key,
  expect: 'absent',
  body: { ref: 'Binary/a', size, sha256 },
});

/** How an engine's files are damaged from outside. */
export interface FilesWorld extends StoreWorld {
  /** Changes one byte of a file, or takes it away. */
  damage(store: Store, file: StoredFile, how: 'change' | 'take away'): Promise<void>;
}

export function filesLaws(name: string, createWorld: () => FilesWorld): void {
  describe(`the laws of files: ${name}`, () => {
    const world = createWorld();
    afterAll(() => world.end());

    test('law 1: what was put survives a crash of the process (baa-messaging MS8)', async () => {
      const store = await world.open();
      const bytes = randomBytes(3 * MIB + 17);
      const file = await store.files.put(inPieces(bytes));
      expect(file).toMatchObject({
        size: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
      const after = await world.crash(store);
      expect((await read(after.files, file)).equals(bytes)).toBe(true);
    });

    test.each([
      ['is too large', 100_000, FileTooLarge],
      ['breaks off', Infinity, TypeError],
    ] as const)('law 2: of what %s nothing stays (baa-messaging MS8)', async (_, bytesMax, error) => {
      const { files } = await world.open();
      await expect(files.put(broken(), { bytesMax })).rejects.toThrow(error);
      expect(await listed(files)).toEqual([]);
    });

    test('law 2: as many bytes as may come are taken, and one more is not', async () => {
      const { files } = await world.open();
      const bytes = randomBytes(200_000);
      await expect(files.put(inPieces(bytes), { bytesMax: 199_999 })).rejects.toThrow(FileTooLarge);
      expect(await files.put(inPieces(bytes), { bytesMax: 200_000 })).toMatchObject({ size: 200_000 });
    });

    test.each([
      ['change', 'altered'],
      ['take away', 'missing'],
    ] as const)('law 3: the reading of a file fails that somebody did %s', async (how, why) => {
      const store = await world.open();
      const bytes = randomBytes(MIB + 5);
      const file = await store.files.put(inPieces(bytes));
      await world.damage(store, file, how);
      const got: Uint8Array[] = [];
      const reading = (async () => {
        for await (const chunk of await store.files.open(file)) got.push(chunk);
      })();
      await expect(reading).rejects.toMatchObject({ why });
      await expect(reading).rejects.toThrow(FileLost);
      expect(Buffer.concat(got).length).toBeLessThan(bytes.length);
    });

    test('law 3: a part is those bytes and no others', async () => {
      const { files } = await world.open();
      const bytes = randomBytes(2 * MIB + 3);
      const file = await files.put(inPieces(bytes));
      for (const [from, to] of [
        [0, 1],
        [MIB - 1, MIB + 1],
        [bytes.length - 2, bytes.length],
        [7, bytes.length],
      ] as const) {
        expect((await read(files, file, { from, to })).equals(bytes.subarray(from, to))).toBe(true);
      }
    });

    test('law 4: two files of the same bytes are two', async () => {
      const { files } = await world.open();
      const bytes = randomBytes(1000);
      const [one, other] = [await files.put(inPieces(bytes)), await files.put(inPieces(bytes))];
      await files.remove(one.id);
      expect((await read(files, other)).equals(bytes)).toBe(true);
    });

    test('law 5: a removed file is gone, and may be removed again', async () => {
      const { files } = await world.open();
      const file = await files.put(inPieces(randomBytes(1000)));
      await files.remove(file.id);
      await files.remove(file.id);
      await expect(files.open(file)).rejects.toMatchObject({ why: 'missing' });
    });

    test('law 6: every file is listed, with its time', async () => {
      const { files } = await world.open();
      const before = Date.now();
      const ids = [];
      for (let n = 0; n < 3; n += 1) ids.push((await files.put(inPieces(randomBytes(10)))).id);
      expect((await listed(files)).toSorted()).toEqual(ids.toSorted());
      for await (const { at } of files.list()) expect(Math.abs(at - before)).toBeLessThan(60_000);
    });

    test('the store examines the files that its records name', async () => {
      const store = await world.open();
      const file = await store.files.put(inPieces(randomBytes(MIB)));
      await store.commit(commitOf([write('Task/a')], { records: [recordOf(file)] }));
      expect((await store.verify()).filter(ofFiles)).toMatchObject([{ ok: true }]);
      await world.damage(store, file, 'change');
      const [found] = (await store.verify()).filter((one) => !one.ok);
      expect(found?.says).toContain(`${file.id} (altered)`);
    });
  });
}
