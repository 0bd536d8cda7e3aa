/** What would be sent to one recipient: the whole message as it was given, or one made of the parameters. */
import type { Ref, Resource } from '../../../fhir/types.ts';
import { MESSAGE_CONTENT } from '../../../messaging/content.ts';
import type { Basis } from '../../../policies/basis.ts';
import { valuesAt } from '../../../resources/element.ts';
import { withFoundBasis } from '../../../resources/referral-rules/basis.ts';
import { invalidParameter, textIn, valueIn } from '../input.ts';
import type { Input } from '../operation.ts';

export interface Preflight {
  /** `Communication` or `ServiceRequest`. */
  readonly type: string;
  readonly input: Input;
  readonly message: Resource | undefined;
  /** Who asks. */
  readonly organization: Ref;
  readonly purpose: string | undefined;
}

/** The purposes that may be asked for: those for which a referral is told. */
const PURPOSES: ReadonlySet<string> = new Set(['TREAT', 'HPAYMT', 'HOPERAT']);

/** @throws OperationOutcomeError `parameter-invalid` */
export function purposeIn(input: Input): string | undefined {
  const purpose = textIn(input, 'purpose');
  if (purpose !== undefined && !PURPOSES.has(purpose))
    throw invalidParameter('purpose', `purpose is one of ${[...PURPOSES].join(', ')}`);
  return purpose;
}

/** Recipients of one question. */
const RECIPIENTS_MAX = 50;

/** Each element by which a resource names whom it tells. */
const recipientElement = (type: string): 'recipient' | 'performer' =>
  type === 'ServiceRequest' ? 'performer' : 'recipient';

const valuesIn = (input: Input, name: string): readonly unknown[] =>
  (input.get(name) ?? []).map(({ value }) => value);

/** @throws OperationOutcomeError `parameter-invalid` */
export function recipientsOf({ type, input, message }: Preflight): readonly unknown[] {
  const named = valuesIn(input, 'recipient');
  const recipients = named.length > 0 ? named : valuesAt(message, recipientElement(type));
  if (recipients.length === 0) throw invalidParameter('recipient', 'name a recipient');
  if (recipients.length > RECIPIENTS_MAX)
    throw invalidParameter('recipient', `${RECIPIENTS_MAX} recipients at most`);
  return recipients;
}

/** @param isAssociate the recipient works for others: what it is told for operations is told on that basis */
export function messageTo(asked: Preflight, recipient: unknown, isAssociate: boolean): Resource {
  const { type, message } = asked;
  const resource =
    message ?? (type === 'ServiceRequest' ? orderOf(asked, isAssociate) : communicationOf(asked));
  return { ...resource, [recipientElement(type)]: [recipient] };
}

/** The claim by which an order says its purpose; treatment is found without one. */
function claimFor(purpose: string | undefined, isAssociate: boolean): Basis | undefined {
  if (purpose === undefined || purpose === 'TREAT') return undefined;
  if (isAssociate) return 'business-associate';
  return purpose === 'HPAYMT' ? 'payment' : 'operations';
}

function communicationOf({ input, organization }: Preflight): Resource {
  const category = textIn(input, 'category');
  const about = valuesIn(input, 'about');
  const basedOn = valuesIn(input, 'basedOn');
  return {
    resourceType: 'Communication',
    status: 'in-progress',
    ...(category !== undefined && {
      category: [{ coding: [{ system: MESSAGE_CONTENT, code: category }] }],
    }),
    ...subjectIn(input),
    ...(about.length > 0 && { about }),
    ...(basedOn.length > 0 && { basedOn }),
    sender: valueIn(input, 'sender') ?? { reference: organization },
    payload: [{ contentString: '-' }, ...attachmentsIn(input)],
  };
}

const attachmentsIn = (input: Input): readonly object[] =>
  (input.get('attachment') ?? []).map(({ parts = new Map() }) => {
    const size = valueIn(parts, 'size');
    return {
      contentAttachment: { contentType: textIn(parts, 'contentType'), ...(size !== undefined && { size }) },
    };
  });

function orderOf({ input, organization, purpose }: Preflight, isAssociate: boolean): Resource {
  const [basedOn] = valuesIn(input, 'basedOn');
  const claim = claimFor(purpose, isAssociate);
  const order: Resource = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { text: 'Referral' },
    ...subjectIn(input),
    ...(basedOn !== undefined && { basedOn: [basedOn] }),
    requester: valueIn(input, 'sender') ?? { reference: organization },
  };
  return claim === undefined ? order : withFoundBasis(claim)(order);
}

function subjectIn(input: Input): { readonly subject?: unknown } {
  const subject = valueIn(input, 'subject');
  return subject === undefined ? {} : { subject };
}
