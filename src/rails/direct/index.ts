/**
 * Direct mail: `Endpoint.connectionType` direct-project. A referral leaves in an XDM package, and comes in by SMTP to the own
 * security agent or from mailboxes at a HISP (direct-xdm 1). Both ways stand behind `ports/direct.ts`.
 */
import { NOTICE_PLACES } from '../../policies/part2/places.ts';
import { DIRECT, type DirectTraffic } from '../../ports/direct.ts';
import type { Rail } from '../../ports/rail.ts';
import { createDirectCounters } from './counters.ts';
import { deliverMail, type DirectDeliverParts } from './deliver.ts';
import type { Account } from './domains.ts';
import { markOverdue } from './overdue.ts';
import { sendOwed } from './owed.ts';
import type { DirectDesk, DirectRailParts } from './parts.ts';
import { createPost, type PostAnswer } from './post.ts';
import { createQuota } from './quota.ts';
import type { ReceiveMailParts } from './receive.ts';
import { createRelay, type Relay } from './relay.ts';
import { verifyDirect } from './verify.ts';
import { certificateOf, openWaysIn, pemOf, type WaysIn } from './ways-in.ts';

export { localDomainsOf, readDomains, type LocalDomain } from './domains.ts';
export type { BuildSubmission } from './deliver.ts';
export type { DirectDesk, DirectRailParts, DirectRailSettings } from './parts.ts';

/** Mails to one address that are not believed, and of which more is kept than that they came. */
const APART_MAX = 50;
const APART_PERIOD_MS = 60 * 60 * 1000;

export interface DirectRail extends Rail {
  /** Opens the SMTP port, where one is set, and watches the mailboxes. Resolves with where SMTP is listened to. */
  listen(desk: DirectDesk): Promise<{ readonly host: string; readonly port: number } | undefined>;
  /** Sends the notifications that are owed and due. Nothing before `listen`. */
  sendOwed(signal: AbortSignal): Promise<void>;
  /** Asks about what was not confirmed in time. Nothing before `listen`. */
  markOverdue(signal: AbortSignal): Promise<void>;
  /** Reads the certificate for STARTTLS again. */
  reloadTls(): void;
  /** For the metrics. */
  status(): DirectTraffic;
}

/** @throws when a setting or a file means nothing */
export function createDirectRail(parts: DirectRailParts): DirectRail {
  const { settings, log } = parts;
  const counters = createDirectCounters();
  const submissions = submissionsOf(parts);
  let relay = settings.relay === 'own-port' ? undefined : relayOf(parts, settings.relay);
  const post = createPost({ ...parts, submissions, relay: () => relay });
  const delivering: DirectDeliverParts = { ...parts, post, times: settings };
  const stopped = new AbortController();
  const unstored = new Map<string, PostAnswer>();
  let ways: WaysIn | undefined;
  let desk: DirectDesk | undefined;

  const owe = singleFlight(async (signal) => {
    if (desk !== undefined) await sendOwed({ ...parts, ...desk, post, counters, unstored }, signal);
  });
  const receiving = (given: DirectDesk): ReceiveMailParts => ({
    ...parts,
    ...given,
    counters,
    times: settings,
    receivedBytesMax: settings.receivedBytesMax,
    apart: createQuota(parts.clock, APART_MAX, APART_PERIOD_MS),
    isRelay: (host) => relay?.isAt(host) === true,
    // Right after the commit, so that a sender hears of it at once.
    received: () =>
      void owe(stopped.signal).catch(() => log('warn', 'owed notifications could not be sent', {})),
  });
  return {
    name: DIRECT,
    carriesNotice: NOTICE_PLACES.direct,
    async deliver(entry, asOf, now, signal, noticeOf) {
      const receipt = await deliverMail(delivering, { entry, asOf, now, signal, noticeOf });
      counters.sent('package', receipt.outcome);
      return receipt;
    },
    ...(parts.lacks !== undefined && { lacks: parts.lacks }),
    async listen(given) {
      desk = given;
      ways = await openWaysIn(parts, given, receiving(given));
      const { port } = ways;
      if (settings.relay === 'own-port' && port !== undefined)
        relay = relayOf(parts, { server: `smtp://${port.host}:${port.port}`, ...NO_ACCOUNT });
      return port && { host: port.host, port: port.port };
    },
    sendOwed: owe,
    markOverdue: async (signal) => {
      if (desk !== undefined) await markOverdue({ ...parts, ...desk, times: settings }, signal);
    },
    reloadTls: () => renewTls(ways, parts),
    status: () => counters.status(),
    verify: () => verifyDirect(parts, relay, submissions),
    async close() {
      await ways?.close();
      stopped.abort();
      // What is under way ends, while there is a store to write it down.
      await owe(stopped.signal).catch(() => undefined);
    },
  };
}

function renewTls(ways: WaysIn | undefined, { settings }: DirectRailParts): void {
  const certificate = certificateOf(settings);
  if (certificate !== undefined) ways?.port?.renew(certificate);
}

const NO_ACCOUNT = { user: undefined, password: undefined, ca: undefined, tls: 'offered' } as const;

function relayOf({ connect, domains }: DirectRailParts, account: Account | undefined): Relay | undefined {
  if (account === undefined) return undefined;
  const name = domains[0]?.domain ?? 'localhost';
  return createRelay({ account, purpose: 'direct-relay', ca: pemOf(account.ca), connect, name });
}

const submissionsOf = (parts: DirectRailParts): ReadonlyMap<string, Relay> =>
  new Map(
    parts.domains.flatMap((one) => {
      const relay = one.way === 'edge' ? relayOf(parts, one.submission) : undefined;
      return relay === undefined ? [] : [[one.domain, relay] as const];
    }),
  );

/** One run at a time; callers that ask meanwhile share one more run after it. */
function singleFlight(run: (signal: AbortSignal) => Promise<void>): (signal: AbortSignal) => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (signal: AbortSignal): Promise<void> => {
    running = run(signal).finally(() => {
      running = undefined;
    });
    return running;
  };
  return (signal) => {
    if (running === undefined) return start(signal);
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start(signal);
      });
    return next;
  };
}
