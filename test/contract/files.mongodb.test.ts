/** The laws of files in a database. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { Binary } from 'mongodb';
import { describeJudged } from '../judges.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { filesLaws, readAll, recordOf } from './files.ts';
import { moveIn, moveOut } from './mongo-moving.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, write } from './store-world.ts';

interface Part {
  readonly _id: string;
  readonly file: string;
  readonly t: Binary;
}

describeJudged('mongodb', 'files in a database', (uri) => {
  filesLaws('its laws', () => {
    const world = createMongoWorld(uri);
    return {
      ...world,
      async damage(store, { id }, how) {
        const parts = world.db(world.databaseOf(store)).collection<Part>('file');
        const _id = `${id}/000000`;
        if (how === 'take away') {
          await parts.deleteMany({ file: id });
          return;
        }
        const found = await parts.findOne({ _id });
        if (found === null) throw new Error(`there is no part ${_id}`);
        const bytes = Buffer.from(found.t.buffer);
        await parts.updateOne({ _id }, { $set: { t: new Binary(bytes.fill((bytes[0] ?? 0) ^ 1, 0, 1)) } });
      },
    };
  });

  test('move in from a folder, and out into another', async () => {
    const [world, folders] = [createMongoWorld(uri), createEmbeddedWorld()];
    const bytes = randomBytes(3 * 1024 * 1024 + 1);
    const inFolder = await folders.open();
    const file = await inFolder.files.put(Readable.from([bytes]));
    await inFolder.commit(commitOf([write('Task/a')], { records: [recordOf(file)] }));
    await inFolder.close();
    const [database, folder, target] = [world.database(), world.folder(), folders.folder()];
    await moveIn(uri, inFolder.folder, database);
    const node = await world.open({ database, folder });
    expect((await node.verify()).filter(({ ok }) => !ok)).toEqual([]);
    expect(await readAll(await node.snapshot().openFile(file))).toEqual(bytes);
    await node.close();
    await moveOut(uri, database, { folder, target });
    expect(readFileSync(join(target, 'files', file.id))).toEqual(bytes);
    await world.end();
    await folders.end();
  });
});
