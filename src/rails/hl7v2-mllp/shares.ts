/**
 * The share of each peer in a port before its messages say whose they are (MSH-4): connections, and bytes of messages
 * that have begun or wait. A peer is the set of links that it may be, by its certificate or its address.
 */
import type { Link } from '../../hl7v2/link.ts';

export interface PeerShareSettings {
  /** Connections of one peer at a time. */
  readonly connectionsPerPeerMax: number;
  /**
   * Bytes that all connections together may hold. One peer may hold half of them, and one connection always one
   * message.
   */
  readonly heldBytesMax: number;
}

/** The share of one connection. */
export interface Share {
  /** Records how much the connection holds now. Returns whether it may; the caller ends a connection that may not. */
  hold(bytes: number): boolean;
  leave(): void;
}

export interface PeerShares {
  /** Undefined when the peer has used up its share of connections. */
  enter(links: readonly Link[]): Share | undefined;
}

interface Peer {
  connections: number;
  bytes: number;
}

export function createPeerShares({ connectionsPerPeerMax, heldBytesMax }: PeerShareSettings): PeerShares {
  const peers = new Map<string, Peer>();
  let held = 0;
  return {
    enter(links) {
      const name = links.map((link) => link.name).join(' ');
      const peer = peers.get(name) ?? { connections: 0, bytes: 0 };
      if (peer.connections >= connectionsPerPeerMax) return undefined;
      peer.connections += 1;
      peers.set(name, peer);
      let own = 0;
      let isThere = true;
      const change = (bytes: number): void => {
        held += bytes - own;
        peer.bytes += bytes - own;
        own = bytes;
      };
      return {
        hold(bytes) {
          // Its last messages may be answered after it left.
          if (!isThere) return true;
          const grows = bytes > own;
          change(bytes);
          // One message has a bound of its own, so a peer may send it although it is larger than the peer's share.
          const isItsOnly = peer.bytes === own;
          return (
            !grows || held === own || (held <= heldBytesMax && (isItsOnly || peer.bytes <= heldBytesMax / 2))
          );
        },
        leave() {
          change(0);
          isThere = false;
          peer.connections -= 1;
          if (peer.connections === 0) peers.delete(name);
        },
      };
    },
  };
}
