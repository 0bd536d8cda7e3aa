/** The laws of the store for the engine whose log is in MongoDB: every reopening and every crash on an empty folder. */
import { describeJudged } from '../judges.ts';
import { createMongoWorld } from './mongo-world.ts';
import { storeLaws } from './store.ts';

describeJudged('mongodb', 'mongodb, writer in a thread', (uri) =>
  storeLaws('its laws', () => createMongoWorld(uri)),
);
