/** Audit rows as the store keeps them, and how they are asked for (rules 4.2). */
import type { Ref } from '../fhir/types.ts';
import type { AuditedMessage } from '../messaging/audited.ts';
import type { Elsewhere } from './elsewhere.ts';

/** A compact audit row. Rendered as an AuditEvent when asked for (rules 4.2); its id is `<seq>-<position in its commit>`. */
export interface AuditEntry {
  /** The interaction (`read`, `search-type`, `create`, …), or `login`, `deliver`, `move`, `job`, `admin`. */
  readonly event: string;
  /** C R U D E of AuditEvent.action. */
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** AuditEvent.outcome: 0 success, 4 minor failure (refused), 8 serious, 12 major. */
  readonly outcome: '0' | '4' | '8' | '12';
  /** The refusal's code when the outcome is not 0. */
  readonly issue?: string;
  readonly agent: {
    readonly organization: Ref | '';
    readonly client: string;
    /** The token's subject; shown to its own organization only (rules 2.8). */
    readonly subject: string;
    readonly user?: string;
    /** The user's name when it acted (audit-compliance AU1). Never that of a patient or of somebody close to one. */
    readonly name?: string;
    readonly address?: string;
    /** The organization an administrator acted for. */
    readonly onBehalfOf?: Ref;
    /** The session of the login, and the tab within it, as the client says (audit-compliance AU10, AU11). */
    readonly session?: string;
    readonly tab?: string;
    /** How and when the user proved who it is (audit-compliance AU1): words of RFC 8176; milliseconds since 1970. */
    readonly amr?: readonly string[];
    readonly authTime?: number;
    /** The roles by which it was permitted; of a refusal, those that the person has (identity ID-5). */
    readonly roles?: readonly string[];
    /** Why the person looked at what its role sees for a reason alone (harmony Z8). */
    readonly reason?: string;
  };
  /** Purposes of use: codes of ActReason (compliance V1). Absent: treatment, where it is about a patient. */
  readonly purposes?: readonly string[];
  readonly requestId: string;
  /** What was read, written or returned: `Type/id` or `Type/id/_history/seq`; seq 0 stands for this commit's own. */
  readonly entities: readonly string[];
  /** The patients concerned, one entity each. */
  readonly patients: readonly Ref[];
  /** The query of a search, as asked. */
  readonly query?: string;
  /** For a move of a referral: which row of the table. */
  readonly transition?: {
    readonly tid: string;
    readonly event: string;
    readonly from: string;
    readonly to: string;
  };
  /** For a delivery: rail, receiver, attempts, the deciding policy. */
  readonly delivery?: {
    readonly entry: string;
    readonly rail: string;
    readonly receiver: string;
    readonly attempts: number;
    readonly policy?: string;
    /** Who keeps what was told, and who was told. */
    readonly from?: Ref;
    readonly to?: Ref;
    readonly why?: string;
  };
  /** What a person told outside this server, entered afterwards (compliance B35). */
  readonly elsewhere?: Elsewhere;
  /** The one basis of a disclosure: a code of disclosure-basis (compliance B34, V1). */
  readonly basis?: string;
  /** What decided: versions of Consents and Contracts; their keepers alone see them (compliance V2). */
  readonly deciding?: readonly string[];
  /** The exception of 45 CFR 171 under which something was not told (compliance I1). */
  readonly exception?: string;
  /** The highest confidentiality of what was told: a code of v3-Confidentiality, no other label. Absent: normal. */
  readonly labels?: string;
  /** The content of a message was withheld: no agreement was in force (baa-messaging MK6). */
  readonly masked?: true;
  /** Which statement of 42 CFR 2.32(a) went with it. */
  readonly notice?: 1 | 2;
  /** SHA-256 of the bytes that left, in hex. */
  readonly bytesHash?: string;
  /** SHA-256 in hex of each file inside of what left, whatever it was called and however it was packed (baa-messaging MS51). */
  readonly fileHashes?: readonly string[];
  /** The substance of a message that it is about: its category and who decided it, its recipients, its agreement (MS50). */
  readonly message?: AuditedMessage;
  /** How many bytes left. */
  readonly bytes?: number;
  /** The organization that a refused request would have told (baa-messaging MS52). */
  readonly refusedTo?: Ref;
  /** Why the whole record was needed, as whoever asked for it said (compliance M5). */
  readonly justification?: string;
  /** On whose word that it was the minimum: a kind of party (compliance M6). */
  readonly reliedOn?: string;
  /** What an event of identity is about, beside who did it (identity 10). */
  readonly identity?: AuditedIdentity;
  /** How many alike this row stands for (failed logins per source and minute). */
  readonly times?: number;
  /** The emergency grant under which it was read: the key of its record (compliance E4, AU30). */
  readonly grant?: string;
  /** The server wrote it in consequence of the agent's request: the agent was not shown it. */
  readonly origin?: 'server';
  /** Organizations that may see this row beside the agent's own: the custodians of what it names. */
  readonly viewers: readonly Ref[];
}

/** The account, the client and the sitting that an event of identity is about. Never a login name, never a secret. */
interface AuditedIdentity {
  /** The account's id. */
  readonly account?: string;
  /** The client's id. */
  readonly client?: string;
  /** The session that began, ended or changed, by its public id; it may be another than that of the agent. */
  readonly session?: string;
  /** What changed, by names: codes of roles, states, factors, and the public ids of tokens. */
  readonly detail?: Readonly<Record<string, string>>;
}

/** An audit row with its place in the chain. */
export interface AuditRow {
  readonly seq: number;
  readonly position: number;
  readonly at: string;
  readonly entry: AuditEntry;
}

export interface AuditQuery {
  /** Undefined: everything (administrators). */
  readonly viewer: Ref | undefined;
  /** Only rows that name this (entity or patient reference without version), all of them. */
  readonly names: readonly Ref[];
  /** Only rows in which this organization acted, kept what was told, or was told it. */
  readonly organization?: Ref;
  /** Only rows that bear all of these. */
  readonly marks?: readonly AuditMark[];
  /** Milliseconds since 1970, inclusive. */
  readonly from?: number;
  readonly to?: number;
  /** Absent: newest first. */
  readonly oldestFirst?: true;
  /** Continue behind this row, in the order asked for. */
  readonly behind?: { readonly seq: number; readonly position: number };
  readonly count: number;
}

/** What rows are found by beside names: a member of the row, and its whole value. */
export interface AuditMark {
  readonly kind: 'session' | 'tab' | 'basis' | 'bytesHash';
  readonly value: string;
}

/** The agent of what the server does by itself. */
export const SERVER_AGENT = {
  organization: '',
  client: 'closeloop',
  subject: '',
} as const satisfies AuditEntry['agent'];

/** The row of a job that went well, unless `more` says otherwise. */
export const jobEntry = (job: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  event: 'job',
  action: 'E',
  outcome: '0',
  agent: SERVER_AGENT,
  requestId: `job-${job}`,
  entities: [],
  patients: [],
  query: `job ${job}`,
  viewers: [],
  ...more,
});

/** The row of what an administrator changes. `said`: which resources, by what, and which organizations see the row. */
export const adminEntry = (
  { agent, requestId }: Pick<AuditEntry, 'agent' | 'requestId'>,
  said: Pick<AuditEntry, 'entities' | 'query' | 'viewers'>,
): AuditEntry => ({
  event: 'admin',
  action: 'U',
  outcome: '0',
  agent,
  requestId,
  patients: [],
  ...said,
});
