/** What a refused write was about to tell, for the audit of the refusal (baa-messaging MS52): "tried three times, never left". */
import { fileHashesOf } from '../../delivery/file-hashes.ts';
import type { Untold } from '../../fhir/issue.ts';
import { referencesOf } from '../../fhir/references-of.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { auditedMessage, bytesOf } from '../../messaging/audited.ts';
import type { Decision } from '../../policies/index.ts';
import { fileOf } from '../../ports/stored-file.ts';
import { localRefOf, typeOf } from '../../resources/element.ts';
import { filesIn } from '../../resources/files-in.ts';

/** References that the audit of a refusal names. */
const UNTOLD_MAX = 50;

interface RefusedContent {
  readonly content: Resource;
  readonly to: Ref;
}

/** @param read a resource that the content names, as the write would leave it */
export async function untoldBy(
  { content, to }: RefusedContent,
  decisions: readonly Decision[],
  read: (ref: Ref) => Promise<Resource | undefined>,
): Promise<Untold> {
  const named = referencesOf(content).flatMap(({ text }) => localRefOf(text) ?? []);
  const texts = [JSON.stringify(content)];
  const hashes: string[] = [];
  for (const ref of new Set(named.filter((one) => typeOf(one) === 'Binary').slice(0, UNTOLD_MAX))) {
    const binary = await read(ref);
    const file = binary && fileOf(binary);
    if (file !== undefined) hashes.push(file.sha256);
    else if (binary !== undefined) texts.push(JSON.stringify(binary));
  }
  const { fileHashes = [] } = await fileHashesOf(texts.flatMap(filesIn));
  const deciding = decisions.flatMap(({ agreement: { contract, version } = {} }) =>
    contract === undefined || version === undefined ? [] : [`${contract}/_history/${version}`],
  );
  const message = auditedMessage(content, to);
  const [state] = decisions.flatMap(({ agreement }) => agreement?.state ?? []);
  return {
    to,
    what: [...new Set(named)].slice(0, UNTOLD_MAX),
    fileHashes: [...new Set([...hashes, ...fileHashes])],
    deciding: [...new Set(deciding)],
    ...(message !== undefined && {
      message: { ...message, ...(state !== undefined && { state }) },
      bytes: bytesOf(content),
    }),
  };
}
