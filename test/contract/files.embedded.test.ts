/** The laws of files in a data folder, and who may read them there. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from '@jest/globals';
import { backup, restore } from '../../src/stores/embedded/folder/backup.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { filesLaws, recordOf } from './files.ts';
import { commitOf, write } from './store-world.ts';

const MIB = 1024 * 1024;

filesLaws('files in a data folder', () => ({
  ...createEmbeddedWorld(),
  async damage(store, { id }, how) {
    const path = join((store as EmbeddedStore).folder, 'files', id);
    const bytes = readFileSync(path);
    if (how === 'take away') rmSync(path);
    else writeFileSync(path, bytes.fill((bytes[0] ?? 0) ^ 1, 0, 1));
  },
}));

test('a file and its folder are closed to others (baa-messaging MS8)', async () => {
  const world = createEmbeddedWorld();
  const store = await world.open();
  const { id } = await store.files.put(Readable.from([Buffer.from('a')]));
  const folder = join(store.folder, 'files');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, id)).mode & 0o777).toBe(0o600);
  await world.end();
});

describe('a backup', () => {
  const world = createEmbeddedWorld();
  afterAll(() => world.end());

  /** A store with a file that a commit names, and another that none does. */
  async function makeStore() {
    const store = await world.open();
    const bytes = randomBytes(MIB);
    const [file, orphan] = [
      await store.files.put(Readable.from([bytes])),
      await store.files.put(Readable.from([bytes])),
    ];
    await store.commit(commitOf([write('Task/a')], { records: [recordOf(file)] }));
    return { store, bytes, file, orphan };
  }

  test('has every file that is named, is proven, and is restored with them (rules 3.7)', async () => {
    const { store, bytes, file } = await makeStore();
    const [copy, restored] = [world.folder(), world.folder()];
    await backup(store.folder, copy);
    await restore(copy, restored);
    for (const folder of [copy, restored]) {
      expect(readdirSync(join(folder, 'files'))).toEqual([file.id]);
      expect(readFileSync(join(folder, 'files', file.id)).equals(bytes)).toBe(true);
      expect(statSync(join(folder, 'files', file.id)).mode & 0o777).toBe(0o600);
    }
    const again = await world.open({ folder: restored });
    expect((await again.verify()).filter(({ ok }) => !ok)).toEqual([]);
  });

  test.each(['altered', 'missing'] as const)('of a store with a file that is %s is refused', async (how) => {
    const { store, file } = await makeStore();
    const path = join(store.folder, 'files', file.id);
    if (how === 'missing') rmSync(path);
    else writeFileSync(path, randomBytes(MIB));
    await expect(backup(store.folder, world.folder())).rejects.toThrow(`the file ${file.id} is ${how}`);
  });

  test('that was damaged restores nothing that a server would start on', async () => {
    const { store, file } = await makeStore();
    const [copy, restored] = [world.folder(), world.folder()];
    await backup(store.folder, copy);
    rmSync(join(copy, 'files', file.id));
    await expect(restore(copy, restored)).rejects.toThrow('is missing');
    await expect(world.open({ folder: restored })).rejects.toThrow('was cut off');
  });
});
