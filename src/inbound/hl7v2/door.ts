/** The door for HL7 v2 messages, as the rail, the operations and the roof know it. */
import type { Link } from '../../hl7v2/link.ts';
import type { Receive, TakeApart } from '../../hl7v2/received.ts';
import type { MessageActions } from '../../operations/extended/message-actions.ts';
import type { LogFault, MessageSettings } from '../../ports/inbound.ts';
import type { WaitingMessages } from '../waiting.ts';

export interface ReceiveParts {
  readonly settings: MessageSettings;
  /** The links as they are configured now: archived messages name theirs. */
  readonly links: () => readonly Link[];
  readonly log: LogFault;
}

export interface MessageDoor {
  readonly receive: Receive;
  readonly takeApart: TakeApart;
  readonly waiting: WaitingMessages;
  /** What a person may do about a message. */
  readonly actions: Omit<MessageActions, 'bring'>;
}
