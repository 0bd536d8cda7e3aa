/** The laws of files in a database. */
import { Binary } from 'mongodb';
import { describeJudged } from '../judges.ts';
import { filesLaws } from './files.ts';
import { createMongoWorld } from './mongo-world.ts';

interface Part {
  readonly _id: string;
  readonly file: string;
  readonly t: Binary;
}

describeJudged('mongodb', 'files in a database', (uri) =>
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
  }),
);
