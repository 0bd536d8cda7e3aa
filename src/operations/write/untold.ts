/** What a refused write was about to tell, for the audit of the refusal (baa-messaging MS52): "tried three times, never left". */
import { fileHashesOf } from '../../delivery/file-hashes.ts';
import type { Untold } from '../../fhir/issue.ts';
import { referencesOf } from '../../fhir/references-of.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Decision } from '../../policies/index.ts';
import { localRefOf } from '../../resources/element.ts';
import { filesIn } from '../../resources/files-in.ts';

/** References that the audit of a refusal names. */
const UNTOLD_MAX = 50;

interface RefusedContent {
  readonly content: Resource;
  readonly to: Ref;
}

export async function untoldBy(
  { content, to }: RefusedContent,
  decisions: readonly Decision[],
): Promise<Untold> {
  const named = referencesOf(content).flatMap(({ text }) => localRefOf(text) ?? []);
  const { fileHashes = [] } = await fileHashesOf(filesIn(JSON.stringify(content)));
  const deciding = decisions.flatMap(({ agreement: { contract, version } = {} }) =>
    contract === undefined || version === undefined ? [] : [`${contract}/_history/${version}`],
  );
  return {
    to,
    what: [...new Set(named)].slice(0, UNTOLD_MAX),
    fileHashes,
    deciding: [...new Set(deciding)],
  };
}
