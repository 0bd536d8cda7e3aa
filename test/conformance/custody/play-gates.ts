/** A life with kinds of parties, labels, notes and Consents, played in a world beside its oracle. */
import { expect } from '@jest/globals';
import type { World } from '../../world.ts';
import { GATE_MOVES, giveKinds, KINDS_WITH_GATES, ORACLE_GUARDS, typesShownTo } from './random-gates.ts';
import { beginLives, ORGANIZATIONS, takeStep } from './random-world.ts';
import { SightOracle } from './sight-oracle.ts';

/** @param kinds and @param steps rolls of the dice @returns the oracle, which has observed all of it */
export async function playGates(
  world: World,
  kinds: readonly number[],
  steps: readonly (readonly number[])[],
): Promise<SightOracle> {
  const oracle = new SightOracle(world.store, ORACLE_GUARDS, typesShownTo);
  await world.seedDirectory(...ORGANIZATIONS);
  await oracle.observe({ organization: undefined });
  await beginLives(world, oracle);
  await giveKinds(world, kinds);
  await oracle.observe({ organization: undefined });
  for (const step of steps)
    expect(await takeStep(world, oracle, step, KINDS_WITH_GATES, GATE_MOVES)).toBeUndefined();
  return oracle;
}
