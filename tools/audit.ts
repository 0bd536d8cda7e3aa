/**
 * The audit chain, beside a live server and without writing to its store.
 *
 *     npm run audit -- verify   examines the whole chain, computes every table that is derived from it again, and says
 *                               what it found; ends with 1 when something is wrong. With STORE=mongodb the log in the
 *                               database, too, also where there is no read model (settings as of the server)
 *     npm run audit -- anchor   writes an anchor of the last commit, prints it, and so ends the tail without one
 *     npm run audit -- export   prints every audit row as an AuditEvent, one JSON object per line (NDJSON)
 *     npm run audit -- export --for ocr --organization REF --from DATE --to DATE --out DIR
 *                               writes a signed package for an auditor into a folder, and puts that on record first: the
 *                               server must not run. A running one has Organization/[id]/$audit-package for it
 *     npm run audit -- key      prints the public keys of packages, and makes one where there is none; with --rotate a
 *                               new one signs from now on
 *
 *       --data-dir DIR   the data folder (default: DATA_DIR, else ./data)
 *       --anchors FILE   the file of anchors (default: ANCHOR_FILE, else anchors.jsonl in the folder)
 *       --from DATE      export: from this date or instant (2026-11, 2026-11-22, 2026-11-22T09:00:00Z), inclusive
 *       --to DATE        export: up to the end of this one
 *       --chain FILE     export: writes the chain beside the events, one row per commit: {seq, at, previous, audit,
 *                        members, hash}, where members.audit is base64url of sha256 over JSON.stringify([audit]), and
 *                        hash is hex of sha256 over previous, seq, at and members, a line feed between them. Where
 *                        members begins with {"v":2, its part up to audit and rows and the part behind them are
 *                        digested, and the digest of both digests (hex) stands in its place
 *       --organization REF, --patient REF, --referral REF, --out DIR
 *                        export --for ocr: whose package, about which patient or referral alone, and where to
 *       --base URL       export: the server's base URL, as the observer of the events (default: PUBLIC_BASE_URL)
 */
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { parseSearchDate } from '../src/fhir/datetime.ts';
import { renderAuditEvent, type AuditSource } from '../src/resources/audit-event-render.ts';
import { databaseOf } from '../src/server/compose-store.ts';
import { auditKeyFile, openAuditSigner, publishedKeys, rotateAuditKey } from '../src/server/audit-key.ts';
import { readConfig } from '../src/server/config.ts';
import { DERIVATION } from '../src/operations/values.ts';
import { openAnchors } from '../src/stores/log/anchors.ts';
import { describeReport, verifyChain } from '../src/stores/embedded/verify/audit-chain.ts';
import { describeDerived, verifyDerived } from '../src/stores/embedded/verify/derived-proof.ts';
import { pathsOf } from '../src/stores/embedded/folder/folder.ts';
import { auditRowsOf, readLog, type LogReading, type LogRow } from '../src/stores/embedded/log-reading.ts';
import { exportPackage, type PackageFlags } from './audit/package.ts';
import { anchorFile, dataFolder, EXIT, runCommand, UsageError } from './command.ts';

const FLAGS = {
  'data-dir': { type: 'string' },
  anchors: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  chain: { type: 'string' },
  base: { type: 'string' },
  for: { type: 'string' },
  organization: { type: 'string' },
  patient: { type: 'string' },
  referral: { type: 'string' },
  out: { type: 'string' },
  rotate: { type: 'boolean', default: false },
} as const;

interface Asked {
  readonly folder: string;
  readonly anchors: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly chain: string | undefined;
  readonly base: string | undefined;
  /** Of a package. */
  readonly packaging: PackageFlags;
  readonly rotate: boolean;
  /** Of the server. */
  readonly settings: readonly string[];
}

/** Whoever reads the folder's files sees everything. */
const ADMINISTRATOR = { organization: undefined, everything: true } as const;

const COMMANDS: Readonly<Record<string, (asked: Asked) => Promise<number> | number>> = {
  verify,
  anchor,
  export: (asked) => (asked.packaging.for === undefined ? exportEvents(asked) : packUp(asked)),
  key: showKeys,
};

await runCommand(import.meta.filename, {
  flags: FLAGS,
  takesSettings: true,
  operandsMax: 1,
  run: ({ values, settings, operands: [name = ''] }) => {
    const command = COMMANDS[name];
    if (command === undefined) {
      throw new UsageError(`One of ${Object.keys(COMMANDS).join(', ')} is expected, not "${name}".`);
    }
    const folder = dataFolder(values['data-dir']);
    const { from, to, chain, base = process.env['PUBLIC_BASE_URL'] } = values;
    return command({
      packaging: values,
      rotate: values.rotate,
      folder,
      anchors: anchorFile(values.anchors) ?? pathsOf(folder).anchors,
      from,
      to,
      chain,
      base,
      settings,
    });
  },
});

