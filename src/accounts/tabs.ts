/**
 * Tabs of a browser (harmony Z22): the header X-Tab-Id names one, and its first use binds it to the session. A page can lie
 * about its tab, and not about its session.
 */
import { auditedCommit } from '../ports/commit.ts';
import type { Store } from '../ports/store.ts';
import { sessionEnd } from '../identity/session.ts';
import { identityEntry } from './audit.ts';
import { commitUnlessChanged, type By } from './changes.ts';
import type { FoundSession } from './sessions.ts';

/** `elsewhere`: it is bound to another session. `unbound`: the session has too many. */
type TabBinding = 'bound' | 'elsewhere' | 'unbound';

interface Tabs {
  /** Binds a tab to a session, unless it is bound. The form of the id was checked where the header was read. */
  bind(found: Pick<FoundSession, 'id' | 'session'>, tab: string, by: By): Promise<TabBinding>;
}

const KIND = 'tab';
const TABS_MAX = 200;
/** Tabs that are known without asking the store. */
const REMEMBERED_MAX = 10_000;

export function createTabs({ store }: { readonly store: Store }): Tabs {
  /** The session of each tab. A tab is never bound to another session while its own lasts. */
  const remembered = new Map<string, string>();
  const remember = (tab: string, session: string): void => {
    remembered.set(tab, session);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= REMEMBERED_MAX) break;
      remembered.delete(oldest);
    }
  };
  const ownerOf = async (tab: string): Promise<string | undefined> => {
    const record = await store.snapshot().record(KIND, tab);
    return (record?.body as { readonly session: string } | undefined)?.session; // this file alone writes the kind
  };

  return {
    async bind({ id, session }, tab, { agent, requestId }) {
      if (remembered.get(tab) === id) return 'bound';
      const owner = await ownerOf(tab);
      if (owner !== undefined) {
        remember(tab, owner);
        return owner === id ? 'bound' : 'elsewhere';
      }
      const open = await store.snapshot().records(KIND, 'session', id);
      if (open.length >= TABS_MAX) return 'unbound';
      const row = identityEntry('session-changed', {
        actor: agent,
        requestId,
        account: session.account,
        session: id,
        detail: { tab },
      });
      const records = [
        {
          kind: KIND,
          key: tab,
          expect: 'absent',
          body: { session: id, account: session.account },
          expiresAt: sessionEnd(session),
          index: [
            ['session', id],
            ['account', session.account],
          ],
        },
      ] as const;
      const isBound = await commitUnlessChanged(store, auditedCommit([row], { records }));
      const bound = isBound ? id : await ownerOf(tab);
      if (bound !== undefined) remember(tab, bound);
      return bound === id ? 'bound' : 'elsewhere';
    },
  };
}
