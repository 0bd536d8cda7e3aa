/** Work of an operator on a database: nobody serves it meanwhile. */
import { randomUUID } from 'node:crypto';
import { followClock } from './clock-offset.ts';
import { DatabaseRefused, withConnection, type Connection, type DatabaseSettings } from './connection.ts';
import { holdDatabase } from './holder.ts';

export interface Alone {
  readonly connection: Connection;
  /** @throws DatabaseRefused when the database did not answer for so long that another process has taken it */
  readonly assertAlone: () => void;
}

/**
 * Does the work while this process holds the database.
 *
 * @param folder in which this process is alone, too
 * @throws DatabaseRefused naming the node that serves it
 */
export function aloneOn<T>(
  settings: DatabaseSettings,
  folder: string,
  work: (alone: Alone) => Promise<T>,
): Promise<T> {
  return withConnection(settings, async (connection) => {
    const clock = await followClock(connection, () => undefined);
    const lost: string[] = [];
    try {
      const node = randomUUID();
      const evicted = (says: string): unknown => lost.push(says);
      const holder = await holdDatabase(connection, { folder, node, now: clock.now, evicted });
      try {
        return await work({ connection, assertAlone: () => assertHeld(lost) });
      } finally {
        await holder.release();
      }
    } finally {
      await clock.stop();
    }
  });
}

function assertHeld([lost]: readonly string[]): void {
  if (lost !== undefined) throw new DatabaseRefused(lost);
}
