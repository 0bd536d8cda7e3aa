/** What the acknowledgments of an entry's messages show of its delivery (routing section 3). */
import type { DeliveryEvidence, EvidenceKind } from '../../ports/delivered.ts';
import type { Acknowledged } from './peer.ts';

/** A message of the entry that was written to the connection, with its answer; undefined: this link has none. */
export interface SentMessage {
  readonly controlId: string;
  readonly answer: Acknowledged | undefined;
  /** Instant of the answer, else of the writing. */
  readonly at: string;
}

/** By MSA-1, from what shows least: an entry has come as far as the message of it that came least far. */
const ACCEPTING: Readonly<Record<string, EvidenceKind>> = { CA: 'msa-ca', AA: 'msa-aa' };
const REFUSING: Readonly<Record<string, EvidenceKind>> = { AE: 'msa-ae', CE: 'msa-ce' };
const WEAKEST_FIRST: readonly EvidenceKind[] = ['written-unacknowledged', 'msa-ca', 'msa-aa'];

/** `sent`: those that were written, in order; only the last of them may have been refused. */
export function evidenceOfMessages(sent: readonly SentMessage[]): readonly DeliveryEvidence[] {
  const [first] = sent;
  const last = sent.at(-1);
  if (first === undefined || last === undefined) return [];
  const flushed: DeliveryEvidence = { kind: 'flushed', at: first.at, source: first.controlId };
  const refused = REFUSING[last.answer?.code ?? ''];
  if (refused === undefined) {
    const answers = sent.map((one) => evidenceOf(one, acceptedKind(one)));
    const weakest = WEAKEST_FIRST.flatMap((kind) => answers.filter((one) => one.kind === kind))[0];
    return weakest === undefined ? [flushed] : [flushed, weakest];
  }
  // Of several messages, the receiver has those before the one that it refused.
  const partial: DeliveryEvidence = { kind: 'partial', at: last.at, source: last.controlId };
  return [flushed, evidenceOf(last, refused), ...(sent.length > 1 ? [partial] : [])];
}

const acceptedKind = ({ answer }: SentMessage): EvidenceKind =>
  (answer && ACCEPTING[answer.code]) ?? 'written-unacknowledged';

const evidenceOf = ({ controlId, answer, at }: SentMessage, kind: EvidenceKind): DeliveryEvidence => ({
  kind,
  at,
  source: controlId,
  ...(answer !== undefined && { hash: answer.hash }),
});
