/**
 * Finds the event of a message in the table of transactions (referral/transactions.ts). The definition of a message says
 * whose events it has: some engines send other messages than 360X for an event.
 */
import type { State } from '../../referral/state.ts';
import { eventOfMessage } from '../../referral/transactions.ts';
import type { Event, Party } from '../../referral/transitions.ts';
import type { Meant } from './message-definition.ts';

export interface Said {
  /** ORC-1, or what counts instead; '' when empty or absent. */
  readonly orderControl: string;
  /** ORC-5; '' when empty or absent. */
  readonly orderStatus: string;
  /** Whether a note of the referral came before. */
  readonly hasDocument: boolean;
  /** The sender's party; undefined when it is not known, and then the party to which the event belongs. */
  readonly sender: Party | undefined;
  /** The state of the referral; undefined when the server knows no such referral. */
  readonly state: State | undefined;
}

export type Meaning =
  | { readonly event: Event }
  | { readonly event: 'status-ping' | 'none' }
  /** The event would be the other party's. */
  | { readonly event: 'none'; readonly belongsTo: Party };

const PARTIES: readonly Party[] = ['referralInitiator', 'referralRecipient'];

export function meaningOf({ message, isPing }: Pick<Meant, 'message' | 'isPing'>, said: Said): Meaning {
  const { orderControl, orderStatus, hasDocument: document, state = 'received' } = said;
  const eventOf = (sender: Party) =>
    eventOfMessage({ message, sender, orderControl, orderStatus, document, state });
  const senders = said.sender === undefined ? PARTIES : [said.sender];
  const event = senders.map(eventOf).find((found) => found !== undefined);
  if (event !== undefined) return { event };
  const belongsTo = PARTIES.find((party) => eventOf(party) !== undefined);
  if (belongsTo !== undefined) return { event: 'none', belongsTo };
  return { event: isPing?.(orderControl, orderStatus) === true ? 'status-ping' : 'none' };
}
