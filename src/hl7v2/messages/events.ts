/**
 * Finds the event of a message. Some engines send other messages than 360X for an event; these are rows here. The table
 * of transactions (referral/transactions.ts) has the rest.
 */
import type { State } from '../../referral/state.ts';
import { eventOfMessage, type MessageType } from '../../referral/transactions.ts';
import type { Event, Party } from '../../referral/transitions.ts';
import type { MessageName } from './reading.ts';

export interface Said {
  readonly message: MessageName;
  /** ORC-1; '' when empty or absent. */
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

interface Form {
  readonly message: MessageName;
  readonly orderControl?: string;
  readonly means: MessageType;
}

/**
 * A request is a new order; withdrawing it is the cancel request that 360X sends as OSU. The first row that fits
 * decides.
 */
// prettier-ignore
const TOLERATED: readonly Form[] = [
  { message: 'OMG^O19', orderControl: 'CA', means: 'OSU^O51' },
  { message: 'ORM^O01', orderControl: 'CA', means: 'OSU^O51' },
  { message: 'ORM^O01',                     means: 'OMG^O19' },
  { message: 'SIU^S14',                     means: 'SIU^S13' },
  { message: 'SIU^S16',                     means: 'SIU^S15' },
  { message: 'SIU^S17',                     means: 'SIU^S15' },
];

const PARTIES: readonly Party[] = ['referralInitiator', 'referralRecipient'];

export function meaningOf(said: Said): Meaning {
  if (said.message === 'REF^I12') return eventOfSender(said, 'OMG^O19', 'NW');
  const form = TOLERATED.find(
    ({ message, orderControl = said.orderControl }) =>
      message === said.message && orderControl === said.orderControl,
  );
  const message = form?.means ?? (said.message as MessageType); // ADT and MDM have no row there, and mean no event.
  return eventOfSender(said, message, said.orderControl);
}

function eventOfSender(said: Said, message: MessageType, orderControl: string): Meaning {
  const { orderStatus, hasDocument: document, state = 'received' } = said;
  const eventOf = (sender: Party) =>
    eventOfMessage({ message, sender, orderControl, orderStatus, document, state });
  const senders = said.sender === undefined ? PARTIES : [said.sender];
  const event = senders.map(eventOf).find((found) => found !== undefined);
  if (event !== undefined) return { event };
  const belongsTo = PARTIES.find((party) => eventOf(party) !== undefined);
  if (belongsTo !== undefined) return { event: 'none', belongsTo };
  return { event: isPing(message, orderControl, orderStatus) ? 'status-ping' : 'none' };
}

/** Whether a status is a sign of life (rules 7.4): in process, and nothing else with it. */
const isPing = (message: MessageType, orderControl: string, orderStatus: string): boolean =>
  message === 'OSU^O51' && orderControl === 'SC' && (orderStatus === 'IP' || orderStatus === '');
