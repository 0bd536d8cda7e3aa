/** How who asks and a recipient stand, as it is stored. */
import { ASSOCIATE, isAssociate } from '../../../agreements/applies.ts';
import { readAgreement, storedContracts } from '../../../delivery/agreements.ts';
import { findDealing, type Dealing } from '../../../delivery/disclosure.ts';
import { readKinds, readSameArrangement, readSameEntity } from '../../../delivery/party-facts.ts';
import type { Ref } from '../../../fhir/types.ts';
import type { Snapshot } from '../../../ports/store.ts';
import type { OperationContext } from '../../context.ts';

export interface Relation {
  /** Undefined: no agreement has to be in force between the two. */
  readonly dealing: Dealing | undefined;
  /** Who asks works for others, and learns of nothing but its own agreements (PF3). */
  readonly isAskedByAssociate: boolean;
  /** The recipient works for others, whatever else it is. */
  readonly isToldAsAssociate: boolean;
}

export async function readRelation(
  { settings }: Pick<OperationContext, 'settings'>,
  snapshot: Snapshot,
  { from, to, now }: { readonly from: Ref; readonly to: Ref; readonly now: number },
): Promise<Relation> {
  const { partyKindDefault } = settings;
  const kindsOf = (organization: Ref, discloser: Ref) =>
    readKinds(snapshot, organization, discloser, partyKindDefault);
  const dealing = await findDealing(
    {
      kindsOf,
      isSameEntity: (one, other) => readSameEntity(snapshot, one, other),
      isSameArrangement: (one, other) => readSameArrangement(snapshot, one, other),
      agreementOf: (one, other, at) => readAgreement(storedContracts(snapshot), one, other, at),
    },
    from,
    to,
    now,
  );
  return {
    dealing,
    isAskedByAssociate: isAssociate(await kindsOf(from, from)),
    isToldAsAssociate: (await kindsOf(to, from)).has(ASSOCIATE),
  };
}
