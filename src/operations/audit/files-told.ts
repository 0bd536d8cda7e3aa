/** The hashes of the files that an organization is shown of what others keep, for the row of its read (baa-messaging MS51). */
import { fileHashesOf } from '../../delivery/file-hashes.ts';
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry } from '../../ports/audit.ts';
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
