/**
 * The one path. Every request from every door comes here as a value: it is admitted, answered from a snapshot or offered
 * as one commit, and audited either way. A refusal is audited before it is told.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Payloads } from '../delivery/payloads.ts';
import type { Ref } from '../fhir/types.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { auditRefusal, auditUntold, untoldIn } from './audit/audit.ts';
import { performAuditRead, performAuditSearch } from './audit/audit-events.ts';
import { accessDenialBehind } from './access-denied.ts';
import { agreementBehind } from './agreement-behind.ts';
import { denialBehind, withheldBehind } from './denied.ts';
import { markOpened, underGrants } from './emergency/opened.ts';
import { performBatch } from './interactions/batch.ts';
import { performHistory } from './interactions/history.ts';
import { performRead } from './interactions/read.ts';
import { performSearch } from './interactions/search.ts';
import { performSystemSearch } from './interactions/search-system.ts';
import { performTransaction } from './interactions/transaction.ts';
import { performOperation } from './extended/perform-operation.ts';
import type { MessageActions } from './extended/message-actions.ts';
import { recordAlways } from './audit/record.ts';
import { recordRefusal } from './denial-review.ts';
import type { Caller, Interaction, Perform, Reply, Request } from './request.ts';
import type { OperationContext } from './context.ts';
import { hasServerScope } from './scope.ts';
import { refusalOfFault } from './search/search-refusal.ts';
import { ADMIT } from './steps.ts';
import { performWrite, PLANS } from './write/write.ts';

type Interact = (
  context: OperationContext,
  request: Request,
  perform: Perform,
  messages: MessageActions,
) => Promise<Reply>;

const INTERACTIONS: Readonly<Partial<Record<Interaction, Interact>>> = {
  read: performRead,
  vread: performRead,
  'search-type': performSearch,
  'search-system': performSystemSearch,
  'history-instance': performHistory,
  'history-type': performHistory,
  'history-system': performHistory,
  create: (context, request) => performWrite(context, request, PLANS.create),
  update: (context, request) => performWrite(context, request, PLANS.update),
  patch: (context, request) => performWrite(context, request, PLANS.patch),
  delete: (context, request) => performWrite(context, request, PLANS.delete),
  transaction: (context, request) => performTransaction(context, request),
  batch: performBatch,
  operation: (context, request, _perform, messages) =>
    performOperation(context, request, messages, (inner, beside) =>
      performTransaction(context, inner, { isOperation: true, beside }),
    ),
};

/** What is rendered from the audit chain instead of read from versions. */
const RENDERED: Readonly<Partial<Record<Interaction, Interact>>> = {
  read: performAuditRead,
  'search-type': performAuditSearch,
};

/** The interactions that the FHIR engine performs; the capability statement is derived from them. */
export const OFFERED: ReadonlySet<Interaction> = new Set(Object.keys(INTERACTIONS) as Interaction[]);

export function createPerform(context: OperationContext, messages: MessageActions): Perform {
  const perform: Perform = async (asked) => {
    let request = asked;
    try {
      const told = toldAs(context, asked);
      if (told !== undefined) request = { ...asked, caller: await told };
      for (const admit of ADMIT) admit(request, context.clock.now());
      const mayOpen = hasServerScope(request.caller, 'closeloop/break-glass');
      const opened = mayOpen ? await underGrants(context, request) : request;
      const reply = await interactionOf(opened)(context, opened, perform, messages);
      return opened.caller.emergency === undefined ? reply : await markOpened(context, opened, reply);
    } catch (fault) {
      const denied = await denialBehind(context, request, refusalOfFault(fault));
      const paused = await agreementBehind(context, request, denied);
      const error = await accessDenialBehind(context, request, paused);
      const code = codeOf(error);
      const audited = recordRefused(context, request, error);
      // Whose commit may be written must not hear that the server is busy; the commit has its own audit.
      await (code === 'commit-unsure' ? audited.catch(() => undefined) : audited);
      throw error;
    }
  };
  return perform;
}

/** The refusal in the audit of its asker, and of whoever keeps what was kept back (audit-compliance AU4). */
async function recordRefused(context: OperationContext, request: Request, error: unknown): Promise<void> {
  const code = codeOf(error);
  const withheld = await withheldBehind(context, request, error).catch(() => undefined);
  const isTold = code !== 'not-found';
  const refusal = auditRefusal(request, code, isTold ? withheld?.keeper : undefined, untoldIn(error));
  // Both at once, so that the answer takes as long as any other.
  await Promise.all([
    recordRefusal(context, refusal, error),
    isTold || withheld === undefined
      ? undefined
      : recordAlways(context, auditUntold(request, withheld.keeper, withheld.patients)),
  ]);
}

/** The caller with what its organization is told as, as of now; undefined where it is told as any other. */
function toldAs({ payloads }: OperationContext, { caller }: Request): Promise<Caller> | undefined {
  const { administrator, organization } = caller;
  if (administrator || organization === undefined) return undefined;
  const known = payloads.of(organization);
  if ('associate' in known && known.payload === undefined && !known.associate) return undefined;
  return limitedTo(payloads, organization, caller, known);
}

async function limitedTo(
  payloads: Payloads,
  organization: Ref,
  caller: Caller,
  known: ReturnType<Payloads['of']>,
): Promise<Caller> {
  const { payload, associate } = await known;
  return {
    ...caller,
    ...(payload !== undefined && { payload }),
    ...(associate && { agreements: await payloads.agreementsOf(organization) }),
  };
}

function interactionOf({ interaction, type }: Request): Interact {
  const declared = type === undefined ? undefined : RESOURCE_TYPES.get(type);
  const interact = (declared?.renderedFromAudit === true ? RENDERED : INTERACTIONS)[interaction];
  if (interact === undefined) throw new OperationOutcomeError('interaction-unsupported');
  return interact;
}

const codeOf = (error: unknown) => (error instanceof OperationOutcomeError ? error.code : 'internal');
