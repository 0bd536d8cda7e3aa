/** The roof over the store: which engine the settings name, and with what it is opened. */
import type { Log, Warnings } from '../http/log.ts';
import { openStore, type ServerStore, type StoreOptions } from '../stores/index.ts';
import { ConfigError, type Config } from './config.ts';
import { clock } from './time.ts';

type DatabaseOptions = NonNullable<StoreOptions['mongodb']>;

const DISK_TROUBLES = {
  'disk-full': 'has no space left: free some',
  'read-only': 'cannot be written: check its file system and owner',
} as const;

/** The log, and the warnings of a server, that troubles of the store go to. */
interface Hearers {
  readonly log: Pick<Log, 'write'>;
  /** Undefined: a command, which says what it is refused. */
  readonly warnings?: Warnings;
}

/**
 * Opens the store that the settings name, alone in the data folder and on the database.
 *
 * @param options what no setting says
 * @throws FolderRefused or DatabaseRefused when that cannot be
 */
export function openConfiguredStore(
  config: Config,
  options: Partial<StoreOptions>,
  { log, warnings }: Hearers,
): Promise<ServerStore> {
  const { searchSnapshotMs, searchTimeoutMs, searchWorkers, searchesRemembered } = config;
  const { fullText, commitsQueuedMax, anchorFile } = config;
  const mongodb = databaseOf(config);
  const where = mongodb === undefined ? 'the data folder' : 'the data folder or the database';
  const more = mongodb === undefined ? '' : ', or the password and the rights of its user';
  const diskRefused = (reason: keyof typeof DISK_TROUBLES): void =>
    warnings?.warn(
      reason,
      `writes are refused, ${where} ${DISK_TROUBLES[reason]}${reason === 'read-only' ? more : ''}`,
      { reason },
    );
  return openStore({
    folder: config.dataDir,
    clock,
    diskRefused,
    ...options,
    searchSnapshotMs,
    searchTimeoutMs,
    searchWorkers,
    searchesRemembered,
    fullText,
    keyRetentionMs: Math.max(config.keyRetentionMs, config.duplicateWindowMs),
    commitsQueuedMax,
    ...(anchorFile !== undefined && { anchorFile }),
    ...(mongodb && { mongodb: { ...mongodb, tell: (level, says) => log.write(level, says) } }),
  });
}

/** How the database is reached; undefined when the settings name another engine. */
export const databaseOf = (config: Config): DatabaseOptions | undefined =>
  config.store === 'mongodb' ? namedDatabase(config) : undefined;

/** The database that the settings name, whichever engine is to serve. @throws ConfigError when they name none */
export function namedDatabase(config: Config): DatabaseOptions {
  const { mongodbUri: uri, commitTimeoutMs, checkpointCommits } = config;
  if (uri === undefined) throw new ConfigError(['mongodbUri must be set: --mongodb-uri or MONGODB_URI']);
  return {
    uri,
    database: config.mongodbDatabase,
    poolMax: config.mongodbPoolMax,
    serverSelectionMs: config.mongodbSelectionMs,
    commitTimeoutMs,
    checkpointCommits,
  };
}
