/**
 * `Organization/[id]/$admit`: makes a listed organization a member (directory DR2). Only administrators may call it.
 */
import type { Ref } from '../../fhir/types.ts';
import { agentOf } from '../audit/audit.ts';
import { admitMember } from '../members.ts';
import { checkAdministrator } from './keeper.ts';
import { parametersOf } from './output.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';

export const admit: Operation = {
  name: 'admit',
  title: 'Admit a member',
  description:
    'Gives a listed organization an account: tokens that name it are accepted from then on. For administrators.',
  levels: ['instance'],
  resource: ['Organization'],
  affectsState: true,
  parameters: [
    {
      name: 'outcome',
      use: 'out',
      min: 1,
      max: '1',
      type: 'code',
      documentation: '`admitted`, or `was-member`, which changes nothing.',
    },
  ],
  perform,
};

async function perform({ context, request }: Invocation): Promise<OperationReply> {
  const { caller, id = '', requestId } = request;
  checkAdministrator(request, 'admits members');
  const organization: Ref = `Organization/${id}`;
  const outcome = await admitMember(context, organization, { agent: agentOf(caller), requestId });
  return { status: 200, resource: parametersOf([{ name: 'outcome', valueCode: outcome }]) };
}
