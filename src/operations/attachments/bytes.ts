/** The bytes of a stored Binary. */
import type { Version } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';

/** The content of a version of a Binary; empty where it has none. */
export async function bytesOfBinary({
  text,
}: { readonly text: string } & Pick<Version, 'ref'>): Promise<Buffer> {
  const { data = '' } = parseStored<{ readonly data?: string }>(text);
  return Buffer.from(data, 'base64');
}
