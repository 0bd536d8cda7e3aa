/** What a message came in, where it did not come by itself: a Direct mail with an XDM package (direct-xdm 8). */
import type { Ref } from '../../fhir/types.ts';
import type { Remark } from '../../ports/inbound.ts';
import type { Draft } from '../../operations/write/draft.ts';
import type { ArchiveContent, Assembler } from '../archive.ts';
import type { MessageVerdict } from '../fate.ts';

/** A document beside the message. */
export interface CarriedDocument {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly title: string | undefined;
  /** A clinical document (CDA), by its root element. */
  readonly isClinical: boolean;
}

export interface Carried {
  /** What is archived in place of the message; undefined for a message that a person corrected. */
  readonly content: (() => Promise<ArchiveContent>) | undefined;
  readonly assembler: Assembler;
  readonly documents: readonly CarriedDocument[];
  /** What was found about the carrier; it flags, and decides nothing. */
  readonly remarks: readonly Remark[];
  /** Whether a person is asked about these remarks. */
  readonly isFlagged: boolean;
  /** A statement of 42 CFR 2.32 stands in the mail (compliance P33). */
  readonly isNoticed: boolean;
  /** The organization that brought it, where its sender's own way did not. */
  readonly broughtBy: Ref | undefined;
  /** What the carrier decides by itself: the message in it, if any, is not applied. */
  readonly verdict: MessageVerdict | undefined;
  /** Why its sender is nobody whom the receiver knows, and what to do about it; undefined where it is known. */
  readonly ofUnknown: string | undefined;
  /** Plans the party that its request makes known; undefined for a sender that is known, or stays unknown. */
  readonly introduce: ((draft: Draft) => void) | undefined;
  /** Plans what is to be known of the order that its request makes: by which Endpoint it came. */
  readonly noteRequest: (draft: Draft, order: Ref) => void;
}
