/**
 * Doctor's look at the database that keeps the log: what it can do and what replaces what it cannot, how it stands, and
 * whether the data folder follows it. Only a unique `_id` and a write by the majority are needed.
 */
import { existsSync } from 'node:fs';
import type { Finding } from '../../src/ports/store.ts';
import { databaseOf } from '../../src/server/compose-store.ts';
import { warningsOf, type Config } from '../../src/server/config.ts';
import { filesNamedIn } from '../../src/stores/embedded/folder/files.ts';
import { pathsOf, readFollowed } from '../../src/stores/embedded/folder/folder.ts';
import { headOfFolder } from '../../src/stores/embedded/log-reading.ts';
import { readAnchors } from '../../src/stores/log/anchors.ts';
import { proveFiles } from '../../src/stores/log/files.ts';
import type { Capabilities } from '../../src/stores/mongodb/capabilities.ts';
import type { Connection } from '../../src/stores/mongodb/connection.ts';

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;
const FREE_BYTES_MIN = GIB;
const CLOCK_OFF_MS = 2000;
const SLOW_MS = 100;
const VERSION_MIN = 6;
const MEMBERS_MIN = 3;

const well = (says: string): Finding => ({ ok: true, says });
const warn = (says: string): Finding => ({ ok: true, warning: true, says });
const wrong = (says: string): Finding => ({ ok: false, says });

/** Nothing where the log is in the data folder. */
export async function examineDatabase(config: Config): Promise<readonly Finding[]> {
  const settings = databaseOf(config);
  if (settings === undefined) return [];
  // The driver is loaded by those alone who use it.
  const { connect, databaseRefusal } = await import('../../src/stores/mongodb/connection.ts');
  const { askCapabilities } = await import('../../src/stores/mongodb/capabilities.ts');
  const connection = await connect(settings);
  try {
    const capabilities = await askCapabilities(connection);
    const abilities = judgeCapabilities(capabilities, config);
    // Who may not even try may not look either.
    if (!capabilities.writing.isTaken) return abilities;
    return [
      ...abilities,
      ...(await examineLog(connection, config)),
      ...(await examineFiles(connection, config)),
    ];
  } catch (error) {
    throw databaseRefusal(error, settings.database);
  } finally {
    await connection.close();
  }
}

/** The files that the data folder names. */
async function examineFiles(connection: Connection, { dataDir }: Config): Promise<readonly Finding[]> {
  if (!existsSync(pathsOf(dataDir).database)) return [];
  const { openDatabaseFiles } = await import('../../src/stores/mongodb/files.ts');
  return proveFiles(filesNamedIn(dataDir), openDatabaseFiles(connection, Date.now));
}

/** One finding for each, and what replaces what is missing. */
export function judgeCapabilities(asked: Capabilities, config: Config): readonly Finding[] {
  return [
    judgeVersion(asked),
    judgeTopology(asked),
    judgeWriting(asked, config.mongodbDatabase),
    ...judgeShards(asked),
    judgeClock(asked),
    judgeSpace(asked),
    judgeTls(asked, config),
  ];
}

function judgeVersion({ version }: Capabilities): Finding {
  const isOld = Number(version.split('.', 1)[0]) < VERSION_MIN;
  return isOld ? warn(`version ${version} → upgrade to ${VERSION_MIN} or later`) : well(`version ${version}`);
}

function judgeTopology({ setName, isRouter, members, votes }: Capabilities): Finding {
  if (isRouter) return well('a router of a sharded cluster; a majority is that of the shard with the log');
  if (setName === undefined)
    return warn(
      'no replica set: a majority is one machine, and its disk is the only copy → make it a replica set of three',
    );
  const shown = `replica set ${setName}, ${members} ${members === 1 ? 'member' : 'members'}${votes === undefined ? '' : `, votes: ${votes}`}`;
  if (members >= MEMBERS_MIN) return well(shown);
  const why =
    members === 1
      ? 'a majority is one machine, and its disk is the only copy'
      : 'the loss of one stops every write';
  return warn(`${shown}: ${why} → three members go on when one is lost`);
}

function judgeWriting({ writing }: Capabilities, database: string): Finding {
  if (!writing.isTaken) {
    if (writing.isForbidden)
      return wrong(`the user may not write → grant it the role readWrite on ${database}`);
    return wrong(
      `a write with majority and journal is refused (${writing.says}) → the log needs it: look at the members`,
    );
  }
  if (!writing.isUnique)
    return wrong('two documents with one _id were both taken → nothing replaces that: use another server');
  const shown = `majority and journal are honoured in ${writing.medianMs.toFixed(1)} ms (median of inserts), and _id is unique`;
  return writing.medianMs > SLOW_MS
    ? warn(`${shown}; every write waits so long → bring the members nearer, or look at their disks`)
    : well(shown);
}

function judgeShards({ isRouter, isLogSharded }: Capabilities): readonly Finding[] {
  if (isLogSharded === true)
    return [
      wrong('the collection log is sharded, where _id is unique for each shard alone → keep it unsharded'),
    ];
  if (isLogSharded === undefined && isRouter)
    return [warn('it does not say whether the collection log is sharded → keep it unsharded')];
  return [];
}

function judgeClock({ clockAheadMs }: Capabilities): Finding {
  if (clockAheadMs === undefined)
    return warn('it does not tell its time: ours is used for leases → keep both clocks right by NTP');
  const seconds = (Math.abs(clockAheadMs) / 1000).toFixed(1);
  const side = clockAheadMs < 0 ? 'behind' : 'ahead of';
  return Math.abs(clockAheadMs) > CLOCK_OFF_MS
    ? warn(`its clock is ${seconds} s ${side} ours → set both by NTP`)
    : well(`its clock is ours within ${seconds} s`);
}

