/** Reads an XDM package that anybody may have made (ITI-32; direct-xdm 7, 360x 5). */
import { BrokenPackage } from './broken-package.ts';
import { expandFile } from './expand.ts';
import { packageFault, type PackageFault, type PackageFaultCode } from './faults.ts';
import { findDocument, findMetadata, joinUri } from './find-files.ts';
import { isOfReferral, readSubmission, uniqueIdOf, type FiledEntry } from './read-metadata.ts';
import { readZip, type ZipEntry, type ZipLimits } from './read-zip.ts';
import { readRegistry, valueOf, valuesIn, type RegistryObject, type RegistrySet } from './registry.ts';
import type { ReceivedSubmission } from './submission.ts';
import { sha1Of } from './write-metadata.ts';

export interface PackageLimits extends ZipLimits {
  /** Of METADATA.XML. */
  readonly metadataBytes: number;
}

/** What 360X and we take (360x 5): the bytes of the archive, of what is in it, and its files and folders. */
export const PACKAGE_LIMITS: PackageLimits = {
  bytes: 20_000_000,
  expandedBytes: 200_000_000,
  entries: 200,
  metadataBytes: 2_000_000,
};

/**
 * A package, and what its sender could do better: sentences without anything of a patient. Or a fault; one that weighs
 * `quarantine` comes with what was read, for people to look at, never to be applied.
 */
export type PackageReading =
  | {
      readonly kind: 'package';
      readonly submission: ReceivedSubmission;
      readonly remarks: readonly string[];
    }
  | { readonly kind: 'fault'; readonly fault: PackageFault; readonly submission?: ReceivedSubmission };

/** Files of METADATA.XML that are read at most. */
const METADATA_MAX = 20;

/** Reads a package. It never rejects, whatever the bytes are. */
export async function readXdm(
  archive: Uint8Array,
  limits: PackageLimits = PACKAGE_LIMITS,
): Promise<PackageReading> {
  try {
    return await read(archive, limits);
  } catch (error) {
    // What no reader foresaw is a fault of the package all the same: nothing else came in.
    const fault = error instanceof BrokenPackage ? error.fault : packageFault('inconsistent');
    return { kind: 'fault', fault };
  }
}

/** A set with the METADATA.XML that it stood in. */
interface FoundSet extends RegistrySet {
  readonly metadata: ZipEntry;
}

async function read(archive: Uint8Array, limits: PackageLimits): Promise<PackageReading> {
  const files = await readZip(archive, limits);
  const { chosen, isAlone } = chooseSet(await readSets(archive, files, limits));
  const uniqueId = uniqueIdOf(chosen);
  if (uniqueId === undefined) throw new BrokenPackage('no-submission-set');
  const filed = await fileEntries(archive, files, chosen);
  const { submission, remarks, fault } = readSubmission(chosen, uniqueId, filed);
  const first = isAlone ? (missingIn(chosen.entries) ?? fault) : packageFault('several-sets');
  if (first !== undefined) return { kind: 'fault', fault: first, submission };
  return { kind: 'package', submission, remarks };
}

async function readSets(
  archive: Uint8Array,
  files: readonly ZipEntry[],
  limits: PackageLimits,
): Promise<readonly FoundSet[]> {
  const found = findMetadata(files);
  if (found.length === 0) throw new BrokenPackage('no-metadata');
  if (found.length > METADATA_MAX) throw new BrokenPackage('too-many-files');
  const sets: FoundSet[] = [];
  for (const metadata of found) {
    if (metadata.size > limits.metadataBytes) throw new BrokenPackage('too-large');
    const read = await readRegistry(await expandFile(archive, metadata), limits.entries);
    sets.push(...read.map((set) => ({ ...set, metadata })));
  }
  return sets;
}

/** The only set, or the only one that is about a referral; else the first, for people to look at (direct-xdm 7). */
function chooseSet(sets: readonly FoundSet[]): { readonly chosen: FoundSet; readonly isAlone: boolean } {
  const [first] = sets;
  if (first === undefined) throw new BrokenPackage('no-submission-set');
  const [referral, another] = sets.filter(isOfReferral);
  if (sets.length === 1) return { chosen: first, isAlone: true };
  return { chosen: referral ?? first, isAlone: referral !== undefined && another === undefined };
}

/** The file of each entry, whose size and hash are those that the entry says. */
async function fileEntries(
  archive: Uint8Array,
  files: readonly ZipEntry[],
  { entries, metadata }: FoundSet,
): Promise<readonly FiledEntry[]> {
  const byKey = new Map(files.map((file) => [file.key, file]));
  // Several entries may name one file, which is expanded once.
  const expanded = new Map<ZipEntry, { readonly bytes: Uint8Array; readonly hash: string }>();
  const filed: FiledEntry[] = [];
  for (const entry of entries) {
    const file = findDocument(byKey, metadata, joinUri(valuesIn(entry.slots, 'URI')) ?? '');
    if (file === undefined) throw new BrokenPackage('file-missing');
    const known = expanded.get(file) ?? (await expandAndHash(archive, file));
    expanded.set(file, known);
    checkFile(entry, known);
    filed.push({ entry, ...known });
  }
  return filed;
}

async function expandAndHash(
  archive: Uint8Array,
  file: ZipEntry,
): Promise<{ readonly bytes: Uint8Array; readonly hash: string }> {
  const bytes = await expandFile(archive, file);
  return { bytes, hash: sha1Of(bytes) };
}

/** @throws BrokenPackage where size or hash are given, and are those of another file */
function checkFile(
  entry: RegistryObject,
  { bytes, hash }: { readonly bytes: Uint8Array; readonly hash: string },
): void {
  const size = valueOf(entry, 'size');
  if (size !== undefined && !(/^\d{1,12}$/.test(size) && Number(size) === bytes.length))
    throw new BrokenPackage('size-differs');
  const expected = valueOf(entry, 'hash')?.toLowerCase();
  if (expected !== undefined && expected !== hash) throw new BrokenPackage('hash-differs');
}

/** What an entry has to say of its file, and does not. */
function missingIn(entries: readonly RegistryObject[]): PackageFault | undefined {
  const lacks = (slot: string): boolean => entries.some((entry) => valueOf(entry, slot) === undefined);
  const code: PackageFaultCode | undefined = lacks('hash')
    ? 'hash-missing'
    : lacks('size')
      ? 'size-missing'
      : undefined;
  return code === undefined ? undefined : packageFault(code);
}
