/**
 * HL7 v2 over MLLP: `Endpoint.connectionType` hl7v2-mllp. Messages arrive at its ports, and leave for
 * `mllp://host:port`.
 */
import { accessSync, constants } from 'node:fs';
import { NOTICE_PLACES } from '../../policies/part2/places.ts';
import type { Rail } from '../../ports/rail.ts';
import type { Finding } from '../../ports/store.ts';
import type { Receive, TakeApart } from '../../hl7v2/received.ts';
import { createLinkCounters, type LinkStatus } from './link-status.ts';
import type { ConnectionParts, ConnectionSettings } from './connection.ts';
import { lacksOfMessages } from '../../operations/referral-messages/prepare-messages.ts';
import { deliverMessages } from './deliver.ts';
import { openPort, type OpenPort } from './listen.ts';
import { createPeers, type PeerSettings } from './peer.ts';
import type { Listening } from './settings.ts';
import { createPeerShares, type PeerShareSettings } from './shares.ts';

export type { LinkStatus } from './link-status.ts';
export { listeningOf, readListening, type Listening } from './settings.ts';

export interface MllpParts extends Pick<ConnectionParts, 'clock' | 'newControlId' | 'log'> {
  readonly listening: readonly Listening[];
  readonly settings: ConnectionSettings &
    PeerSettings &
    PeerShareSettings & {
      readonly connectionsMax: number;
      readonly drainMs: number;
      readonly tlsMinVersion: '1.3' | '1.2';
    };
}

export interface MllpRail extends Rail {
  /** Opens the ports. `receive` answers messages; `takeApart` splits frames with several. */
  listen(receive: Receive, takeApart: TakeApart): Promise<readonly Pick<OpenPort, 'host' | 'port'>[]>;
  status(): readonly LinkStatus[];
}

export function createMllpRail({ listening, settings, ...parts }: MllpParts): MllpRail {
  const links = listening.flatMap((port) => port.links.map(({ link }) => link));
  const twice = links.find(({ name }, index) => links.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw new Error(`two links have the name ${twice.name}`);
  const board = createLinkCounters(links.map(({ name }) => name));
  const peers = createPeers(settings);
  const shares = createPeerShares(settings);
  const ports: OpenPort[] = [];
  return {
    name: 'hl7v2-mllp',
    carriesNotice: NOTICE_PLACES['hl7v2-mllp'],
    deliver: (entry, asOf, now, signal, noticeOf) =>
      deliverMessages({ peers, links, clock: parts.clock, noticeOf }, entry, asOf, now, signal),
    lacks: (entry, asOf) => lacksOfMessages(links, entry, asOf),
    async listen(receive, takeApart) {
      for (const port of listening) {
        ports.push(
          await openPort(port, {
            ...parts,
            ...settings,
            settings,
            shares,
            counters: board,
            receive,
            takeApart,
          }),
        );
      }
      return ports;
    },
    status: () => board.status(),
    verify: async () => listening.flatMap(verifyPort),
    async close() {
      await Promise.all(ports.map((port) => port.close(settings.drainMs)));
      peers.close();
    },
  };
}

/** The answers for doctor: the links, and whether the server can read their files. */
const verifyPort = ({ host, port, links, tls }: Listening): readonly Finding[] => [
  ...Object.values(tls ?? {}).flatMap((file) => verifyFile(file)),
  ...links.map(({ link, certificates }) => ({
    ok: true,
    says: [
      `link ${link.name} on ${host}:${port}, ${tls === undefined ? 'plain' : 'TLS'}`,
      `known by ${certificates.length > 0 ? 'certificate' : 'address'}`,
      `${link.senders.length} facilities may speak`,
      `acknowledged ${link.unacknowledged ? 'never' : link.acknowledge}`,
    ].join(', '),
  })),
];

function verifyFile(file: string): readonly Finding[] {
  try {
    accessSync(file, constants.R_OK);
    return [];
  } catch {
    return [{ ok: false, says: `${file}: cannot be read → check its path and its owner` }];
  }
}
