/**
 * Tabs of a browser (harmony Z22): the header X-Tab-Id names one, and its first use binds it to the session. A page can lie
 * about its tab, and not about its session.
 */
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import { sessionEnd } from '../identity/session.ts';
import { identityEntry } from './audit.ts';
import { commitUnlessChanged, type By } from './changes.ts';
import { readSession } from './sessions.ts';

/** `elsewhere`: it is bound to another session. `unbound`: the session has too many, or there is none. */
type TabBinding = 'bound' | 'elsewhere' | 'unbound';

interface Tabs {
  /**
   * Binds a tab to a session, unless it is bound. The form of the tab's id was checked where the header was read.
   *
   * @param session the public id
   */
  bind(session: string, tab: string, by: By): Promise<TabBinding>;
}

const KIND = 'tab';
const TABS_MAX = 200;
/** Tabs that are known without asking the store. */
const REMEMBERED_MAX = 10_000;

export function createTabs(store: Store): Tabs {
  /** The session of each tab. A tab is never bound to another session while its own lasts. */
  const remembered = new Map<string, string>();
  const remember = (tab: string, session: string): void => {
    remembered.set(tab, session);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= REMEMBERED_MAX) break;
      remembered.delete(oldest);
    }
  };
  return {
    async bind(id, tab, by) {
      if (remembered.get(tab) === id) return 'bound';
      const owner = (await ownerOf(store, tab)) ?? (await claim(store, id, tab, by));
      if (owner === undefined) return 'unbound';
      remember(tab, owner);
      return owner === id ? 'bound' : 'elsewhere';
    },
  };
}

/** The public id of the session that has the tab. */
async function ownerOf(store: Store, tab: string): Promise<string | undefined> {
  const record = await store.snapshot().record(KIND, tab);
  return (record?.body as { readonly session: string } | undefined)?.session; // this file alone writes the kind
}

/** Binds a tab that nobody has. @returns who has it then; undefined: nobody */
async function claim(
  store: Store,
  id: string,
  tab: string,
  { agent, requestId }: By,
): Promise<string | undefined> {
  const snapshot = store.snapshot();
  const session = await readSession(snapshot, id);
  const open = await snapshot.records(KIND, 'session', id);
  if (session === undefined || open.length >= TABS_MAX) return undefined;
  const { account } = session;
  const row = identityEntry('session-changed', {
    actor: agent,
    requestId,
    account,
    session: id,
    detail: { tab },
  });
  const record: RecordWrite = {
    kind: KIND,
    key: tab,
    expect: 'absent',
    body: { session: id, account },
    expiresAt: sessionEnd(session),
    index: [
      ['session', id],
      ['account', account],
    ],
  };
  const isMine = await commitUnlessChanged(store, auditedCommit([row], { records: [record] }));
  return isMine ? id : ownerOf(store, tab);
}
