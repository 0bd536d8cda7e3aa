/** Labels the resources of a stopped server by the tables of this program. */
import { randomUUID } from 'node:crypto';
import { relabel } from '../../src/operations/relabel.ts';
import type { Config } from '../../src/server/config.ts';
import { clock } from '../../src/server/time.ts';
import { withStore } from './with-store.ts';

export const relabelStore = (config: Config): Promise<void> =>
  withStore(
    config,
    async (store) => {
      const { seen, labelled, left } = await relabel({ store, clock, newId: randomUUID });
      console.log(`${labelled} of ${seen} resources have new labels`);
      if (left > 0) console.log(`${left} deliveries left without them: see the work items of kind incident`);
    },
    { mayBeNew: true },
  );
