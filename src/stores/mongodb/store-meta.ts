/** What the database says of itself: that it is a store of ours, and which one. */
import { DatabaseRefused, isDuplicate, type Connection, type NamedDocument } from './connection.ts';
import { LOG_FORMAT } from './documents.ts';

interface StoreMeta extends NamedDocument {
  /** Names the log; a read model says whose it is by this. */
  readonly id: string;
  readonly format: number;
  readonly created: string;
  /** A move from a folder has begun, and is not finished. */
  readonly moving?: boolean;
  /** It was moved into a folder, which goes on instead of it, at this instant. */
  readonly movedAway?: string;
}

const KEY = 'store';

/** What the database says; undefined when it is none of ours, and empty. */
export async function readStoreMeta({ collection }: Connection): Promise<StoreMeta | undefined> {
  const meta = await collection<StoreMeta>('meta').findOne({ _id: KEY });
  if (meta !== null && meta.format > LOG_FORMAT)
    throw new DatabaseRefused(
      `The database has format ${meta.format}, this program reads format ${LOG_FORMAT}. Use the version of the program that wrote it, or a newer one.`,
    );
  return meta ?? undefined;
}

/** Makes the database a store of ours, or finds that it is one. */
export async function makeStoreMeta(connection: Connection, id: string, moving = false): Promise<StoreMeta> {
  const made = {
    _id: KEY,
    id,
    format: LOG_FORMAT,
    created: new Date().toISOString(),
    ...(moving && { moving }),
  };
  try {
    await connection.collection<StoreMeta>('meta').insertOne(made);
    return made;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return (await readStoreMeta(connection)) ?? made;
  }
}

/** Says of the database that a move into it has begun, or finds that it has. @throws DatabaseRefused for one that is in use */
export async function beginMove(connection: Connection, id: string): Promise<StoreMeta> {
  const meta = (await readStoreMeta(connection)) ?? (await makeStoreMeta(connection, id, true));
  assertTakesMove(meta, connection.db.databaseName);
  if (meta.moving !== true)
    await connection.collection<StoreMeta>('meta').updateOne({ _id: KEY }, { $set: { moving: true } });
  return meta;
}

/**
 * A database that was moved away is one to move back into.
 *
 * @throws DatabaseRefused for one that is in use
 */
export function assertTakesMove({ moving, movedAway }: StoreMeta, name: string): void {
  if (moving !== true && movedAway === undefined)
    throw new DatabaseRefused(
      `The database ${name} holds a store already. Name another one, or drop it first.`,
    );
}

/** From now on nodes start on it. */
export async function endMove({ collection }: Connection): Promise<void> {
  await collection<StoreMeta>('meta').updateOne({ _id: KEY }, { $unset: { moving: 1, movedAway: 1 } });
}

/** From now on no node starts on it by mistake. */
export async function markMovedAway({ collection }: Connection, at: Date): Promise<void> {
  await collection<StoreMeta>('meta').updateOne({ _id: KEY }, { $set: { movedAway: at.toISOString() } });
}

/** @throws DatabaseRefused for a store that must not be written: half moved, or gone on elsewhere */
export function assertInUse({ moving, movedAway }: StoreMeta): void {
  if (moving === true)
    throw new DatabaseRefused('A move into this database is not finished. Run npm run admin -- move again.');
  if (movedAway !== undefined)
    throw new DatabaseRefused(
      `This database was moved into a folder on ${movedAway}, and goes on there. Move that folder back, or name another database.`,
    );
}
