/** What the audit says of a message, and nothing of what it says itself (baa-messaging MS50). */
import type { Ref, Resource } from '../fhir/types.ts';
import { CONTENT_DECISION, type ContentCategory } from './content.ts';
import { AGREEMENT_AT_SEND, CONTENT_HASH } from './extensions.ts';
import { manyOf, messageShape, refOfReference } from './shape.ts';

/** The substance of a message. */
export interface AuditedMessage {
  /** A code of CodeSystem message-content. */
  readonly content: string;
  /** The rule that raised it, or `declared`. */
  readonly decidedBy: string;
  /** In the rows of the sender's side alone. */
  readonly recipients?: MessageRecipients;
  /** The version of the Contract under which it was told, where there is one such. */
  readonly agreement?: string;
  /** The state of that agreement when it was told, or when it was refused. */
  readonly state?: string;
}

interface MessageRecipients {
  readonly organizations: readonly Ref[];
  /** People, teams and devices. */
  readonly persons: readonly Ref[];
}

/**
 * @param to the organization that is told; absent: all of them
 * @returns undefined for what is no message or header, or was stored before categories were
 */
export function auditedMessage(resource: Resource | undefined, to?: Ref): AuditedMessage | undefined {
  if (resource?.resourceType !== 'Communication' || messageShape(resource) === 'plain') return undefined;
  const [decision] = partsOf(resource, CONTENT_DECISION);
  const content = decision && inPart(decision, 'decided')?.valueCode;
  const decidedBy = decision && inPart(decision, 'by')?.valueCode;
  if (content === undefined || decidedBy === undefined) return undefined;
  const recipients = recipientsOf(resource, to);
  return { content, decidedBy, recipients, ...agreementIn(resource, to) };
}

/** What the row of a reader says of it. */
export function withoutRecipients({
  recipients: _recipients,
  agreement: _agreement,
  ...message
}: AuditedMessage): AuditedMessage {
  return message;
}

/** Of several messages that were shown at once: the one that is protected most. */
export function mostProtected(messages: readonly AuditedMessage[]): AuditedMessage | undefined {
  const order: readonly string[] = BY_PROTECTION;
  return messages.toSorted((one, other) => order.indexOf(one.content) - order.indexOf(other.content))[0];
}

const BY_PROTECTION: readonly ContentCategory[] = ['phi', 'administrative', 'notice', 'agreement'];

/** SHA-256 in hex of the files of a message, as they were when it was sent. */
export const hashesIn = (message: Resource): readonly string[] =>
  partsOf(message, CONTENT_HASH).flatMap(({ valueString }) => valueString ?? []);

/** Bytes of a message: of its JSON, and of its files as far as it says how large they are. */
export function bytesOf(message: Resource): number {
  const parts = manyOf(message['payload']) as readonly { readonly contentAttachment?: { size?: unknown } }[];
  const sizes = parts.map(({ contentAttachment }) => contentAttachment?.size);
  const files = sizes.reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : 0), 0);
  return Buffer.byteLength(JSON.stringify(message)) + files;
}

// — what a message says of itself

interface Part {
  readonly url?: unknown;
  readonly extension?: readonly Part[];
  readonly valueCode?: string;
  readonly valueString?: string;
  readonly valueReference?: { readonly reference?: string };
}

const partsOf = (message: Resource, url: string): readonly Part[] =>
  (manyOf(message['extension']) as readonly Part[]).filter((one) => one.url === url); // it was validated
const inPart = ({ extension = [] }: Part, url: string): Part | undefined =>
  extension.find((one) => one.url === url);

const isOrganization = (ref: Ref): boolean => ref.startsWith('Organization/');

function recipientsOf(message: Resource, to: Ref | undefined): MessageRecipients {
  const named = [...new Set(manyOf(message['recipient']).flatMap((one) => refOfReference(one) ?? []))];
  return {
    organizations: to === undefined ? named.filter(isOrganization) : [to],
    persons: named.filter((ref) => !isOrganization(ref)),
  };
}

/** Of several agreements none is said: each organization has a row of its own. */
function agreementIn(message: Resource, to: Ref | undefined): Pick<AuditedMessage, 'agreement' | 'state'> {
  const noted = partsOf(message, AGREEMENT_AT_SEND).filter(
    (one) => to === undefined || SIDES.some((side) => inPart(one, side)?.valueReference?.reference === to),
  );
  const [only, ...others] = noted;
  if (only === undefined || others.length > 0) return {};
  const agreement = inPart(only, 'contract')?.valueReference?.reference;
  const state = inPart(only, 'state')?.valueCode;
  return { ...(agreement !== undefined && { agreement }), ...(state !== undefined && { state }) };
}

const SIDES = ['principal', 'associate'] as const;
