/**
 * `Communication/$can-send`, `ServiceRequest/$can-send` (baa-messaging 6; harmony Z51): whether the recipients may be told,
 * before anybody writes. The answer is that of the write itself, planned for each recipient and not committed, so that it
 * cannot differ from what sending at the same instant would meet (PF1). It promises nothing: sending asks again.
 */
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { localRef } from '../../../resources/element.ts';
import { partyIn, resolveParty } from '../../../resources/party.ts';
import { partyWorldOf } from '../../../resources/party-world.ts';
import { dryRun } from '../../write/dry-run.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from '../operation.ts';
import { textIn } from '../input.ts';
import { parametersOf, type Out } from '../output.ts';
import { answerFor } from './answer.ts';
import { askAgain } from './brake.ts';
import { warningsOfContent } from './content.ts';
import { answerPatient } from './patient.ts';
import { messageTo, purposeIn, recipientsOf, type Preflight } from './planned-message.ts';
import { readRelation } from './relation.ts';
import { answerWays } from './way.ts';

const given = (
  name: string,
  type: string,
  documentation: string,
  more: Partial<OperationParameter> = {},
): OperationParameter => ({ name, use: 'in', min: 0, max: '1', type, documentation, ...more });

const told = (
  name: string,
  type: string,
  documentation: string,
  more: Partial<OperationParameter> = {},
): OperationParameter => ({ name, use: 'out', min: 0, max: '1', type, documentation, ...more });

const AGREEMENT_PARTS: readonly OperationParameter[] = [
  told('reference', 'Reference', 'The Contract, where the caller may read it.'),
  told('state', 'code', 'none, staging, pending, active, expired or revoked.', { min: 1 }),
  told('since', 'dateTime', 'Since when.'),
  told('until', 'dateTime', 'Until when the clock leaves it so.'),
];

export const canSend: Operation = {
  name: 'can-send',
  title: 'Ask whether recipients may be told',
  description:
    'Says for each recipient whether a message (on Communication) or a referral (on ServiceRequest) would be accepted now: which gate says no, which agreement is wanted, what would let it pass, in the words of the refusal. Nothing is stored but that it was asked. It promises nothing: sending asks again.',
  levels: ['type'],
  resource: ['Communication', 'ServiceRequest'],
  affectsState: false,
  needs: 'create',
  parameters: [
    given(
      'message',
      'Resource',
      'The whole Communication or ServiceRequest as it would be sent; the other parameters then say nothing but its recipients.',
    ),
    given(
      'recipient',
      'Reference',
      'Whom to tell: 50 at most. Of a whole message, instead of its own recipients.',
      { max: '*' },
    ),
    given('sender', 'Reference', 'Who tells; by default the organization that asks.'),
    given('subject', 'Reference', 'The patient.'),
    given('about', 'Reference', 'What the message is about.', { max: '*' }),
    given('basedOn', 'Reference', 'The referral to which it belongs.'),
    given(
      'category',
      'code',
      'The content as its sender declares it: phi, administrative, agreement or notice; by default phi.',
    ),
    given(
      'purpose',
      'code',
      'What for: TREAT, HPAYMT or HOPERAT. An order that is asked about claims its basis by it; a message is told for what its referral is, and another purpose is warned of.',
    ),
    given('rail', 'code', 'One way alone; by default every way is answered.'),
    {
      name: 'attachment',
      use: 'in',
      min: 0,
      max: '*',
      documentation: 'A file that would go with it.',
      part: [
        given('contentType', 'code', 'Its media type.', { min: 1 }),
        given('size', 'unsignedInt', 'Its size in bytes.'),
      ],
    },
    {
      name: 'recipient',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'One for each recipient, in the order in which they were named.',
      part: [
        told('reference', 'Reference', 'Who.', { min: 1 }),
        told('allowed', 'boolean', 'Whether it would be accepted now.', { min: 1 }),
        told('content', 'code', 'The content as the server sees it.'),
        {
          ...told('agreement', '', 'How the agreement of the two stands, where one has to be in force.'),
          part: AGREEMENT_PARTS,
        },
        told(
          'basis',
          'code',
          'On which basis it would be told, where the order claims one or the server finds one.',
        ),
        {
          ...told('rail', '', 'Each way to the recipient, those first that would be taken.', { max: '*' }),
          part: [
            told('code', 'code', 'The rail; inbox is the account here, portal that of a patient.', {
              min: 1,
            }),
            told('taken', 'boolean', 'Whether it would be taken.', { min: 1 }),
            told('why', 'code', 'Why not: no-endpoint, unverified, not-preferred or carrier-agreement.'),
            {
              ...told('carrier', '', 'Who operates it; a way without one is a mere conduit.', { max: '*' }),
              part: [
                told('reference', 'Reference', 'The Organization.', { min: 1 }),
                { ...told('agreement', '', 'How the sender stands with it.'), part: AGREEMENT_PARTS },
              ].map(withoutType),
            },
          ].map(withoutType),
        },
        {
          ...told('consent', '', 'What a patient acknowledged toward the organization that asks.'),
          part: [
            told('reference', 'Reference', 'The Consent, where the organization keeps it.'),
            told('state', 'code', 'active, pending, expired or missing.', { min: 1 }),
          ],
        },
        {
          ...told('gate', '', 'Each gate that has a say.', { max: '*' }),
          part: [
            told('rule', 'code', 'The rule, or the code of the refusal.', { min: 1 }),
            told('vote', 'code', 'permit or deny.', { min: 1 }),
            told('law', 'string', 'The law on which it rests.'),
          ],
        },
        told('need', 'code', 'What would let it pass, once it is on record.', { max: '*' }),
        told('warning', 'string', 'What is to be known although it is allowed.', { max: '*' }),
        told('outcome', 'OperationOutcome', 'The refusal, in its own words.'),
      ].map(withoutType),
    },
  ],
  perform,
};

