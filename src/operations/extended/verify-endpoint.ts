/**
 * `Endpoint/[id]/$verify`: an administrator vouches for the Direct address of an Endpoint (directory DR44 to DR46). For a
 * private Endpoint that holds for the organization that keeps it, and for nobody else.
 */
import type { Ref } from '../../fhir/types.ts';
import { agentOf } from '../audit/audit.ts';
import { verifyEndpoint } from '../verify-endpoint.ts';
import { sendVerified } from '../write/send-verified.ts';
import { checkAdministrator } from './keeper.ts';
import { parametersOf } from './output.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';

export const verifyDirectEndpoint: Operation = {
  name: 'verify',
  title: 'Verify a Direct address',
  description:
    'Says that the address of an Endpoint of Direct is that of the organization which the Endpoint names; only then is anything about a patient sent there. What was withheld for want of it is sent. Another address, or another organization, has to be verified anew. For administrators.',
  levels: ['instance'],
  resource: ['Endpoint'],
  affectsState: true,
  parameters: [
    {
      name: 'outcome',
      use: 'out',
      min: 1,
      max: '1',
      type: 'code',
      documentation: '`verified`, or `was-verified`, which changes nothing.',
    },
  ],
  perform,
};

/** @throws OperationOutcomeError `scope-insufficient`, `not-found`, `endpoint-unverifiable` */
async function perform({ context, request }: Invocation): Promise<OperationReply> {
  const { caller, id = '', requestId } = request;
  checkAdministrator(request, 'verifies addresses');
  const endpoint: Ref = `Endpoint/${id}`;
  const outcome = await verifyEndpoint(context, endpoint, { agent: agentOf(caller), requestId });
  if (outcome === 'verified') await sendVerified(context, request, endpoint);
  return { status: 200, resource: parametersOf([{ name: 'outcome', valueCode: outcome }]) };
}
