/** A format of messages, such as HL7 v2, as the room's root uses it: to read archived messages, and to process them again. */
import type { Draft } from '../operations/write/draft.ts';
import type { Snapshot } from '../ports/store.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { KnownBeside, ProcessedMessage } from './processed-message.ts';
import type { OpenItem } from './work-items.ts';

export interface MessageFormat<Message extends InboundMessage = InboundMessage> {
  /** The message of a work item as it came in; undefined when its link is configured no more, or its bytes were changed. */
  read(
    snapshot: Snapshot,
    item: Pick<OpenItem, 'document' | 'link' | 'receivedAt'>,
  ): Promise<Message | undefined>;
  /**
   * Processes a message on a draft that `open` opens.
   *
   * @throws what is no refusal of the message: the store's errors, and defects
   */
  process(open: () => Draft, message: Message, beside: KnownBeside): Promise<ProcessedMessage>;
  /** Puts right what newer messages did before this one, which was applied after them. */
  reapplyNewer(older: ProcessedMessage): Promise<void>;
}
