/**
 * Who looked at a patient's records, and to whom they were disclosed (audit-compliance AU35): one line for each person of
 * the keeper, and one for each other organization, whose people the keeper does not know (rules 2.8).
 */
import type { Ref } from '../../fhir/types.ts';
import type { AuditRow } from '../../ports/store.ts';

export interface AccessLine {
  readonly organization: Ref | '';
  readonly user: string;
  readonly userName: string;
  readonly first: string;
  readonly last: string;
  readonly count: number;
  readonly refused: number;
  readonly events: readonly string[];
  readonly purposes: readonly string[];
  readonly sessions: readonly string[];
}

interface Counting {
  first: string;
  last: string;
  count: number;
  refused: number;
  name: string;
  readonly events: Set<string>;
  readonly purposes: Set<string>;
  readonly sessions: Set<string>;
}

/** Sessions of one line that are named. */
const SESSIONS_MAX = 100;

export function createAccessReport(keeper: Ref) {
  const lines = new Map<string, Counting>();
  return {
    /** @param row in the order of time */
    take({ at, entry }: AuditRow): void {
      const { agent, delivery, event, outcome, purposes = ['TREAT'] } = entry;
      const organization =
        agent.onBehalfOf ?? (agent.organization === '' ? (delivery?.to ?? '') : agent.organization);
      const isOwn = agent.organization === keeper;
      const user = isOwn ? (agent.user ?? agent.subject) : '';
      const key = JSON.stringify([organization, user]);
      const line = lines.get(key) ?? begin(at);
      line.last = at;
      line.count += 1;
      if (outcome !== '0') line.refused += 1;
      if (isOwn && agent.name !== undefined) line.name = agent.name;
      line.events.add(event);
      for (const purpose of purposes) line.purposes.add(purpose);
      if (isOwn && agent.session !== undefined && line.sessions.size < SESSIONS_MAX)
        line.sessions.add(agent.session);
      lines.set(key, line);
    },
    lines: (): readonly AccessLine[] => [...lines].map(([key, line]) => lineOf(key, line)),
  };
}

const begin = (at: string): Counting => ({
  first: at,
  last: at,
  count: 0,
  refused: 0,
  name: '',
  events: new Set(),
  purposes: new Set(),
  sessions: new Set(),
});

function lineOf(key: string, { name, events, purposes, sessions, ...counted }: Counting): AccessLine {
  const [organization, user] = JSON.parse(key) as readonly [Ref | '', string]; // made above
  return {
    organization,
    user,
    userName: name,
    ...counted,
    events: [...events],
    purposes: [...purposes],
    sessions: [...sessions],
  };
}