function judgeSpace({ freeBytes }: Capabilities): Finding {
  if (freeBytes === undefined) return well('it does not tell its free space: watch the disks of its members');
  const says = `${Math.floor(freeBytes / 1024 ** 2)} MiB free on its disk`;
  return freeBytes < FREE_BYTES_MIN ? wrong(`${says} → free some space`) : well(says);
}

function judgeTls({ tls }: Capabilities, config: Config): Finding {
  if (tls) return well('reached by TLS');
  return warningsOf(config).some((line) => line.startsWith('mongodbUri:'))
    ? warn('reached without TLS: others may read what passes → add tls=true to mongodbUri')
    : well('reached without TLS, on this machine');
}

/** How the log stands, and whether the folder follows it. */
async function examineLog(connection: Connection, config: Config): Promise<readonly Finding[]> {
  const { CommitLog } = await import('../../src/stores/mongodb/commit-log.ts');
  const { readStoreMeta } = await import('../../src/stores/mongodb/store-meta.ts');
  const { movedWithoutCheckpoint, newestCheckpoint } = await import('../../src/stores/mongodb/checkpoint.ts');
  const meta = await readStoreMeta(connection);
  const log = new CommitLog(connection);
  // Anchors first: a live server anchors what is in the log.
  const anchored = anchoredBy(config);
  const head = await log.newest();
  const ahead = judgeAnchored(anchored, head?.last ?? 0);
  if (meta === undefined) return [...examineStrange(config), ...ahead];
  const folder = [...(await examineFolder(config.dataDir, meta.id, log)), ...ahead];
  if (head === undefined) return [well('the log is empty'), ...folder];
  const checkpoint = await newestCheckpoint(connection);
  const behind = head.last - (checkpoint?.seq ?? 0);
  const age =
    checkpoint && `at commit ${checkpoint.seq}, ${hoursSince(checkpoint.at)} h ago, ${behind} commits behind`;
  const shown = age === undefined ? 'there is no checkpoint yet' : `the newest checkpoint is ${age}`;
  const isLate = behind > 2 * config.checkpointCommits;
  const lacking = await movedWithoutCheckpoint(connection);
  if (lacking !== undefined)
    return [
      well(`the log ends with commit ${head.last}`),
      wrong(
        `commit ${lacking} came from a folder, and no checkpoint that can be used holds what it made → keep the data folder, start the server on it: it makes one within five minutes; or restore a backup with checkpoint.files and checkpoint.chunks`,
      ),
      ...folder,
    ];
  return [
    well(`the log ends with commit ${head.last}`),
    isLate
      ? warn(`${shown}: an empty data folder fills slowly → look at the job checkpoint in the log`)
      : well(shown),
    ...folder,
  ];
}

/** The last commit that an anchor names; 0 without one. */
function anchoredBy({ dataDir, anchorFile }: Config): number {
  const { anchors } = readAnchors(anchorFile ?? pathsOf(dataDir).anchors);
  return anchors.reduce((last, { seq }) => Math.max(last, seq), 0);
}

const judgeAnchored = (anchored: number, last: number): readonly Finding[] =>
  anchored <= last
    ? []
    : [
        wrong(
          `commit ${anchored} was anchored, and the log ends with commit ${last} → name the right database, or find out whether an older copy of it was restored, before the next start`,
        ),
      ];

/** A database without a store: the first start makes one, which the folder does not follow. */
function examineStrange({ dataDir, mongodbDatabase }: Config): readonly Finding[] {
  const none = `${mongodbDatabase} holds no store`;
  const isThere = existsSync(pathsOf(dataDir).database);
  const head = isThere ? headOfFolder(dataDir) : undefined;
  const followed = readFollowed(dataDir);
  if (head === undefined && followed === undefined) return [well(`${none} yet: the first start makes one`)];
  if (followed === undefined) return [wrong(`${none}, and ${ownStore(dataDir)}`)];
  return [
    wrong(
      `${none}, and ${dataDir} has ${head?.seq ?? 0} commits of another log: this folder would be made anew → name the right database (mongodbDatabase), or another folder`,
    ),
  ];
}

const ownStore = (dataDir: string): string =>
  `${dataDir} holds a store of its own → name another folder, or move it into the database with npm run admin -- move`;

const hoursSince = (at: Date): string => ((Date.now() - at.getTime()) / HOUR_MS).toFixed(1);

async function examineFolder(
  dataDir: string,
  id: string,
  log: InstanceType<typeof import('../../src/stores/mongodb/commit-log.ts').CommitLog>,
): Promise<readonly Finding[]> {
  if (!existsSync(pathsOf(dataDir).database)) return [];
  const head = headOfFolder(dataDir);
  const followed = readFollowed(dataDir);
  if (followed === undefined && head !== undefined) return [wrong(ownStore(dataDir))];
  if (followed !== undefined && followed !== id)
    return [warn(`${dataDir} follows another log → check mongodbDatabase`)];
  if (head === undefined || (await log.holds(head)))
    return [well(`${dataDir} follows the log${head === undefined ? '' : ` up to commit ${head.seq}`}`)];
  return [
    wrong(
      `commit ${head.seq} of ${dataDir} is not in the log → was an older copy of the database restored? Compare the anchors`,
    ),
  ];
}
