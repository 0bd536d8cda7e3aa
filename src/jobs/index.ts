/** All jobs of the server, one line each: its name, whose it is, how often, what it does and how (docs/how-to/add-a-job.md). */
import type { Job } from '../ports/jobs.ts';

type Run = Job['run'];

/** What the jobs do, handed in by who composes the server. */
interface JobParts {
  readonly settings: {
    readonly anchorMs: number;
    readonly agreementTickMs: number;
    readonly dispatchIntervalMs: number;
    readonly auditFeedIntervalMs: number;
    readonly tellIntervalMs: number;
  };
  /** Writes an anchor of the audit chain, when there is something new to prove. */
  readonly anchor: Run;
  /** Asks a person about messages that were parked too long ago. */
  readonly askAboutOverdue: Run;
  /** Forgets what the store need not know any more. */
  readonly tidy: Run;
  /** Takes away files that no commit names. */
  readonly sweepFiles: Run;
  /** Reads new versions into the full-text index; undefined where there is none. */
  readonly readTexts: Run | undefined;
  /** Labels stored resources by the tables of this program, once for each version of the tables. */
  readonly relabel: Run;
  /** Looks for deliveries that are due. */
  readonly dispatch: Run;
  /** Audits the failed logins that were counted. */
  readonly auditLogins: Run;
  /** Asks privacy officers to review the last week. */
  readonly reviewActivity: Run;
  /** Asks about messages that nobody answered in time. */
  readonly askAboutUnanswered: Run;
  /** Takes away the content of messages whose time is over. */
  readonly endRetention: Run;
  /** Writes down which rules are in force, when they changed. */
  readonly recordPolicy: Run;
  /** Asks for the next papers about vendors where the last have lapsed. */
  readonly askForPapers: Run;
  /** Reminds of the clocks of incidents. */
  readonly remindOfIncidents: Run;
  /** Puts on record what the clock brings to agreements, and reminds of their ends. */
  readonly tickAgreements: Run;
  /** Makes reviews urgent that nobody ended in time. */
  readonly escalateReviews: Run;
  /** Tells patients what was to be told later. */
  readonly tellDue: Run;
  /** Suspends accounts that nobody used for 90 days. */
  readonly suspendDormant: Run;
  /** Asks providers of logins again about their people; undefined where nobody comes in by one. */
  readonly renewOutside: Run | undefined;
  /** Tells apps of sessions that have ended; undefined where other servers alone issue tokens. */
  readonly tellOfLogouts: Run | undefined;
  /** Asks for the review of access of the quarter. */
  readonly askForAccessReviews: Run;
  /** Asks about registrations of machines that end soon. */
  readonly askAboutExpiry: Run;
  /** Makes the next signing keys; undefined where other servers alone issue tokens. */
  readonly rotateKeys: Run | undefined;
  /** Scans files again that are pending, tells the messages that wait, and looks after files in quarantine. */
  readonly settleScans: Run;
  /** Sends audit rows to the collector; undefined where there is none. */
  readonly sendAudit: Run | undefined;
  /** What keeps trust in Direct mail current; undefined where there is no security agent. */
  readonly directTrust:
    | {
        /** Fetches the bundles of anchors that are due. */
        readonly refreshBundles: Run;
        /** Fetches the lists of revoked certificates that lapse. */
        readonly refreshLists: Run;
        /** Asks administrators about certificates that expire. */
        readonly warnOfExpiry: Run;
      }
    | undefined;
  /** What Direct mail needs; undefined where it is not set up. */
  readonly direct:
    | {
        /** Sends the notifications that are owed and could not be sent at once. */
        readonly sendOwed: Run;
        /** Asks about what was sent and not confirmed in time. */
        readonly markOverdue: Run;
      }
    | undefined;
  /** What a store needs whose log is in a database; undefined where the log is in the folder. */
  readonly database:
    | {
        /** Says in the log when it does not answer, and when its clock is off. */
        readonly watch: Run;
        /** Copies the read model into it, when enough was committed since the last copy. */
        readonly checkpoint: Run;
        /** Takes away parts of documents that never came into the log. */
        readonly sweepParts: Run;
      }
    | undefined;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

// prettier-ignore
export const jobsOf = ({ settings, readTexts, renewOutside, tellOfLogouts, rotateKeys, sendAudit, direct, directTrust, database, ...parts }: JobParts): readonly Job[] => [
  job('anchor', 'store', settings.anchorMs, parts.anchor, 'anchors the audit chain'),
  job('overdue', 'store', 5 * SECOND, parts.askAboutOverdue, 'asks a person about messages that wait too long'),
  job('sweep', 'process', SECOND, parts.tidy, 'removes what the store need not keep'),
  job('files', 'store', HOUR, parts.sweepFiles, 'removes files of uploads that came to nothing'),
  ...(readTexts === undefined ? [] : [job('texts', 'process', SECOND, readTexts, 'indexes full text')]),
  job('dispatch', 'process', settings.dispatchIntervalMs, parts.dispatch, 'looks for deliveries that are due'),
  job('relabel', 'store', 24 * HOUR, parts.relabel, 'labels stored resources when the tables of labels have changed'),
  job('logins', 'process', MINUTE, parts.auditLogins, 'audits failed logins, counted by source'),
  job('activity', 'store', 6 * HOUR, parts.reviewActivity, 'asks for the review of the last week'),
  job('unanswered', 'store', MINUTE, parts.askAboutUnanswered, 'asks about messages that nobody answered in time'),
  job('retention', 'store', 24 * HOUR, parts.endRetention, 'takes away the content of messages whose retention is over'),
  job('policy', 'store', 10 * MINUTE, parts.recordPolicy, 'writes down which rules are in force, when they changed'),
  job('vendor-papers', 'store', 24 * HOUR, parts.askForPapers, 'asks for papers about vendors that have lapsed'),
  job('incidents', 'store', HOUR, parts.remindOfIncidents, 'reminds of the days by which somebody must be told of an incident'),
  job('tellings', 'store', settings.tellIntervalMs, parts.tellDue, 'tells patients what is due'),
  job('reviews', 'store', 10 * MINUTE, parts.escalateReviews, 'makes overdue reviews urgent'),
  job('agreements', 'store', settings.agreementTickMs, parts.tickAgreements, 'puts on record what the clock brings to agreements, and reminds of their ends'),
  job('dormant', 'store', 6 * HOUR, parts.suspendDormant, 'suspends accounts that nobody used for 90 days'),
  ...(renewOutside === undefined ? [] : [job('outside-sessions', 'store', 20 * SECOND, renewOutside, 'asks providers again about people who came in by them')]),
  ...(tellOfLogouts === undefined ? [] : [job('logouts', 'store', 5 * SECOND, tellOfLogouts, 'tells apps of sessions that have ended')]),
  job('access-review', 'store', 24 * HOUR, parts.askForAccessReviews, 'asks each quarter for a review of who holds which role'),
  job('client-expiry', 'store', 6 * HOUR, parts.askAboutExpiry, 'asks about registrations of machines that end within thirty days'),
  ...(rotateKeys === undefined ? [] : [job('signing-keys', 'store', 6 * HOUR, rotateKeys, 'makes the next signing keys when those in use are old')]),
  ...(sendAudit === undefined ? [] : [job('audit-feed', 'store', settings.auditFeedIntervalMs, sendAudit, 'sends the audit to its collector')]),
  job('scans', 'store', 5 * SECOND, parts.settleScans, 'scans files that are pending, tells the messages that wait for them, and expunges malware after thirty days'),
  ...(directTrust === undefined ? [] : [
    job('direct-bundles', 'store', 5 * MINUTE, directTrust.refreshBundles, 'fetches the bundles of anchors of Direct mail that are due'),
    job('direct-lists', 'store', 10 * MINUTE, directTrust.refreshLists, 'fetches lists of revoked certificates before they lapse'),
    job('direct-expiry', 'process', 5 * MINUTE, directTrust.warnOfExpiry, 'asks administrators about certificates of Direct mail that expire'),
  ]),
  ...(direct === undefined ? [] : [
    job('direct-owed', 'store', 15 * SECOND, direct.sendOwed, 'sends the notifications that are owed for Direct mails'),
    job('direct-overdue', 'store', MINUTE, direct.markOverdue, 'asks about Direct mails that were not confirmed in time'),
  ]),
  ...(database === undefined ? [] : [
    job('database', 'process', SECOND, database.watch, 'says when the database does not answer, or its clock is off'),
    job('checkpoint', 'store', 5 * MINUTE, database.checkpoint, 'copies the read model into the database when enough was committed'),
    job('parts', 'store', 6 * HOUR, database.sweepParts, 'removes parts of documents that never came into the log'),
  ]),
];

function job(name: string, of: Job['of'], periodMs: number, run: Run, does: string): Job {
  return { name, of, periodMs, run, does };
}
