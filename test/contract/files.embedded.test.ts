/** The laws of files in a data folder, and who may read them there. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { filesLaws } from './files.ts';

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
