/** The bytes of a stored Binary. */
import { wholeFile } from '../../delivery/binary-bytes.ts';
import type { Snapshot } from '../../ports/store.ts';
import { storedFileOf } from '../../ports/stored-file.ts';
import { parseStored } from '../../ports/stored-resource.ts';

/** The content of a version of a Binary, from its file where it has one; empty where it has none. @throws FileLost */
export async function bytesOfBinary(
  reads: Pick<Snapshot, 'openFile'>,
  { text }: { readonly text: string },
): Promise<Buffer> {
  const file = storedFileOf(text);
  if (file !== undefined) return wholeFile(reads, file);
  const { data = '' } = parseStored<{ readonly data?: string }>(text);
  return Buffer.from(data, 'base64');
}
