/**
 * The bytes of stored Binaries, for whoever works with them: of a large one they are in a file beside the log, of a small one
 * in its text (ADR 0041).
 */
import type { Resource } from '../fhir/types.ts';
import type { StoredFile } from '../ports/files.ts';
import type { Snapshot } from '../ports/store.ts';
import { fileOf, storedFileOf, withData, type PlacedFile } from '../ports/stored-file.ts';
import { parseStored } from '../ports/stored-resource.ts';

type Reads = Pick<Snapshot, 'openFile'>;

/** All bytes of a stored Binary, by its text; none where it has no content. @throws FileLost */
export async function bytesOfBinary(reads: Reads, text: string): Promise<Buffer> {
  const file = storedFileOf(text);
  if (file !== undefined) return wholeFile(reads, file);
  const { data = '' } = parseStored<{ readonly data?: string }>(text);
  return Buffer.from(data, 'base64');
}

/**
 * A stored Binary with its bytes in it, for what must be held whole: a message, a package, a document. Any other resource, and
 * one whose bytes are more, stay as they are.
 *
 * @throws FileLost
 */
export async function withBytes(reads: Reads, resource: Resource, bytesMax = Infinity): Promise<Resource> {
  const file = resource.resourceType === 'Binary' ? fileOf(resource) : undefined;
  if (file === undefined || file.size > bytesMax) return resource;
  return withData(resource, await readBase64(reads, file));
}

/** The text with the bytes in the place of their file. @throws FileLost */
export async function fillPlace(reads: Reads, text: string, file: PlacedFile): Promise<string> {
  if (!text.includes(file.place)) return text;
  const data = await readBase64(reads, file);
  return text.replace(file.place, () => data);
}

const readBase64 = async (reads: Reads, file: StoredFile): Promise<string> =>
  (await wholeFile(reads, file)).toString('base64');

/** All bytes of a file at once. @throws FileLost */
export async function wholeFile({ openFile }: Reads, file: StoredFile): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(file.size);
  let at = 0;
  for await (const chunk of await openFile(file)) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
