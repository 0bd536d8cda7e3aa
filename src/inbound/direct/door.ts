/**
 * The door for Direct mail, as the rail and the roof know it. What waits, and what a person does about a mail, are those of
 * the door for messages: a mail is one more way by which a message comes.
 */
import type { PackageLimits } from '../../direct/xdm/read-package.ts';
import type { Ref } from '../../fhir/types.ts';
import type { MessageActions } from '../../operations/extended/message-actions.ts';
import type { DirectAddress, DirectMail, ReceiveDirect } from '../../ports/direct.ts';
import type { LogFault, MessageSettings } from '../../ports/inbound.ts';

export interface DirectParts {
  readonly settings: MessageSettings;
  /** Of the packages in mails. */
  readonly limits: PackageLimits;
  readonly log: LogFault;
}

export interface DirectDoor {
  /**
   * Puts the fate of a mail on disk, in one commit with the notifications that are owed for it (OWED_DISPOSITION). Never
   * rejects: `not-kept` says that nothing is on disk, and that the mail must come again.
   */
  readonly receive: ReceiveDirect;
  /** A package that its recipient brings. */
  readonly bring: MessageActions['bring'];
  /** The member that is reached by this address: it is that of its own verified Endpoint. Undefined: none, or several. */
  readonly memberOf: (address: DirectAddress) => Promise<Ref | undefined>;
  /** For whom a mail takes its turn among all that is done here: its sender where it is known, else its receiver. */
  readonly turnOf: (mail: Pick<DirectMail, 'from' | 'to' | 'distrust'>) => Promise<string>;
}
