/**
 * The roof over Direct mail. It is loaded where domains are set alone, so that a server without Direct mail knows nothing of
 * SMTP, IMAP or CMS.
 */
import { randomBytes } from 'node:crypto';
import type { DeliverAgain } from '../delivery/deliver-again.ts';
import type { Log } from '../http/log.ts';
import type { Metrics } from '../http/metrics.ts';
import type { DirectDoor } from '../inbound/direct/door.ts';
import type { FairTurns } from '../operations/fair-turns.ts';
import { buildSubmission, lacksOfPackage } from '../operations/packages/build-submission.ts';
import { buildMessageMail } from '../operations/packages/message-mail.ts';
import { MESSAGE_EVENT } from '../ports/direct.ts';
import { createMessageKey } from '../operations/packages/message-key.ts';
import type { NoteEvidence } from '../ports/delivered.ts';
import type { Store } from '../ports/store.ts';
import { createDirectRail, type DirectRail, type DirectRailSettings } from '../rails/direct/index.ts';
import type { Listening } from '../rails/hl7v2-mllp/index.ts';
import type { Outgoing } from './compose-outgoing.ts';
import type { ComposedTrust } from './compose-direct-trust.ts';
import type { Config } from './config.ts';
import { directDomainsOf, type DirectExtra } from './direct-places.ts';
import { parseListeningPlace } from './setting-shapes.ts';
import { clock, timers } from './time.ts';

interface RailComposition {
  readonly config: Config;
  readonly log: Log;
  readonly outgoing: Pick<Outgoing, 'guard'>;
  /** Absolute base of the server. */
  readonly base: string;
  /** Its links name organizations by their facilities. */
  readonly listening: readonly Listening[];
  /** Name and version of this program. */
  readonly application: string;
  /** Undefined where no domain has a security agent here, and where only the settings are examined. */
  readonly trust: Pick<ComposedTrust, 'trust' | 'discovery'> | undefined;
  readonly extra?: DirectExtra | undefined;
  /** Undefined where only the settings are examined. */
  readonly store: Store | undefined;
}

/** @throws when a setting or a file means nothing */
export function composeDirectRail(parts: RailComposition): DirectRail {
  const { config, log, outgoing, base, listening, trust, application, store } = parts;
  const links = listening.flatMap((port) => port.links.map(({ link }) => link));
  const packages = { base, serverOid: config.serverOid, links };
  return createDirectRail({
    domains: directDomainsOf(config, parts.extra),
    settings: settingsOf(parts),
    connect: (destination, options) => outgoing.guard.connect(destination, options),
    trust: trust?.trust,
    discovery: trust?.discovery,
    build: (entry, asOf, now, noticeOf) =>
      entry.event === MESSAGE_EVENT
        ? buildMessageMail(entry, asOf, now, { noticeOf, at: clock.now() })
        : buildSubmission(entry, asOf, now, { ...packages, noticeOf, at: clock.now() }),
    lacks: async (entry, asOf) =>
      entry.event === MESSAGE_EVENT ? [] : lacksOfPackage(packages, entry, asOf),
    application,
    clock,
    timers,
    messageKey:
      store === undefined
        ? () => Promise.reject(new Error('nothing is mailed without a store'))
        : createMessageKey({ store, random: randomBytes }),
    random: (bytes) => randomBytes(bytes),
    log: (level, says, about) => log.write(level, says, about),
  });
}

/** The relay of the settings. */
function relayOf({ config, extra }: RailComposition): DirectRailSettings['relay'] {
  if (extra?.ownPort === true) return 'own-port';
  const { directRelay: server, directRelayUser: user, directRelayPassword: password } = config;
  if (server === undefined) return undefined;
  return { server, user, password, ca: config.directRelayCa, tls: config.directRelayTls };
}

function settingsOf(parts: RailComposition): DirectRailSettings {
  const { config, extra } = parts;
  const { directListen, directTlsCert: cert, directTlsKey: key } = config;
  return {
    listen: extra?.listen ?? (directListen === undefined ? undefined : parseListeningPlace(directListen)),
    keys: config.directKeys,
    tls: cert === undefined || key === undefined ? undefined : { cert, key },
    tlsMinVersion: config.tlsMinVersion,
    relay: relayOf(parts),
    mailBytesMax: config.directMailBytesMax,
    receivedBytesMax: config.directReceivedBytesMax,
    heldBytesMax: config.directHeldBytesMax,
    connectionsMax: config.directConnectionsMax,
    connectionsPerAddressMax: config.directConnectionsPerAddressMax,
    recipientsMax: config.directRecipientsMax,
    commandTimeoutMs: config.directCommandTimeoutMs,
    dataTimeoutMs: config.directDataTimeoutMs,
    pollMs: config.directPollMs,
    processedMs: config.directProcessedMs,
    dispatchedMs: config.directDispatchedMs,
    drainMs: config.drainMs,
  };
}

interface DeskComposition {
  readonly store: Store;
  readonly direct: DirectDoor;
  readonly noteEvidence: NoteEvidence;
  readonly deliverAgain: DeliverAgain;
  readonly turns: FairTurns;
  readonly metrics: Pick<Metrics, 'showDirect'>;
}

/** Lets mail in: each mail takes its turn among all that is done for its sender. */
export function openDirect(
  rail: DirectRail,
  { store, direct, noteEvidence, deliverAgain, turns, metrics }: DeskComposition,
): ReturnType<DirectRail['listen']> {
  metrics.showDirect(() => rail.status());
  return rail.listen({
    store,
    memberOf: direct.memberOf,
    receive: async (mail) => turns.take(await direct.turnOf(mail), () => direct.receive(mail)),
    noteEvidence,
    resend: ({ entry, mails }, signal) => deliverAgain(entry, mails + 1, signal),
  });
}
