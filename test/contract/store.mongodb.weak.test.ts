/** The laws on the weakest server that speaks the protocol: no sessions, no change streams, no transactions. */
import { describeJudged } from '../judges.ts';
import { proofOf } from '../proof.ts';
import { createMongoWorld } from './mongo-world.ts';
import { storeLaws } from './store.ts';

const proof = proofOf('mongodb-weak');

describeJudged(
  'mongodb_weak',
  'mongodb, on the weakest server',
  (uri) => {
    for (let run = 1; run <= proof.runs; run += 1)
      storeLaws(`its laws, run ${run}`, () => createMongoWorld(uri, { writer: 'turn' }));
  },
  proof,
);
