/**
 * Invokes an operation (http://hl7.org/fhir/R4/operations.html#executing): finds it at its level, checks the scopes
 * that it needs, checks its parameters against its definition, performs it and audits it.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { auditOperation } from '../audit/audit.ts';
import type { MessageActions } from './message-actions.ts';
import { filesOfReply } from '../audit/files-told.ts';
import { recordRead } from '../audit/record.ts';
import { sightOf, type Reply, type Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { checkOperationRole } from '../role.ts';
import { checkScope, sightFor } from '../scope.ts';
import { findOperation } from './index.ts';
import { readInput } from './input.ts';
import { definitionIdOf, levelOf, type Invocation, type Operation } from './operation.ts';

/** @throws OperationOutcomeError `operation-unknown` where there is none at this level of this type */
export async function performOperation(
  context: OperationContext,
  request: Request,
  messages: MessageActions,
  transact: Invocation['transact'],
): Promise<Reply> {
  const operation = findOperation(request);
  if (operation === undefined) throw new OperationOutcomeError('operation-unknown');
  const sight = permit(operation, request);
  checkOperationRole(request, definitionIdOf(operation), context.clock.now());
  const input = readInput(request, operation.parameters);
  const {
    seen = [],
    about = [],
    audit = {},
    ...reply
  } = await operation.perform({
    context,
    messages,
    transact,
    request,
    level: levelOf(request),
    input,
    sight,
  });
  if (!operation.affectsState) {
    const files = await filesOfReply(request.caller, reply, seen);
    await recordRead(context, { ...auditOperation(request, seen, about), ...audit, ...files });
  }
  return reply;
}

/** @throws OperationOutcomeError `scope-insufficient` */
function permit({ needs }: Operation, request: Request): ReturnType<typeof sightOf> {
  if (needs === undefined) return sightOf(request.caller);
  const asNeeded: Request = { ...request, interaction: needs };
  checkScope(asNeeded);
  return sightFor(asNeeded);
}
