/**
 * Is this installation healthy? Every part examines itself; what is wrong comes with what to do about it.
 *
 *     npm run doctor [-- --data-dir DIR and other settings]
 *
 *     --readiness pilot   also whether it may begin with real patients: audit, second factors, agreements
 *     --mfa-elsewhere     issuers outside ask everybody for a second factor: you vouch for it
 *
 * Runs beside a live server and changes nothing; what it tries on a database, it tries in a collection of its own, which
 * it drops. ✓ is well, ! deserves a look, ✗ is wrong. Ends with 1 when something is wrong.
 */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { conflictsOf, ConfigError, readConfig, warningsOf, type Config } from '../src/server/config.ts';
import { createLog } from '../src/http/log.ts';
import type { Finding } from '../src/ports/store.ts';
import { readListening } from '../src/rails/hl7v2-mllp/index.ts';
import { raiseRails } from '../src/server/compose-engine.ts';
import { loadDirect } from '../src/server/compose.ts';
import { createOutgoing } from '../src/server/compose-outgoing.ts';
import { describeReport, verifyChain } from '../src/stores/embedded/verify/audit-chain.ts';
import { isUnfinished } from '../src/stores/embedded/folder/backup.ts';
import { filesNamedIn, openFolderFiles } from '../src/stores/embedded/folder/files.ts';
import { proveFiles } from '../src/stores/log/files.ts';
import { pathsOf, readFollowed } from '../src/stores/embedded/folder/folder.ts';
import { hasCurrentValues } from '../src/stores/embedded/folder/reindex.ts';
import { EXIT, runCommand, UsageError } from './command.ts';
import { examineAuditFeed } from './doctor/audit-feed.ts';
import { examineAnchors } from './doctor/anchors.ts';
import { examineClients } from './doctor/clients.ts';
import { examineDatabase } from './doctor/database.ts';
import { examineDirect } from './doctor/direct.ts';
import { examineIssuer } from './doctor/issuer.ts';
import { examineKey, examinePasskeys } from './doctor/factors.ts';
import { examineJobs } from './doctor/jobs.ts';
import { examineMessages } from './doctor/messages.ts';
import { examineParties } from './doctor/parties.ts';
import { examinePeers } from './doctor/peers.ts';
import { examineReadiness } from './doctor/readiness.ts';
import { examineScanner } from './doctor/scanner.ts';
import { examineServer } from './doctor/server.ts';

const NODE_MAJOR = 24;
const FREE_BYTES_MIN = 1024 ** 3;

/** One look at one part; what it throws is a finding, too. */
type Examine = (config: Config) => Promise<readonly Finding[]> | readonly Finding[];

type Examination = readonly [part: string, examine: Examine];

const EXAMINATIONS: readonly Examination[] = [
  ['node', examineNode],
  ['settings', examineSettings],
  ['server', examineServer],
  ['issuer', examineIssuer],
  ['database', examineDatabase],
  ['disk', examineDisk],
  ['store', examineStore],
  ['anchors', examineAnchors],
  ['audit feed', examineAuditFeed],
  ['scanner', examineScanner],
  ['parties', examineParties],
  ['clients', examineClients],
  ['direct', examineDirect],
  ['rails', examineRails],
  ['peers', examinePeers],
  ['messages', examineMessages],
  ['key', examineKey],
  ['passkeys', examinePasskeys],
  ['jobs', examineJobs],
];

/** Parts that look into the store, of which all would say the same where there is none. */
const OF_THE_STORE: ReadonlySet<Examine> = new Set([
  examineDisk,
  examineAnchors,
  examineAuditFeed,
  examineParties,
  examineClients,
  examineDirect,
  examinePeers,
  examineMessages,
  examineKey,
  examinePasskeys,
  examineJobs,
]);

await runCommand(import.meta.filename, {
  flags: {
    readiness: { type: 'string' },
    'mfa-elsewhere': { type: 'boolean', default: false },
  },
  takesSettings: true,
  run: ({ settings, values }) => {
    const { readiness } = values;
    if (readiness !== undefined && readiness !== 'pilot') throw new UsageError('--readiness is pilot');
    const more: Examination[] =
      readiness === undefined
        ? []
        : [['pilot', (config) => examineReadiness(config, values['mfa-elsewhere'])]];
    return examineAll(settings, [...EXAMINATIONS, ...more]);
  },
});

async function examineAll(argv: readonly string[], examinations: readonly Examination[]): Promise<number> {
  let config: Config;
  try {
    config = readConfig(argv, process.env, 'command');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) say('settings', { ok: false, says: problem });
    return EXIT.trouble;
  }
  let sick = 0;
  const stored = existsSync(pathsOf(config.dataDir).database);
  for (const [part, examine] of examinations.filter(([, one]) => stored || !OF_THE_STORE.has(one))) {
    for (const finding of await examineOne(examine, config)) {
      if (!finding.ok) sick += 1;
      say(part, finding);
    }
  }
  return sick > 0 ? EXIT.trouble : EXIT.done;
}

