/**
 * The tab of a request (harmony Z22): its first use binds it to the session of the token. The same tab in another session is
 * refused to an application of our own, which makes a new one for each window; of others it is recorded as they say it.
 */
import type { createTabs } from '../../accounts/tabs.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Caller } from '../../operations/request.ts';
import type { Store } from '../../ports/store.ts';
import { findClient } from './clients.ts';

/** @throws OperationOutcomeError `tab-elsewhere` */
export type BindTab = (caller: Caller, tab: string, requestId: string) => Promise<void>;

export function createBindTab(store: Pick<Store, 'snapshot'>, tabs: ReturnType<typeof createTabs>): BindTab {
  return async (caller, tab, requestId) => {
    const { session, client, subject, address } = caller;
    if (session === undefined) return;
    const agent = {
      organization: caller.organization ?? '',
      client,
      subject,
      session,
      ...(address !== undefined && { address }),
    } as const;
    if ((await tabs.bind(session, tab, { agent, requestId })) !== 'elsewhere') return;
    const registered = await findClient(store.snapshot(), client);
    if (registered?.firstParty === true) throw new OperationOutcomeError('tab-elsewhere');
  };
}