/** A parameter with parts has no type. */
function withoutType({ type, ...parameter }: OperationParameter): OperationParameter {
  return parameter.part === undefined ? { ...parameter, ...(type !== undefined && { type }) } : parameter;
}

async function perform(invocation: Invocation): Promise<OperationReply> {
  const { context, request } = invocation;
  const now = context.clock.now();
  askAgain(context.store, request.caller.client, now);
  const asked = readAsked(invocation);
  const recipients = recipientsOf(asked);
  const snapshot = context.store.snapshot();
  const world = partyWorldOf(snapshot);
  const out: Out[] = [];
  for (const recipient of recipients) {
    const to = partyIn(await resolveParty(recipient, world));
    out.push(await answerOne(invocation, asked, { recipient, to, snapshot, now }));
  }
  const parties = recipients.map((one) => localRef(one)).filter((one) => one !== undefined);
  return {
    status: 200,
    resource: parametersOf(out),
    audit: { event: 'preflight', entities: [...new Set(parties)] },
  };
}

interface Recipient {
  readonly recipient: unknown;
  /** Its party; undefined: it leads to no organization. */
  readonly to: Ref | undefined;
  readonly snapshot: Snapshot;
  /** Milliseconds since 1970. */
  readonly now: number;
}

async function answerOne(
  { context, request }: Invocation,
  asked: Preflight,
  { recipient, to, snapshot, now }: Recipient,
): Promise<Out> {
  const { organization: from, purpose } = asked;
  const relation = to === undefined ? undefined : await readRelation(context, snapshot, { from, to, now });
  const resource = messageTo(asked, recipient, relation?.isToldAsAssociate === true);
  const { query: _query, operation: _operation, ...rest } = request;
  const body = { plain: resource, storing: resource };
  const writing = { ...rest, query: [], queryText: '', interaction: 'create', body } as const;
  const run = await dryRun(context, writing, snapshot);
  const named = localRef(recipient);
  const patient = await answerPatient(snapshot, { recipient: named, organization: from, now });
  const rail = textIn(asked.input, 'rail');
  const type = asked.type === 'ServiceRequest' ? 'ServiceRequest' : 'Communication';
  const ways =
    to === undefined || patient !== undefined
      ? { parts: patient ?? [], warnings: [] }
      : await answerWays(context, snapshot, { type, from, to, recipient: named, rail });
  const warnings = [
    ...(to === undefined ? [] : await warningsOfContent(context, run, { from, to })),
    ...ways.warnings,
  ];
  return answerFor({ recipient, run, relation, reader: from, now, purpose, parts: ways.parts, warnings });
}

/** @throws OperationOutcomeError `resource-type-mismatch`, `parameter-invalid`, `organization-unknown` */
function readAsked({ input, request }: Invocation): Preflight {
  const { type, caller } = request;
  const message: Resource | undefined = input.get('message')?.[0]?.resource?.plain;
  if (message !== undefined && message.resourceType !== type)
    throw new OperationOutcomeError('resource-type-mismatch', {
      diagnostics: `${type ?? ''}/$can-send takes a ${type ?? ''}`,
    });
  if (caller.organization === undefined) throw new OperationOutcomeError('organization-unknown');
  return { type: type ?? '', input, message, organization: caller.organization, purpose: purposeIn(input) };
}