async function examineOne(examine: Examine, config: Config): Promise<readonly Finding[]> {
  try {
    return await examine(config);
  } catch (error) {
    return [{ ok: false, says: explain(error) }];
  }
}

/** What is wrong; of a file that cannot be read, which it is and what to do. */
function explain(error: unknown): string {
  const { message = String(error), path, code } = error as Partial<NodeJS.ErrnoException>;
  if (path !== undefined)
    return `${path} cannot be read (${code}) → check the setting that names it, and its owner`;
  // Node names no file when it fails to read one that it could open, such as a folder.
  if (code !== undefined)
    return `${message} → check the files and folders that the settings name, and their owner`;
  return message;
}

function say(part: string, { ok, warning, says }: Finding): void {
  const mark = warning === true ? '!' : '✓';
  console.log(`  ${ok ? mark : '✗'} ${part.padEnd(9)} ${says.replaceAll(/\s+/g, ' ')}`);
}

function examineNode(): readonly Finding[] {
  const ok = Number(process.versions.node.split('.', 1)[0]) >= NODE_MAJOR;
  return [{ ok, says: `Node ${process.versions.node}${ok ? '' : ` → install Node ${NODE_MAJOR} or later`}` }];
}

/** Settings with which no server starts; unsafe ones are said, as at every start: they are the operator's decision. */
function examineSettings(config: Config): readonly Finding[] {
  const warnings = warningsOf(config).map((says) => ({
    ok: true,
    warning: true as const,
    says: `unsafe, on purpose? ${says}`,
  }));
  const conflicts = conflictsOf(config).map((says) => ({ ok: false, says: `no server starts so: ${says}` }));
  const bounds = { ok: true, says: 'complete and within their bounds' };
  return [...(conflicts.length > 0 ? conflicts : [bounds]), ...warnings];
}

function examineDisk({ dataDir }: Config): readonly Finding[] {
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  const says = `${Math.floor(free / 1024 ** 2)} MiB free for ${dataDir}`;
  return [{ ok: free >= FREE_BYTES_MIN, says: free >= FREE_BYTES_MIN ? says : `${says} → free some space` }];
}

async function examineStore({ dataDir, anchorFile, store }: Config): Promise<readonly Finding[]> {
  const { database } = pathsOf(dataDir);
  if (!existsSync(database)) {
    if (store === 'mongodb')
      return [{ ok: true, says: `${dataDir} holds no copy of the log yet: the next start makes one` }];
    const remedy =
      'name the folder with --data-dir, or import the directory or start the server, which make one';
    return [{ ok: false, says: `${dataDir} holds no store → ${remedy}` }];
  }
  if (store === 'embedded' && readFollowed(dataDir) !== undefined) {
    const says = isUnfinished(dataDir)
      ? `a move into ${dataDir} was cut off → npm run admin -- move --to folder ${dataDir}, with STORE=mongodb`
      : `${dataDir} is the copy of a log in MongoDB → start with STORE=mongodb, or name another folder`;
    return [{ ok: false, says }];
  }
  const bytes = statSync(database).size;
  const findings = describeReport(await verifyChain(dataDir, anchorFile));
  const size = { ok: true, says: `${Math.ceil(bytes / 1024 ** 2)} MiB in ${dataDir}` };
  const current = hasCurrentValues(dataDir);
  const searches = current
    ? 'searches find all that is stored'
    : 'searches do not find all that an earlier version wrote → stop the server, and npm run admin -- reindex';
  const files = store === 'mongodb' ? [] : await proveFiles(filesNamedIn(dataDir), openFolderFiles(dataDir));
  return [size, { ok: current, says: searches }, ...findings, ...files];
}

async function examineRails(config: Config): Promise<readonly Finding[]> {
  const clock = { now: () => Date.now() };
  const log = createLog('error', (lines) => process.stderr.write(lines), clock.now);
  const listening = config.hl7Links === undefined ? [] : readListening(config.hl7Links);
  const outgoing = createOutgoing(config, listening, clock);
  const directRail = await loadDirect({
    config,
    log,
    outgoing,
    base: config.publicBaseUrl ?? '',
    listening,
    application: 'Closeloop',
    trust: undefined,
    store: undefined,
  });
  const rails = raiseRails({
    config,
    base: config.publicBaseUrl ?? '',
    log,
    clock,
    listening,
    outgoing,
    directRail,
  });
  try {
    const named = [...rails.byName.values()].map(async (rail) =>
      (await rail.verify()).map((finding) => ({ ...finding, says: `${rail.name}: ${finding.says}` })),
    );
    return (await Promise.all(named)).flat();
  } finally {
    await rails.close();
  }
}
