/** Goes on with a message that waited for its files (baa-messaging MS11): it is sent, or blocked. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { withoutFiles } from '../../messaging/extensions.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { parseScopes } from '../../smart/scopes.ts';
import { attachmentRefusal } from '../attachments/examine.ts';
import type { FileState } from '../attachments/records.ts';
import { isOurFault } from '../our-fault.ts';
import type { OperationContext } from '../context.ts';
import { WITHOUT_LOGIN, type Caller, type Request } from '../request.ts';
import { plan, planStored } from '../write/draft.ts';
import { performWrite } from '../write/write.ts';
import { withFiles } from './send-files.ts';

/**
 * The gates are asked again, because an agreement may have ended meanwhile.
 *
 * @returns whether the message is there; again, nothing changes
 */
export async function settleMessage(
  context: OperationContext,
  ref: Ref,
  states: readonly FileState[],
): Promise<boolean> {
  const version = await context.store.snapshot().read(ref, EVERYTHING);
  if (version?.text === undefined) return false;
  if (parseStored(version.text)['status'] !== 'on-hold' || version.custodian === '') return true;
  // What was known of the other files stays.
  const waited = new Set(states.flatMap(({ sha256 }) => sha256 ?? []));
  const move = (change: (tree: Resource, now: string) => Resource): Promise<unknown> =>
    performWrite(context, requestOf(context, ref, version.custodian as Ref), async (draft) => {
      const current = await draft.snapshot.read(ref, EVERYTHING);
      const isWaiting = current?.text !== undefined && parseStored(current.text)['status'] === 'on-hold';
      if (current === undefined || !isWaiting) return { kind: 'nothing', status: 204 };
      const stored = planStored(current, (tree) =>
        change(withFiles(withoutFiles(tree, waited), states), draft.now),
      );
      plan(draft, { ...stored, method: 'PATCH' });
      return { kind: 'planned', ref, status: 200 };
    });
  const refusal = attachmentRefusal(states);
  if (refusal === undefined)
    try {
      await move((tree, sent) => ({ ...tree, status: 'in-progress', sent }));
      return true;
    } catch (error) {
      if (!(error instanceof OperationOutcomeError) || isOurFault(error)) throw error; // asked again later
      await move((tree) => blocked(tree, error));
      return true;
    }
  await move((tree) => blocked(tree, refusal));
  return true;
}

const ISSUE_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/issue';

const blocked = (tree: Resource, { code, message }: OperationOutcomeError): Resource => ({
  ...tree,
  status: 'not-done',
  statusReason: { coding: [{ system: ISSUE_SYSTEM, code }], text: message },
});

/** The server sends for the organization that wrote the message. */
function requestOf(context: OperationContext, ref: Ref, organization: Ref): Request {
  const caller: Caller = {
    ...WITHOUT_LOGIN,
    organization,
    administrator: false,
    scopes: parseScopes('system/Communication.cruds'),
    patient: undefined,
    client: 'closeloop',
    subject: 'attachments',
    user: undefined,
    address: undefined,
    onBehalfOf: undefined,
  };
  return {
    interaction: 'patch',
    type: 'Communication',
    id: ref.slice('Communication/'.length),
    query: [],
    queryText: '',
    prefer: { return: 'minimal' },
    caller,
    requestId: context.newId(),
    signal: new AbortController().signal,
  };
}
