/** The roof over the jobs: what each of them does, and the scheduler that runs them. */
import type { Dispatcher } from '../delivery/dispatch.ts';
import type { FailedLogins } from '../http/failed-logins.ts';
import type { Log } from '../http/log.ts';
import type { MessageDoor } from '../inbound/hl7v2/door.ts';
import { jobsOf } from '../jobs/index.ts';
import { createScheduler, type Scheduler } from '../jobs/scheduler.ts';
import type { ServerStore } from '../stores/index.ts';
import type { Config } from './config.ts';
import { clock, timers } from './time.ts';

interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly store: ServerStore;
  readonly messages: MessageDoor;
  readonly dispatcher: Dispatcher;
  readonly failedLogins: FailedLogins;
}

export function composeJobs({ config, log, store, messages, dispatcher, failedLogins }: Parts): Scheduler {
  const jobs = jobsOf({
    settings: config,
    anchor: async () => void store.anchor(),
    askAboutOverdue: () => messages.waiting.askAboutOverdue(),
    tidy: (signal) => store.tidy(signal),
    readTexts: store.readTexts,
    dispatch: async () => dispatcher.nudge(),
    auditLogins: () => failedLogins.flush(),
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
