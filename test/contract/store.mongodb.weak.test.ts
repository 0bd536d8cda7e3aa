/** The laws on the weakest server that speaks the protocol: no sessions, no change streams, no transactions. */
import { describeJudged } from '../judges.ts';
import { createMongoWorld } from './mongo-world.ts';
import { storeLaws } from './store.ts';

describeJudged('mongodb_weak', 'mongodb, on the weakest server', (uri) =>
  storeLaws('its laws', () => createMongoWorld(uri, { writer: 'turn' })),
);
