/** The two parties of a referral Task, and which of them the caller is. An actor is a party, not a user (rules 1.8). */
import type { Ref, Resource } from '../../fhir/types.ts';
import { isReferralTask, wasSent } from '../../referral/state.ts';
import type { Party } from '../../referral/transitions.ts';
import type { RuleContext } from '../rules.ts';

export interface Parties {
  readonly initiator: Ref | undefined;
  readonly recipient: Ref | undefined;
}

export async function partiesOf(task: Resource, context: RuleContext): Promise<Parties> {
  return {
    initiator: await context.partyOf(task['requester']),
    recipient: await context.partyOf(task['owner']),
  };
}

/** The parties for which the acting organization acts: none, one, or both. */
export function actorsOf({ initiator, recipient }: Parties, { actor }: RuleContext): ReadonlySet<Party> {
  const actors = new Set<Party>();
  if (actor !== undefined && actor === initiator) actors.add('referralInitiator');
  if (actor !== undefined && actor === recipient) actors.add('referralRecipient');
  return actors;
}

/**
 * The organizations to which a referral reaches: both parties once it was sent, until then only its initiator (G11).
 */
export async function taskParties(task: Resource, context: RuleContext): Promise<readonly Ref[]> {
  if (!isReferralTask(task)) return [];
  const { initiator, recipient } = await partiesOf(task, context);
  const parties = wasSent(task) ? [initiator, recipient] : [initiator];
  return parties.filter((party) => party !== undefined);
}
