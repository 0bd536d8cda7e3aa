/**
 * Writes the audit package of an organization (audit-compliance AU15 to AU19): one walk over the log, beside a live server,
 * in bounded memory.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Ref } from '../fhir/types.ts';
import { chainLine, type ShownRows } from '../operations/audit/package/chain-lines.ts';
import { CSV_MARK, csvLine } from '../operations/csv-lines.ts';
import { EVENT_COLUMNS, eventLines } from '../operations/audit/package/event-lines.ts';
import {
  buildManifest,
  detachedJws,
  jwsHeader,
  signingInput,
} from '../operations/audit/package/package-manifest.ts';
import { buildReadme, VERIFY_PY } from '../operations/audit/package/package-readme.ts';
import {
  isPackaged,
  isWhole,
  knownTo,
  type PackageRow,
  type PackageWorld,
} from '../operations/audit/package/package-row.ts';
import {
  createLoginTable,
  PACKAGE_TABLES,
  type PackageTable,
} from '../operations/audit/package/package-tables.ts';
import type { RegisterSheet } from '../operations/vendors/register-sheet.ts';
import type { PackagedFile, PackageQuery } from '../ports/audit-packages.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { renderAuditEvent, type AuditSource } from '../resources/audit-event-render.ts';
import { auditRowsOf, readLog, type LogReading, type LogRow } from '../stores/embedded/log-reading.ts';
import { describeReport, verifyChain } from '../stores/embedded/verify/audit-chain.ts';
import { readAnchors } from '../stores/log/anchors.ts';
import { linkOf, rowDigests, splitMembers } from '../stores/log/chain.ts';
import type { AuditSigner } from './audit-key.ts';
import { openPackageFolder, type FileWriting, type PackageFolder } from './package-files.ts';

interface PackageParts {
  /** The data folder, and the file of anchors. */
  readonly folder: string;
  readonly anchors: string;
  readonly signer: AuditSigner;
  readonly source: AuditSource;
  readonly version: string;
  readonly askedBy: string;
  /** The register of vendors. */
  readonly vendors: RegisterSheet;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal?: AbortSignal;
}

/** Why there can be no such package. */
export class PackageRefused extends Error {}

/** AuditEvents of one file. */
const EVENTS_MAX = 5000;
/** Commits after which others have a turn. */
const COMMITS_AT_ONCE = 200;

/**
 * Writes the files into a folder, which must be empty or absent. What cannot be finished is removed.
 *
 * @returns the files, with the manifest behind them
 */
export async function writePackage(
  out: string,
  query: PackageQuery,
  parts: PackageParts,
): Promise<readonly PackagedFile[]> {
  if (existsSync(out) && readdirSync(out).length > 0) throw new PackageRefused(`${out} is not empty.`);
  const log = readLog(parts.folder);
  const folder = openPackageFolder(out);
  try {
    if (log.keeperOf(query.organization) === undefined)
      throw new PackageRefused(`${query.organization} was never in this store.`);
    mkdirSync(out, { recursive: true, mode: 0o700 });
    const walked = await walkLog(folder, query, parts, log);
    return await sealPackage(folder, query, parts, walked);
  } catch (error) {
    await folder.abandon();
    throw error;
  } finally {
    log.close();
  }
}

interface Walked {
  readonly files: readonly PackagedFile[];
  readonly tables: readonly PackageTable[];
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly chainHead: string;
  readonly counts: Readonly<Record<string, number>>;
}

async function walkLog(
  folder: PackageFolder,
  query: PackageQuery,
  { source, signal }: PackageParts,
  log: LogReading,
): Promise<Walked> {
  const world = worldOf(log);
  const tables = [...PACKAGE_TABLES, createLoginTable()];
  const sheets = await Promise.all(
    [eventTable, ...tables].map(async (table) => ({ table, file: await beginSheet(folder, table) })),
  );
  const chain = folder.begin('chain.ndjson');
  const bundles = createBundles(folder);
  const counts: Record<string, number> = {};
  let [firstSeq, lastSeq, chainHead, commits] = [0, 0, '', 0];
  for (const commit of log.rows(query.from, query.to)) {
    if (firstSeq === 0) firstSeq = commit.seq;
    [lastSeq, chainHead] = [commit.seq, commit.hash];
    const { rows, shown } = rowsOf(commit, query);
    await chain.write(chainText(commit, log, shown), 1);
    for (const row of rows) {
      counts[row.entry.event] = (counts[row.entry.event] ?? 0) + 1;
      for (const { table, file } of sheets) {
        const lines = table.lines(row, query.organization, world);
        if (lines.length > 0) await file.write(lines.map(csvLine).join(''), lines.length);
      }
      await bundles.add(JSON.stringify(renderFor(row, query.organization, world, source)));
    }
    commits += 1;
    if (commits % COMMITS_AT_ONCE === 0) await setImmediate();
    signal?.throwIfAborted();
  }
  const files = [
    ...(await Promise.all(sheets.map(({ file }) => file.end()))),
    await chain.end(),
    ...(await bundles.end()),
  ];
  return { files, tables, firstSeq, lastSeq, chainHead, counts };
}

