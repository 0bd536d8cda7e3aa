/**
 * What becomes of messages, as events of their own beside the rows of their writes (baa-messaging MS50): each organization
 * that is told, and that a message was retracted. Who reads leaves the row of the read.
 */
import { hash } from 'node:crypto';
import type { Ref, Resource } from '../../fhir/types.ts';
import { CONTENT_DECISION } from '../../messaging/content.ts';
import { AGREEMENT_AT_SEND, CONTENT_HASH } from '../../messaging/extensions.ts';
import { messageShape } from '../../messaging/shape.ts';
import { isUnsent } from '../../messaging/statuses.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import { localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { filesIn } from '../../resources/files-in.ts';
import type { Planned } from '../write/draft.ts';

/** The way by which a message reaches an organization that looks into its inbox here. */
const INBOX = 'inbox';
const RETRACTED = 'entered-in-error';

type Written = Pick<Planned, 'ref' | 'before' | 'after' | 'custodian' | 'parties'>;

/** What the row of a write says of a message: its category, and who decided it. */
export function messageMembers({ ref, after }: Pick<Planned, 'ref' | 'after'>): Pick<AuditEntry, 'message'> {
  const decision = typeOf(ref) === 'Communication' ? decisionIn(after?.plain) : undefined;
  return decision === undefined ? {} : { message: decision };
}

/**
 * The events of a write of a message.
 *
 * @param row of the write itself
 */
export function messageRows(planned: Written, row: AuditEntry): readonly AuditEntry[] {
  const { ref, before, after } = planned;
  const message = after?.plain;
  if (message === undefined || typeOf(ref) !== 'Communication' || messageShape(message) === 'header')
    return [];
  const status = message['status'];
  if (status === RETRACTED)
    return before === undefined || before['status'] === RETRACTED
      ? []
      : [{ ...row, event: 'message-retracted', action: 'U' }];
  const isSent = !isUnsent(message) && (before === undefined || isUnsent(before));
  return isSent ? organizationsTold(planned).map((to) => sentRow(planned, message, row, to)) : [];
}

const organizationsTold = ({ parties, custodian }: Written): readonly Ref[] =>
  parties.filter((party) => party !== custodian);

function sentRow({ ref, custodian }: Written, message: Resource, row: AuditEntry, to: Ref): AuditEntry {
  const { contract, state } = agreementWith(to, message);
  const files = filesIn(JSON.stringify(message));
  const hashes = [...hashesIn(message), ...files.map((bytes) => hash('sha256', bytes, 'hex'))];
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
    ...(contract !== undefined && { deciding: [...new Set([...(row.deciding ?? []), contract])] }),
    ...(row.message !== undefined && { message: { ...row.message, ...(state !== undefined && { state }) } }),
    ...(hashes.length > 0 && { fileHashes: [...new Set(hashes)] }),
    bytes: Buffer.byteLength(JSON.stringify(message)) + sizesIn(message),
    viewers: [...(custodian === '' ? [] : [custodian]), to],
  };
}

// — what a message says of itself

interface Part {
  readonly url?: string;
  readonly extension?: readonly Part[];
  readonly valueCode?: string;
  readonly valueString?: string;
  readonly valueReference?: { readonly reference?: string };
}

const partsOf = (message: Resource | undefined, url: string): readonly Part[] =>
  (valuesAt(message, 'extension') as readonly Part[]).filter((one) => one.url === url); // it was validated
const inPart = ({ extension = [] }: Part, url: string): Part | undefined =>
  extension.find((one) => one.url === url);

function decisionIn(message: Resource | undefined): AuditEntry['message'] {
  const [decision] = partsOf(message, CONTENT_DECISION);
  if (decision === undefined) return undefined;
  const content = inPart(decision, 'decided')?.valueCode;
  const decidedBy = inPart(decision, 'by')?.valueCode;
  return content === undefined || decidedBy === undefined ? undefined : { content, decidedBy };
}

/** The agreement under which this organization is told. */
function agreementWith(to: Ref, message: Resource) {
  const noted = partsOf(message, AGREEMENT_AT_SEND).find((one) =>
    ['principal', 'associate'].some((side) => inPart(one, side)?.valueReference?.reference === to),
  );
  const contract = noted && inPart(noted, 'contract')?.valueReference?.reference;
  return { contract, state: noted && inPart(noted, 'state')?.valueCode };
}

const hashesIn = (message: Resource): readonly string[] =>
  partsOf(message, CONTENT_HASH).flatMap(({ valueString }) => valueString ?? []);

const attachmentsOf = (message: Resource): readonly Ref[] => {
  const urls = valuesAt(message, 'payload.contentAttachment.url') as readonly string[]; // it was validated
  const references = valuesAt(message, 'payload.contentReference.reference') as readonly string[]; // as above
  return [...new Set([...urls, ...references].flatMap((text) => localRefOf(text) ?? []))];
};

const sizesIn = (message: Resource): number =>
  valuesAt(message, 'payload.contentAttachment.size').reduce<number>((sum, size) => sum + Number(size), 0);
