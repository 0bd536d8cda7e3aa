/** A message that was processed: the draft with everything it changes, and the verdict about it. */
import type { Identifier, Ref } from '../fhir/types.ts';
import type { Draft } from '../operations/write/draft.ts';
import type { ArchivedMessage } from './archive.ts';
import type { MessageVerdict } from './fate.ts';
import type { OpenItem } from './work-items.ts';

export interface ProcessedMessage {
  readonly draft: Draft;
  readonly verdict: MessageVerdict;
  /** The referral's number, where it could be read. */
  readonly number: Identifier | undefined;
  /** When its sender wrote it, as a FHIR dateTime. */
  readonly sentAt: string | undefined;
  readonly archived: ArchivedMessage;
}

/** What the server knows of a message beside its content. */
export interface KnownBeside {
  /** The verdict, where it is decided already. */
  readonly given?: MessageVerdict;
  /** Where the message was archived when it came, and the work item about it. */
  readonly earlier?: { readonly archived: ArchivedMessage; readonly item: OpenItem };
  /** The order that a person says the message is about. */
  readonly request?: Ref | undefined;
  /** The archived message that this one corrects. */
  readonly replaces?: Ref;
  /** The organization whose person had the message tried again. */
  readonly by?: Ref | undefined;
}
