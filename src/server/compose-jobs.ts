/** The roof over the jobs: what each of them does, and the scheduler that runs them. */
import { randomUUID } from 'node:crypto';
import type { AccountParts } from '../accounts/acting.ts';
import { askAboutExpiry } from '../accounts/client-expiry.ts';
import { suspendDormant } from '../accounts/dormant.ts';
import { askForAccessReviews } from '../accounts/quarterly.ts';
import type { AuditFeed } from '../delivery/audit-feed.ts';
import type { SelectRecipients } from '../delivery/recipients.ts';
import type { Dispatcher } from '../delivery/dispatch.ts';
import type { FailedLogins } from '../http/failed-logins.ts';
import { rotateDueKeys, type SigningKeys } from '../http/auth/signing-keys.ts';
import type { Log, Warnings } from '../http/log.ts';
import type { MessageDoor } from '../inbound/hl7v2/door.ts';
import { jobsOf } from '../jobs/index.ts';
import { askAboutUnanswered } from '../operations/messages/unanswered.ts';
import { endRetention } from '../operations/messages/retention.ts';
import { tickAgreements } from '../operations/agreements/tick.ts';
import { relabelWhenDue } from '../operations/relabel.ts';
import { recordPolicy } from '../operations/policy-record.ts';
import { sweepFiles } from '../operations/sweep-files.ts';
import { tellDue } from '../operations/outreach/tell-due.ts';
import { escalateReviews } from '../operations/reviews/overdue.ts';
import { remindOfIncidents } from '../operations/incidents/reminders.ts';
import { askForPapers } from '../operations/vendors/lapsed-papers.ts';
import { reviewActivity } from '../operations/reviews/weekly.ts';
import { createScheduler, type Scheduler } from '../jobs/scheduler.ts';
import type { Rails } from '../rails/index.ts';
import type { ServerStore } from '../stores/index.ts';
import type { ComposedTrust } from './compose-direct-trust.ts';
import type { ComposedSignOn } from './compose-sign-on.ts';
import { outreachCarriers } from './compose-outreach.ts';
import type { Config } from './config.ts';
import { policyPartsOf } from './policy-parts.ts';
import { clock, timers } from './time.ts';
import { watchDatabase } from './watch-database.ts';

interface Parts {
  readonly config: Config;
  readonly base: string;
  readonly log: Log;
  readonly warnings: Warnings;
  readonly store: ServerStore;
  readonly engine: {
    readonly messages: MessageDoor;
    readonly dispatcher: Dispatcher;
    readonly selectRecipients: SelectRecipients;
    readonly rails: Pick<Rails, 'direct'>;
    readonly accountParts: AccountParts;
    readonly settleScans: (signal: AbortSignal) => Promise<void>;
  };
  readonly failedLogins: FailedLogins;
  readonly signingKeys: () => Promise<SigningKeys>;
  readonly feed: Pick<AuditFeed, 'run'> | undefined;
  readonly directTrust: Pick<ComposedTrust, 'jobs'> | undefined;
  readonly access: {
    readonly authorization:
      | {
          readonly signOn: Pick<ComposedSignOn, 'renew'>;
          readonly tellOfLogouts: (signal: AbortSignal) => Promise<void>;
        }
      | undefined;
  };
}

export function composeJobs({
  config,
  base,
  log,
  warnings,
  store,
  engine,
  failedLogins,
  signingKeys,
  feed,
  directTrust,
  access,
}: Parts): Scheduler {
  const { messages, dispatcher, selectRecipients } = engine;
  const signOn = access.authorization?.signOn;
  const committed = (): void => dispatcher.nudge();
  const reviewing = { store, clock, newId: randomUUID, selectRecipients, committed };
  const jobs = jobsOf({
    settings: config,
    anchor: async () => void store.anchor(),
    askAboutOverdue: () => messages.waiting.askAboutOverdue(),
    tidy: (signal) => store.tidy(signal),
    sweepFiles: (signal) => sweepFiles(store, clock.now(), signal),
    readTexts: store.readTexts,
    relabel: (signal) => relabelWhenDue({ store, clock, newId: randomUUID }, signal),
    dispatch: async () => dispatcher.nudge(),
    auditLogins: () => failedLogins.flush(),
    reviewActivity: (signal) => reviewActivity(reviewing, signal),
    askAboutUnanswered: (signal) => askAboutUnanswered(reviewing, signal),
    endRetention: async (signal) => void (await endRetention({ store, clock, settings: config }, signal)),
    recordPolicy: () => recordPolicy({ store, clock }, policyPartsOf(config)),
    askForPapers: (signal) => askForPapers(reviewing, signal),
    remindOfIncidents: (signal) => remindOfIncidents(reviewing, signal),
    tellDue: composeTelling(reviewing, config, base),
    escalateReviews: (signal) => escalateReviews(reviewing, signal),
    askForAccessReviews: (signal) => askForAccessReviews(engine.accountParts, signal),
    askAboutExpiry: (signal) => askAboutExpiry(engine.accountParts, signal),
    tickAgreements: (signal) => tickAgreements(reviewing, signal),
    suspendDormant: (signal) => suspendDormant(engine.accountParts, signal),
    renewOutside: signOn && ((signal) => signOn.renew(signal)),
    tellOfLogouts: access.authorization?.tellOfLogouts,
    rotateKeys:
      config.authorizationServer === 'off'
        ? undefined
        : () => rotateDueKeys({ store, now: () => clock.now() }, signingKeys),
    settleScans: engine.settleScans,
    sendAudit: feed && ((signal) => feed.run(signal)),
    directTrust: directTrust?.jobs,
    direct: engine.rails.direct,
    database: databaseJobs(store, { log, warnings }),
  });
  return createScheduler({
    jobs,
    store,
    clock,
    timers,
    log: (level, says, about) => log.write(level, says, about),
    drainMs: config.drainMs,
  });
}

/** Tells patients what is due. */
const composeTelling =
  (parts: Omit<Parameters<typeof tellDue>[0], 'carriers' | 'portal'>, config: Config, base: string) =>
  (signal: AbortSignal): Promise<void> =>
    tellDue(
      { ...parts, carriers: outreachCarriers(config), portal: config.patientPortalUrl ?? base },
      signal,
    );

function databaseJobs(
  store: ServerStore,
  { log, warnings }: Pick<Parts, 'log' | 'warnings'>,
): Parameters<typeof jobsOf>[0]['database'] {
  const { traffic, checkpoint, sweepParts } = store;
  if (traffic === undefined || checkpoint === undefined || sweepParts === undefined) return undefined;
  const watched = { status: () => store.status(), clockAheadMs: () => traffic.clockAheadMs };
  const watch = watchDatabase(watched, { log, warnings, now: () => clock.now() });
  return { watch, checkpoint, sweepParts };
}
