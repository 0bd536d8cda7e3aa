/** The audit rows of identity: logins, tokens, accounts, factors, clients (identity 10, smart SM-80). */
import type { IssueCode } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import type { AuditEntry } from '../ports/audit.ts';

/** Every event of identity, and what it does (AuditEvent.action). `src/resources/audit-patterns.ts` says how each is shown. */
export const IDENTITY_EVENTS = {
  login: 'E',
  logout: 'E',
  'step-up': 'E',
  'session-changed': 'U',
  lockout: 'U',
  'token-issued': 'C',
  'token-refreshed': 'U',
  'token-revoked': 'D',
  'token-reused': 'E',
  launch: 'E',
  'app-allowed': 'C',
  'app-withdrawn': 'D',
  'client-changed': 'U',
  'issuer-changed': 'U',
  'key-rotated': 'U',
  'account-invited': 'C',
  'account-changed': 'U',
  'permission-changed': 'U',
  'factor-enrolled': 'C',
  'factor-removed': 'D',
  'factor-used': 'E',
} as const satisfies Readonly<Record<string, AuditEntry['action']>>;

export type IdentityEvent = keyof typeof IDENTITY_EVENTS;

interface IdentityRow {
  /** The id of the account that it is about. */
  readonly account?: string | undefined;
  /** The id of the client that it is about. */
  readonly client?: string | undefined;
  /** The public id of the session that it is about. */
  readonly session?: string | undefined;
  /** What changed, by names: codes of roles, states, factors, and the public ids of tokens. */
  readonly detail?: Readonly<Record<string, string>> | undefined;
  /** Who did it: the server's own agent for what nobody asked for. */
  readonly actor: AuditEntry['agent'];
  readonly requestId: string;
  /** The code of the refusal, where it was refused. */
  readonly issue?: IssueCode | undefined;
  /** Organizations that see the row beside the actor's own. */
  readonly viewers?: readonly Ref[];
  /** The patients whose account, or whose launch, it is. */
  readonly patients?: readonly Ref[];
  /** Resources that it names: `Practitioner/1`. */
  readonly entities?: readonly string[];
}

/** The audit row of an event of identity; it goes into the commit that brings the event about. */
export function identityEntry(event: IdentityEvent, row: IdentityRow): AuditEntry {
  const { actor, requestId, issue, account, client, session, detail } = row;
  return {
    event,
    action: IDENTITY_EVENTS[event],
    outcome: issue === undefined ? '0' : '4',
    ...(issue !== undefined && { issue }),
    agent: actor,
    requestId,
    entities: row.entities ?? [],
    patients: row.patients ?? [],
    identity: {
      ...(account !== undefined && { account }),
      ...(client !== undefined && { client }),
      ...(session !== undefined && { session }),
      ...(detail !== undefined && { detail }),
    },
    viewers: row.viewers ?? [],
  };
}
