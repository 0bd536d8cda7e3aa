/**
 * What becomes of messages, as events of their own beside the rows of their writes (baa-messaging MS50): each organization
 * that is told, each reader who says so, and that a message was blocked, taken back or retracted.
 */
import { hash } from 'node:crypto';
import type { Ref, Resource } from '../../fhir/types.ts';
import { auditedMessage, bytesOf, hashesIn, withoutRecipients } from '../../messaging/audited.ts';
import { readReceiptsIn } from '../../messaging/extensions.ts';
import { messageShape } from '../../messaging/shape.ts';
import { isUnsent } from '../../messaging/statuses.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import { localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { filesIn } from '../../resources/files-in.ts';
import type { Planned } from '../write/draft.ts';

/** The way by which a message reaches an organization that looks into its inbox here. */
const INBOX = 'inbox';

/** What happens to a message once it is more than a draft, by the status that says so. */
// prettier-ignore
const ENDS: ReadonlyMap<unknown, string> = new Map([
  ['entered-in-error', 'message-retracted'],
  ['stopped',          'message-withdrawn'],
  ['not-done',         'message-blocked'],
]);

type Written = Pick<Planned, 'ref' | 'before' | 'after' | 'custodian' | 'parties'>;

/**
 * What the row of a write says of a message: its substance, and the hashes of its files once they were looked at. Where
 * another than its keeper writes, as a reader does, the category is all.
 */
export function messageMembers(
  { ref, after, custodian }: Pick<Planned, 'ref' | 'after' | 'custodian'>,
  writer: Ref | '' | undefined,
): Partial<AuditEntry> {
  const plain = typeOf(ref) === 'Communication' ? after?.plain : undefined;
  const message = auditedMessage(plain);
  if (plain === undefined || message === undefined) return {};
  if (custodian !== '' && custodian !== writer) return { message: withoutRecipients(message) };
  const fileHashes = [...new Set(hashesIn(plain))];
  return { message, ...(fileHashes.length > 0 && { fileHashes }) };
}

/**
 * The events of a write of a message.
 *
 * @param row of the write itself
 * @param told organizations that are told of it now although it was sent before
 */
export function messageRows(
  planned: Written,
  row: AuditEntry,
  told: ReadonlySet<Ref> = new Set(),
): readonly AuditEntry[] {
  const { ref, before, after } = planned;
  const message = after?.plain;
  if (message === undefined || typeOf(ref) !== 'Communication' || messageShape(message) !== 'message')
    return [];
  const end = endOf(message, before);
  if (end !== undefined) return [{ ...row, ...end }];
  const isSent = !isUnsent(message) && (before === undefined || isUnsent(before));
  const to = isSent ? organizationsTold(planned) : [...told];
  return [
    ...to.map((one) => sentRow(planned, message, row, one)),
    ...(isRead(message, before) ? [{ ...row, event: 'message-read', action: 'R' } as const] : []),
  ];
}

/** That a message was blocked is an attempt that failed: it says why, as a refusal does (MS52). */
function endOf(message: Resource, before: Resource | undefined): Partial<AuditEntry> | undefined {
  const { status } = message;
  const event = ENDS.get(status);
  if (event === undefined || before === undefined || before['status'] === status) return undefined;
  const [issue] = event === 'message-blocked' ? valuesAt(message, 'statusReason.coding.code') : [];
  return { event, action: 'U', ...(typeof issue === 'string' && { outcome: '4', issue }) };
}

const isRead = (message: Resource, before: Resource | undefined): boolean =>
  before !== undefined && readReceiptsIn(message).length > readReceiptsIn(before).length;

const organizationsTold = ({ parties, custodian }: Written): readonly Ref[] =>
  parties.filter((party) => party !== custodian);

function sentRow({ ref, custodian }: Written, message: Resource, row: AuditEntry, to: Ref): AuditEntry {
  const said = auditedMessage(message, to);
  const files = filesIn(JSON.stringify(message));
  const hashes = [...hashesIn(message), ...files.map((bytes) => hash('sha256', bytes, 'hex'))];
  const { agreement } = said ?? {};
  return {
    ...row,
    event: 'message-sent',
    action: 'R',
    entities: [...row.entities, ...attachmentsOf(message)],
    delivery: {
      entry: ref,
      rail: INBOX,
      receiver: to,
      attempts: 1,
      ...(custodian !== '' && { from: custodian }),
      to,
    },
    ...(agreement !== undefined && { deciding: [...new Set([...(row.deciding ?? []), agreement])] }),
    ...(said !== undefined && { message: said }),
    ...(hashes.length > 0 && { fileHashes: [...new Set(hashes)] }),
    bytes: bytesOf(message),
    viewers: [...(custodian === '' ? [] : [custodian]), to],
  };
}

const attachmentsOf = (message: Resource): readonly Ref[] => {
  const urls = valuesAt(message, 'payload.contentAttachment.url') as readonly string[]; // it was validated
  const references = valuesAt(message, 'payload.contentReference.reference') as readonly string[]; // as above
  return [...new Set([...urls, ...references].flatMap((text) => localRefOf(text) ?? []))];
};
