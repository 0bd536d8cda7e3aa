/** The functions of the inbound side that operations on work items about messages call. */
import type { DirectAddress } from '../../ports/direct.ts';
import type { MessageFate } from '../../ports/inbound.ts';
import type { Reply, Request } from '../request.ts';

/** The meaning of a code of a link. */
export interface MappedCode {
  readonly system: string;
  readonly code: string;
  readonly display: string | undefined;
}

/** An XDM package with a message of 360X, and whom its metadata name as author and recipient. */
export interface BroughtPackage {
  readonly archive: Uint8Array;
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Milliseconds since 1970. */
  readonly sentAt: number | undefined;
}

/**
 * What the inbound side does for operations. Each, save `bring`, resolves the work item that the request names, in one commit.
 *
 * @throws OperationOutcomeError `not-found`, `not-custodian`, or `referral-rule` for what is no open work item
 */
export interface MessageActions {
  /** Tries the kept message again. */
  replay(request: Request): Promise<Reply>;
  /** Tries the kept message again, as one about the referral that the reference names. */
  link(request: Request, referral: unknown): Promise<Reply>;
  /** Tries a corrected text, in ER7, in place of the kept message. */
  correct(request: Request, text: string): Promise<Reply>;
  /** Ends the work item and keeps the message unapplied. */
  discard(request: Request, reason: string): Promise<Reply>;
  /** Adds the row that the ConceptMap of a link lacks. */
  mapCode(request: Request, row: MappedCode): Promise<Reply>;
  /**
   * Takes a package as a mail of its author to the caller's organization; undefined where it is for another, or where its
   * author is a member, who speaks for itself.
   */
  bring(request: Request, brought: BroughtPackage): Promise<MessageFate | undefined>;
}
