/** Labels the resources of a stopped server by the tables of this program. */
import { randomUUID } from 'node:crypto';
import { createLog } from '../../src/http/log.ts';
import { relabel } from '../../src/operations/relabel.ts';
import { openConfiguredStore } from '../../src/server/compose-store.ts';
import type { Config } from '../../src/server/config.ts';
import { clock } from '../../src/server/time.ts';

export async function relabelStore(config: Config): Promise<void> {
  const log = createLog(
    'warn',
    (lines) => process.stderr.write(lines),
    () => clock.now(),
  );
  const store = await openConfiguredStore(config, {}, { log });
  try {
    const { seen, labelled, left } = await relabel({ store, clock, newId: randomUUID });
    console.log(`${labelled} of ${seen} resources have new labels`);
    if (left > 0) console.log(`${left} deliveries left without them: see the work items of kind incident`);
  } finally {
    await store.close();
  }
}
