/** Doctor's check of receivers: whether somebody listens at the address of each active Endpoint. */
import type { Config } from '../../src/server/config.ts';
import type { Resource } from '../../src/fhir/types.ts';
import type { Guard } from '../../src/outgoing/guard.ts';
import { ConnectionFailed, type ConnectionFailure, type Destination } from '../../src/ports/outgoing.ts';
import { localRef } from '../../src/resources/element.ts';
import { parsePlace } from '../../src/resources/outgoing-address.ts';
import { readListening } from '../../src/rails/hl7v2-mllp/index.ts';
import { createOutgoing } from '../../src/server/compose-outgoing.ts';
import type { Finding } from '../../src/ports/store.ts';
import { readCurrentOfType } from '../../src/stores/embedded/folder/current.ts';

const CONNECT_TIMEOUT_MS = 2000;
/** The number of Endpoints that are tried, because an address book can be long. */
const PEERS_MAX = 50;

interface Peer {
  readonly ref: string;
  readonly rail: string;
  readonly destination: Destination;
}

/** Connects and hangs up, without sending a message or waiting for one. */
export async function examinePeers(config: Config): Promise<readonly Finding[]> {
  const { dataDir, hl7Links } = config;
  const listening = hl7Links === undefined ? [] : readListening(hl7Links);
  const { guard } = createOutgoing(config, listening, { now: () => Date.now() });
  const endpoints = readCurrentOfType(dataDir, 'Endpoint').flatMap(peerOf);
  const tried = await Promise.all(endpoints.slice(0, PEERS_MAX).map((peer) => examinePeer(peer, guard)));
  if (tried.length === 0) return [{ ok: true, says: 'no active Endpoint names a peer' }];
  const rest = endpoints.length - tried.length;
  return rest === 0
    ? tried
    : [...tried, { ok: true, warning: true, says: `${rest} more Endpoints were not tried` }];
}

function peerOf(resource: Resource): readonly Peer[] {
  const { id, status, address, connectionType } = resource as {
    readonly id?: string;
    readonly status?: string;
    readonly address?: string;
    readonly connectionType?: { readonly code?: string };
  };
  if (status !== 'active' || address === undefined || !URL.canParse(address)) return [];
  const purpose = /^mllps?:/i.test(address) ? 'hl7v2-mllp' : 'rest-hook';
  if (parsePlace({ purpose, address }) === undefined) return [];
  const organization = localRef(resource['managingOrganization']);
  return [
    {
      ref: `Endpoint/${id ?? ''}`,
      rail: connectionType?.code ?? '',
      destination: { purpose, address, organization },
    },
  ];
}

async function examinePeer({ ref, rail, destination }: Peer, guard: Guard): Promise<Finding> {
  const place = `${ref} (${rail}) at ${new URL(destination.address).host}`;
  const why = await tryConnecting(destination, guard);
  if (why === undefined) return { ok: true, says: `${place} takes connections` };
  const remedy = REMEDIES[why] ?? 'ask its operator, or correct the Endpoint';
  return { ok: false, says: `${place} cannot be reached (${why}) → ${remedy}` };
}

const REMEDIES: Readonly<Partial<Record<ConnectionFailure, string>>> = {
  policy:
    'its address is not public and on no list: see HL7_ALLOW_LIST and the links, or correct the Endpoint',
};

/** The reason why nobody could be reached; undefined when somebody was. */
async function tryConnecting(destination: Destination, guard: Guard): Promise<ConnectionFailure | undefined> {
  try {
    const socket = await guard.connect(destination, { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    socket.destroy();
    return undefined;
  } catch (error) {
    if (error instanceof ConnectionFailed) return error.failure;
    throw error;
  }
}
