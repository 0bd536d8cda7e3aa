/**
 * The door for Direct mail, as the rail and the roof know it. What waits, and what a person does about a mail, are those of
 * the door for messages: a mail is one more way by which a message comes.
 */
import type { ReceiveDirect } from '../../ports/direct.ts';

export interface DirectDoor {
  /**
   * Puts the fate of a mail on disk, in one commit with the notifications that are owed for it (OWED_DISPOSITION). Never
   * rejects: `not-kept` says that nothing is on disk, and that the mail must come again.
   */
  readonly receive: ReceiveDirect;
}
