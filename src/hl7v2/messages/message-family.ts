/** What the messages of one MSH-9.1 have in common, and what names a message. */
import type { Ei } from '../datatypes.ts';
import type { Message } from '../message.ts';

/** The columns of the table of findings. */
export const FINDING_COLUMNS = ['OMG', 'OSU', 'SIU', 'MDM', 'ORM', 'REF', 'ADT'] as const;
type FindingColumn = (typeof FINDING_COLUMNS)[number];

/** A place of the numbers of an order. */
export interface NumberPlace {
  /** The field of the placer's number: `ORC-2`. */
  readonly placer: string;
  read(message: Message): { readonly placer?: Ei | undefined; readonly filler?: Ei | undefined };
}

export interface MessageFamily {
  /** The column of the table of findings by which the server judges the message. */
  readonly findings: FindingColumn;
  /** The column for a message that does not name the profile 360X, where it is another one. */
  readonly plainFindings?: FindingColumn;
  /** Whether 360X profiles the message (MSH-21). */
  readonly isProfiled: boolean;
  /** Where the number of the referral may stand, the best place first. */
  readonly numbers: readonly NumberPlace[];
  /** Whether the message makes a referral, so that a number without an authority is the sender's. */
  readonly makesReferral: boolean;
  /** Fields that v2.5.1 requires, and that no other finding asks for. */
  readonly required: readonly string[];
  /** The rows of fields-taken.ts that hold for it: a word of their first column. */
  readonly taken: string;
  /** Places that this family alone reads, as fields-taken.ts writes them. */
  readonly alsoTaken?: string;
  /** What its NTE and OBX belong to. */
  readonly holds?: 'order' | 'note';
}

/** What names a message. */
export interface MessageIdentity {
  /** MSH-9.1 and MSH-9.2. */
  readonly name: string;
  /** MSH-9.3 as engines send it; the server sends the first. */
  readonly structures: readonly [string, ...string[]];
  readonly family: MessageFamily;
}
