/** The audit package of an organization, from the folder of a server that does not run (audit-compliance AU15, AU19). */
import { userInfo } from 'node:os';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseSearchDate } from '../../src/fhir/datetime.ts';
import type { Ref } from '../../src/fhir/types.ts';
import { createLog } from '../../src/http/log.ts';
import { readRegisterSheet, type RegisterSheet } from '../../src/operations/vendors/register-sheet.ts';
import type { PackageQuery } from '../../src/ports/audit-packages.ts';
import type { AuditEntry } from '../../src/ports/store.ts';
import { localRefOf, typeOf } from '../../src/resources/element.ts';
import { auditKeyFile, openAuditSigner } from '../../src/server/audit-key.ts';
import { PackageRefused, writePackage } from '../../src/server/audit-package.ts';
import { databaseOf, openConfiguredStore } from '../../src/server/compose-store.ts';
import type { Config } from '../../src/server/config.ts';
import { readLog } from '../../src/stores/embedded/log-reading.ts';
import { Trouble, UsageError } from '../command.ts';

/** What the command line says of a package, as texts. */
export interface PackageFlags {
  readonly for: string | undefined;
  readonly organization: string | undefined;
  readonly patient: string | undefined;
  readonly referral: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly out: string | undefined;
}

/** @throws UsageError, Trouble */
export async function exportPackage(flags: PackageFlags, config: Config, anchors: string): Promise<void> {
  if (flags.for !== 'ocr') throw new UsageError('--for ocr is the only package there is.');
  const { out } = flags;
  if (out === undefined) throw new UsageError('--out names the folder of the package.');
  const query = readQuery(flags);
  const base = config.publicBaseUrl;
  // Opening makes a store where there is none, and a package of it would say that nothing had happened.
  if (databaseOf(config) === undefined) readLog(config.dataDir).close();
  const vendors = await recordExport(query, config);
  const files = await writePackage(out, query, {
    folder: config.dataDir,
    anchors,
    signer: openAuditSigner(auditKeyFile(config)),
    source: base === undefined ? { name: 'closeloop' } : { name: base, base },
    version: versionOf(),
    askedBy: userInfo().username,
    vendors,
    now: Date.now(),
  }).catch((error: unknown) => {
    throw error instanceof PackageRefused ? new Trouble(error.message) : error;
  });
  console.log(`${files.length} files in ${out}`);
}

function readQuery({ organization, patient, referral, from, to }: PackageFlags): PackageQuery {
  if (from === undefined || to === undefined) throw new UsageError('--from and --to are needed.');
  const period = { from: intervalIn('--from', from).low, to: intervalIn('--to', to).high };
  if (period.to < period.from) throw new UsageError('--to is not before --from.');
  return {
    organization: refIn('--organization', organization, ['Organization']),
    ...period,
    ...(patient !== undefined && { patient: refIn('--patient', patient, ['Patient']) }),
    ...(referral !== undefined && { referral: refIn('--referral', referral, ['ServiceRequest', 'Task']) }),
  };
}

function refIn(flag: string, text: string | undefined, types: readonly string[]): Ref {
  const ref = localRefOf(text ?? '');
  if (ref !== undefined && types.includes(typeOf(ref))) return ref;
  throw new UsageError(`${flag} is a reference to ${types.join(' or ')}, as in ${types[0]}/id.`);
}

function intervalIn(flag: string, text: string): { readonly low: number; readonly high: number } {
  const interval = parseSearchDate(text);
  if (interval === undefined) throw new UsageError(`${flag} ${text} is not a date.`);
  return interval;
}

/**
 * The export is on record before its first byte, and the register is read with the same store. A server that runs has the
 * folder to itself, and exports by its operation.
 */
async function recordExport(query: PackageQuery, config: Config): Promise<RegisterSheet> {
  const log = createLog('error', (lines) => process.stderr.write(lines), Date.now);
  const store = await openConfiguredStore(config, {}, { log });
  try {
    await store.record(auditExport(query, userInfo().username));
    const source = { store, now: Date.now(), partyKindDefault: config.partyKindDefault };
    return await readRegisterSheet(source, query, new AbortController().signal);
  } finally {
    await store.close();
  }
}

function auditExport(
  { organization, patient, referral, from, to }: PackageQuery,
  subject: string,
): AuditEntry {
  const period = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
  return {
    event: 'export',
    action: 'R',
    outcome: '0',
    agent: { organization: '', client: 'audit export', subject },
    requestId: randomUUID(),
    entities: [organization, ...(referral === undefined ? [] : [referral])],
    patients: patient === undefined ? [] : [patient],
    query: `$audit-package?${period}`,
    viewers: [organization],
  };
}

function versionOf(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version; // ours
}
