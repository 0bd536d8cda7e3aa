/** The door for messages, as rails, operations and the roof know it. */
import type { Ref } from '../../fhir/types.ts';
import type { Link } from '../../hl7v2/link.ts';
import type { Receive, TakeApart } from '../../hl7v2/received.ts';
import type { MessageActions } from '../../operations/extended/message-actions.ts';
import type { ProcessedMessage } from './process-message.ts';

export interface MessageSettings {
  /** How long a message is known again (rules 7.3). */
  readonly duplicateWindowMs: number;
  /** How long a note and its status wait for each other (rules 7.4). */
  readonly pairWithinMs: number;
  /** How long a message may wait for one that comes before it (rules 7.5). */
  readonly parkMs: number;
}

export interface ReceiveParts {
  readonly settings: MessageSettings;
  /** The links as they are configured now: kept messages name theirs. */
  readonly links: () => readonly Link[];
  /** What went wrong and harms no message: a retry that failed. */
  readonly log: (says: string, about: Readonly<Record<string, string>>) => void;
}

/** The door, and what must be called now and then. */
export interface MessageDoor {
  readonly parts: ReceiveParts;
  readonly receive: Receive;
  readonly takeApart: TakeApart;
  readonly waiting: Waiting;
  readonly actions: MessageActions;
}

export interface Waiting {
  /** What a message that was settled may have made possible. Throws nothing: what waits harms nobody who does not. */
  after(settled: ProcessedMessage): Promise<void>;
  /** What a commit of somebody else may have made possible; called with what it wrote. Throws nothing. */
  touched(refs: readonly Ref[]): Promise<void>;
  /** Asks a person about what has waited too long. Throws when the store cannot be searched. A job calls it. */
  askAboutOverdue(): Promise<void>;
}
