/**
 * When each session was last used (identity ID-38, ID-55): remembered at once, and written for all of them together once a
 * minute at most, in a record beside the session's, so that it is in nobody's way.
 */
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import { jobEntry } from '../ports/audit.ts';
import { CommitRefused, type Store } from '../ports/store.ts';

interface LastUses {
  /** Milliseconds since 1970; 0: not known. */
  of(session: string): Promise<number>;
  /** The session was used now; until when it lasts at most. */
  note(session: string, until: number): Promise<void>;
}

export const LAST_USE = 'session-use';

const WRITTEN_EVERY_MS = 60_000;
/** Uses that wait to be written. */
const WAITING_MAX = 10_000;

export function createLastUses({ store, clock }: { readonly store: Store; readonly clock: Clock }): LastUses {
  const waiting = new Map<string, { readonly at: number; readonly until: number }>();
  let writtenAt = clock.now();

  const write = async (): Promise<void> => {
    const uses = [...waiting];
    writtenAt = clock.now();
    const records = uses.map(
      ([key, { at, until }]) =>
        ({ kind: LAST_USE, key, expect: 'any', body: { at }, expiresAt: until }) as const,
    );
    const row = jobEntry('session-use', { query: `last use of ${uses.length} sessions` });
    try {
      await store.commit(auditedCommit([row], { records }));
    } catch (error) {
      if (error instanceof CommitRefused) return; // it stays remembered, and is tried again in a minute
      throw error;
    }
    for (const [key, use] of uses) if (waiting.get(key) === use) waiting.delete(key);
  };

  return {
    async of(session) {
      const remembered = waiting.get(session)?.at ?? 0;
      const record = await store.snapshot().record(LAST_USE, session);
      const { at = 0 } = (record?.body ?? {}) as { at?: number }; // this file alone writes the kind
      return Math.max(at, remembered);
    },
    async note(session, until) {
      waiting.set(session, { at: clock.now(), until });
      if (clock.now() - writtenAt >= WRITTEN_EVERY_MS || waiting.size >= WAITING_MAX) await write();
    },
  };
}