const eventTable: PackageTable = {
  name: 'events.csv',
  says: '',
  columns: EVENT_COLUMNS,
  lines: (row, organization, world) =>
    eventLines(row, organization, world).map((line) => EVENT_COLUMNS.map((column) => line[column])),
};

async function beginSheet(folder: PackageFolder, { name, columns }: PackageTable): Promise<FileWriting> {
  const file = folder.begin(name);
  await file.write(CSV_MARK + csvLine(columns));
  return file;
}

function worldOf(log: LogReading): PackageWorld {
  return {
    resourceAt(ref, seq) {
      const text = log.textAt(ref, seq);
      return text === undefined ? undefined : parseStored(text);
    },
    keeperOf: (ref) => log.keeperOf(ref),
  };
}

/** The rows of a commit that are asked for, and what of the commit may be shown. */
function rowsOf(
  commit: LogRow,
  query: PackageQuery,
): { readonly rows: readonly PackageRow[]; readonly shown: ShownRows } {
  const all = auditRowsOf(commit);
  const asked = all.filter(({ entry }) => isPackaged(entry, query));
  const whole = asked.filter(({ entry }) => isWhole(entry, query.organization));
  const digests = rowDigests(commit.members, all.length);
  return {
    rows: asked.map((row) => ({ ...row, whole: whole.includes(row), digest: digests[row.position] ?? '' })),
    shown: {
      texts: new Map(whole.map(({ position, entry }) => [position, JSON.stringify(entry)])),
      all: whole.length === all.length,
      some: asked.length > 0,
    },
  };
}

function chainText(commit: LogRow, log: LogReading, shown: ShownRows): string {
  const { seq, members } = commit;
  const parts = { split: splitMembers(members), link: linkOf(members) };
  return chainLine(commit, log.hashBefore(seq), parts, shown);
}

function renderFor(row: PackageRow, organization: Ref, world: PackageWorld, source: AuditSource): object {
  const knows = knownTo(row.entry, organization, world);
  const keeps = (ref: Ref): boolean => world.keeperOf(ref) === organization;
  const viewer = { organization, everything: false, ...(!row.whole && { knows, keeps }) };
  return renderAuditEvent(row, viewer, source);
}

/** `events/1.json` and so on: collections of as many events as a file takes. */
function createBundles(folder: PackageFolder) {
  const files: PackagedFile[] = [];
  let [file, inFile]: [FileWriting | undefined, number] = [undefined, 0];

  async function endFile(): Promise<void> {
    if (file === undefined) return;
    await file.write(']}\n');
    files.push(await file.end());
    [file, inFile] = [undefined, 0];
  }

  return {
    async add(event: string): Promise<void> {
      if (file === undefined) {
        file = folder.begin(`events/${files.length + 1}.json`);
        await file.write('{"resourceType":"Bundle","type":"collection","entry":[');
      }
      await file.write(`${inFile === 0 ? '' : ','}\n{"resource":${event}}`, 1);
      inFile += 1;
      if (inFile === EVENTS_MAX) await endFile();
    },
    async end(): Promise<readonly PackagedFile[]> {
      await endFile();
      return files;
    },
  };
}

/** What goes with the walk, the manifest over all of it, and its signature. */
async function sealPackage(
  folder: PackageFolder,
  query: PackageQuery,
  parts: PackageParts,
  { files: walked, tables, firstSeq, lastSeq, chainHead, counts }: Walked,
): Promise<readonly PackagedFile[]> {
  const { signer, source, version, askedBy, vendors, now } = parts;
  const server = source.base ?? source.name;
  const anchors = readAnchors(parts.anchors).anchors.filter(({ seq }) => seq >= firstSeq && seq <= lastSeq);
  const report = await verifyChain(parts.folder, parts.anchors);
  const readme = buildReadme({
    query,
    server,
    key: signer.kid,
    publicKey: signer.publicKey,
    tables: [...tables, vendors],
  });
  const put = (name: string, text: string) => folder.put(name, text);
  const files = [
    ...walked,
    await folder.put(vendors.name, vendors.text, vendors.rows),
    await put('anchors.ndjson', anchors.map((anchor) => `${JSON.stringify(anchor)}\n`).join('')),
    await put(
      'verify.txt',
      describeReport(report)
        .map(({ ok, says }) => `${ok ? 'ok' : 'FAULT'} ${says}\n`)
        .join(''),
    ),
    await put('verify.py', VERIFY_PY),
    await put('signing-key.pem', signer.publicKey),
    await put('README.txt', readme),
  ];
  const manifest = buildManifest({
    query,
    askedBy,
    at: now,
    server,
    version,
    files,
    firstSeq,
    lastSeq,
    chainHead,
    anchors: anchors.map(({ seq, at, hash }) => ({
      seq,
      at: new Date(at).toISOString(),
      digest: `sha256:${hash}`,
    })),
    anchorFile: 'anchors.ndjson',
    counts,
    key: signer.kid,
  });
  const header = jwsHeader(signer.kid);
  const signature = signer.sign(Buffer.from(signingInput(header, manifest)));
  return [
    ...files,
    await put('manifest.json', manifest),
    await put('manifest.jws', detachedJws(header, signature)),
  ];
}
