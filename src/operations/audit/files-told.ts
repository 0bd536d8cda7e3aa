/** The hashes of the files that an organization is shown of what others keep, for the row of its read (baa-messaging MS51). */
import { wholeFile } from '../../delivery/binary-bytes.ts';
import { fileHashesOf, isArchive } from '../../delivery/file-hashes.ts';
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { PlacedFile } from '../../ports/stored-file.ts';
import { filesIn } from '../../resources/files-in.ts';
import { actorOf, type Caller, type Reply } from '../request.ts';
import type { Seen } from '../seen.ts';

type Hashes = Pick<AuditEntry, 'fileHashes'>;

/** A text as it is shown, masked where it is. */
interface ShownText {
  readonly custodian: Ref | '' | undefined;
  readonly text: string;
}

export const filesTold = (caller: Caller, shown: Iterable<ShownText>): Promise<Hashes> =>
  fileHashesOf(filesOfOthers(caller, shown));

const NO_HASHES: Hashes = {};

/**
 * The same for one text, of which a file is streamed: its hash is known, and an archive is read for what it holds. At once
 * for what is the caller's own.
 */
export function fileTold(
  caller: Caller,
  told: ShownText,
  file: PlacedFile | undefined,
  reads: Pick<Snapshot, 'openFile'>,
): Hashes | Promise<Hashes> {
  if (!isOfOthers(caller, told.custodian)) return NO_HASHES;
  return file === undefined || !told.text.includes(file.place)
    ? filesTold(caller, [told])
    : hashesOfStreamed(file, reads);
}

async function hashesOfStreamed(file: PlacedFile, reads: Pick<Snapshot, 'openFile'>): Promise<Hashes> {
  for await (const beginning of await reads.openFile(file, { from: 0, to: BEGINNING_BYTES }))
    if (isArchive(beginning)) return fileHashesOf([await wholeFile(reads, file)]);
  return { fileHashes: [file.sha256] };
}

/** Bytes by which an archive is known. */
const BEGINNING_BYTES = 4;

/** One text after the other: their files together may be large. */
function* filesOfOthers(caller: Caller, shown: Iterable<ShownText>): Generator<Uint8Array> {
  for (const { custodian, text } of shown) if (isOfOthers(caller, custodian)) yield* filesIn(text);
}

/** The same of the reply of an operation, be it FHIR or a file of another type. */
export async function filesOfReply(
  caller: Caller,
  { text, content }: Pick<Reply, 'text' | 'content'>,
  seen: readonly Seen[],
): Promise<Hashes> {
  if (!seen.some(({ custodian }) => isOfOthers(caller, custodian))) return {};
  const files = text?.startsWith('{') === true ? filesIn(text) : [];
  return fileHashesOf(content === undefined ? files : [content.bytes, ...files]);
}

const isOfOthers = (caller: Caller, custodian: Ref | '' | undefined): boolean =>
  custodian !== undefined && custodian !== '' && custodian !== actorOf(caller);