async function verify({ folder, anchors, settings }: Asked): Promise<number> {
  const database = databaseOf(readConfig(settings, process.env, 'command'));
  const isLost = database !== undefined && !existsSync(pathsOf(folder).database);
  if (isLost) process.stderr.write(`There is no read model in ${folder}: the log alone is verified.\n`);
  const isSound = isLost || (await verifyFolder(folder, anchors));
  if (database === undefined) return isSound ? EXIT.done : EXIT.trouble;
  // The driver is loaded by those alone who use it.
  const { verifyDatabase } = await import('../src/stores/mongodb/verify-database.ts');
  const findings = await verifyDatabase(database, folder, anchors);
  for (const { ok, says } of findings) print(`${ok ? '✓' : '✗'} ${says}\n`);
  return isSound && findings.every(({ ok }) => ok) ? EXIT.done : EXIT.trouble;
}

/** Whether nothing is wrong. */
async function verifyFolder(folder: string, anchors: string): Promise<boolean> {
  readLog(folder).close();
  const report = await verifyChain(folder, anchors);
  for (const { ok, says } of describeReport(report)) print(`${ok ? '✓' : '✗'} ${says}\n`);
  const derived = verifyDerived(folder, DERIVATION);
  // Standard output is what programs read: there stands what is wrong, and the state of the chain.
  for (const { ok, says } of describeDerived(derived))
    (ok ? process.stderr : process.stdout).write(`${ok ? '✓' : '✗'} ${says}\n`);
  return report.faultCount + derived.faultCount === 0;
}

/** An anchor attests what stands; whether that is sound is asked first, so that no fault is anchored. */
async function anchor({ folder, anchors }: Asked): Promise<number> {
  const { faultCount } = await verifyChain(folder, anchors);
  if (faultCount > 0) {
    process.stderr.write('The chain is not sound, so it is not anchored. `verify` says what is wrong.\n');
    return EXIT.trouble;
  }
  const log = readLog(folder);
  try {
    if (log.head === undefined) return print('nothing to anchor: nothing was committed\n');
    const dropped = openAnchors(anchors).drop(log.head);
    return print(
      dropped === undefined ? `anchored already: commit ${log.head.seq}\n` : `${JSON.stringify(dropped)}\n`,
    );
  } finally {
    log.close();
  }
}

async function packUp({ packaging, folder, anchors, settings }: Asked): Promise<number> {
  const config = readConfig([...settings, '--data-dir', folder], process.env, 'command');
  await exportPackage(packaging, config, anchors);
  return EXIT.done;
}

function showKeys({ folder, settings, rotate }: Asked): number {
  const file = auditKeyFile(readConfig([...settings, '--data-dir', folder], process.env, 'command'));
  if (rotate) rotateAuditKey(file);
  else openAuditSigner(file);
  return print(`${JSON.stringify({ keys: publishedKeys(file) }, undefined, 2)}\n`);
}

async function exportEvents({ folder, from, to, chain, base }: Asked): Promise<number> {
  const low = from === undefined ? undefined : intervalOf(from, '--from').low;
  const high = to === undefined ? undefined : intervalOf(to, '--to').high;
  const source: AuditSource = base === undefined ? { name: 'closeloop' } : { name: base, base };
  const log = readLog(folder);
  const links = chain === undefined ? undefined : createWriteStream(chain, { mode: 0o600 });
  try {
    for (const row of log.rows(low, high)) {
      await write(process.stdout, eventsOf(row, source));
      if (links !== undefined) await write(links, linkOf(row, log));
    }
  } finally {
    log.close();
    links?.end();
  }
  if (links !== undefined) await finished(links);
  return EXIT.done;
}

function eventsOf(row: LogRow, source: AuditSource): string {
  const events = auditRowsOf(row).map((one) => renderAuditEvent(one, ADMINISTRATOR, source));
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** A row of the chain with the hash it continues, so that a part of the chain can be recomputed as well. */
function linkOf({ seq, at, audit, members, hash }: LogRow, log: LogReading): string {
  return `${JSON.stringify({ seq, at, previous: log.hashBefore(seq), audit, members, hash })}\n`;
}

function intervalOf(text: string, flag: string): { readonly low: number; readonly high: number } {
  const interval = parseSearchDate(text);
  if (interval === undefined) throw new UsageError(`${flag} ${text} is not a date.`);
  return interval;
}

/** Waits while the reader is slow: an export may be larger than memory. */
async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}

function print(text: string): number {
  process.stdout.write(text);
  return EXIT.done;
}
