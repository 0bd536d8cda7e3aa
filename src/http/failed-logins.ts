/**
 * Failed authentication, counted per source address until it is audited, each minute: one audit row per source and window
 * (rules 4.3), so that an attacker cannot fill the trail.
 */
import type { AuditEntry } from '../ports/store.ts';

export interface FailedLogins {
  count(address: string | undefined, issue: string, requestId: string): void;
  /** Writes what was counted so far, by a job each minute and at the end; what `record` could not write is counted again. */
  flush(): Promise<void>;
}

/** Sources told apart in one window; those beyond are counted together. */
const SOURCES_MAX = 1000;
const OTHERS = 'others';

interface Window {
  times: number;
  issue: string;
  requestId: string;
}

export function createFailedLogins(
  record: (entry: AuditEntry) => Promise<void>,
  failed: (error: unknown) => void,
  watch: (source: string, times: number) => Promise<void> = async () => undefined,
): FailedLogins {
  let sources = new Map<string, Window>();

  function add(source: string, { times, issue, requestId }: Readonly<Window>): void {
    const known = sources.get(source);
    if (known === undefined) sources.set(source, { times, issue, requestId });
    else Object.assign(known, { times: known.times + times, issue, requestId });
  }

  async function flush(): Promise<void> {
    const counted = sources;
    sources = new Map();
    const writing = [...counted].map(async ([address, window]) => {
      try {
        await record(entryOf(address, window));
        await watch(address, window.times).catch(failed);
      } catch (error) {
        add(address, window);
        failed(error);
      }
    });
    await Promise.all(writing);
  }

  return {
    count(address, issue, requestId) {
      const source = address ?? 'unknown';
      const crowded = sources.size >= SOURCES_MAX && !sources.has(source);
      add(crowded ? OTHERS : source, { times: 1, issue, requestId });
    },
    flush,
  };
}

function entryOf(address: string, { times, issue, requestId }: Window): AuditEntry {
  return {
    event: 'login',
    action: 'E',
    outcome: '4',
    issue,
    agent: { organization: '', client: '', subject: '', address },
    requestId,
    entities: [],
    patients: [],
    times,
    viewers: [],
  };
}
