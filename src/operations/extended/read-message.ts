/** `Communication/[id]/$read`: says that the caller has read a message (baa-messaging MS7); who may read it may say so. */
import { notHere, OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { messageShape } from '../../messaging/shape.ts';
import type { WriteResult } from '../interactions/write.ts';
import { notReadable, receiptFor } from '../messages/sent.ts';
import type { Request } from '../request.ts';
import { plan, planStored, type Draft } from '../write/draft.ts';
import { readCurrent } from '../write/preview.ts';
import { performWrite } from '../write/write.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';

export const messageRead: Operation = {
  name: 'read',
  id: 'Communication-read',
  title: 'Say that a message was read',
  description:
    'Writes that the caller has read the message, and when. Once for each reader; again, nothing changes. Whoever sent it does not say so.',
  levels: ['instance'],
  resource: ['Communication'],
  affectsState: true,
  needs: 'update',
  parameters: [
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Communication',
      documentation: 'The message with its receipts.',
    },
  ],
  perform,
};

function perform({ context, request }: Invocation): Promise<OperationReply> {
  // `Prefer` speaks of the answer of a write; here the message is the answer.
  const asPatch: Request = { ...request, interaction: 'patch', prefer: { return: 'representation' } };
  return performWrite(context, asPatch, (draft, { id = '' }) => planReceipt(draft, `Communication/${id}`));
}

/** The receipt is the server's word, so that a role which only reads messages may leave one. */
async function planReceipt(draft: Draft, ref: Ref): Promise<WriteResult> {
  const current = await readCurrent(draft, ref);
  if (current?.version.text === undefined) throw notHere(ref);
  const { version, resource } = current;
  if (messageShape(resource) !== 'message')
    throw new OperationOutcomeError('referral-rule', { diagnostics: `${ref} is no message of a thread` });
  const planned = { ...planStored(version), method: 'PATCH' } as const;
  if (notReadable(resource)) throw notHere(ref);
  plan(draft, planned);
  const isNew = await receiptFor(draft, planned, resource);
  if (isNew) return { kind: 'planned', ref, status: 200 };
  draft.planned.delete(ref);
  return { kind: 'existing', ref, seq: version.seq };
}
