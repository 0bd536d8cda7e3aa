/** Notes in a message under which agreement each recipient was told (baa-messaging BA15): the answer to "was it covered then?". */
import type { PairStanding } from '../../agreements/pair.ts';
import type { Ref } from '../../fhir/types.ts';
import { withAgreement } from '../../messaging/extensions.ts';
import { readStored } from '../write/preview.ts';
import { replan, type Draft } from '../write/draft.ts';

/** @param agreement undefined: none was asked for */
export async function noteAgreement(
  draft: Draft,
  message: Ref,
  agreement: PairStanding | undefined,
): Promise<void> {
  if (agreement?.contract === undefined) return;
  const { contract, state, principal, associate } = agreement;
  // A Contract of the same commit has no version yet.
  const version = draft.planned.has(contract) ? undefined : (await readStored(draft.snapshot, contract))?.seq;
  const versioned = version === undefined ? contract : `${contract}/_history/${version}`;
  replan(draft, message, (tree) => withAgreement(tree, { contract: versioned, state, principal, associate }));
}
