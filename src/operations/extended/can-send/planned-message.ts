/** What would be sent to one recipient: the whole message as it was given, or one made of the parameters. */
import type { Ref, Resource } from '../../../fhir/types.ts';
import { MESSAGE_CONTENT } from '../../../messaging/content.ts';
import { valuesAt } from '../../../resources/element.ts';
import { invalidParameter, textIn, valueIn } from '../input.ts';
import type { Input } from '../operation.ts';

export interface Preflight {
  /** `Communication` or `ServiceRequest`. */
  readonly type: string;
  readonly input: Input;
  readonly message: Resource | undefined;
  /** Who asks. */
  readonly organization: Ref;
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

export function messageTo(asked: Preflight, recipient: unknown): Resource {
  const { type, message } = asked;
  const resource = message ?? (type === 'ServiceRequest' ? orderOf(asked) : communicationOf(asked));
  return { ...resource, [recipientElement(type)]: [recipient] };
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

function orderOf({ input, organization }: Preflight): Resource {
  const [basedOn] = valuesIn(input, 'basedOn');
  return {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { text: 'Referral' },
    ...subjectIn(input),
    ...(basedOn !== undefined && { basedOn: [basedOn] }),
    requester: valueIn(input, 'sender') ?? { reference: organization },
  };
}

function subjectIn(input: Input): { readonly subject?: unknown } {
  const subject = valueIn(input, 'subject');
  return subject === undefined ? {} : { subject };
}
