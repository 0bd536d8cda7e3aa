/** Where a request came from: the connection, or what a trusted proxy says in X-Forwarded-For. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** The address of the client; proxies are walked from the nearest outwards for as long as they are trusted. */
export type AddressOf = (req: IncomingMessage) => string | undefined;

/** @param trusted addresses or networks (`10.0.0.0/8`) */
export function createAddressOf(trusted: readonly string[]): AddressOf {
  if (trusted.length === 0) return (req) => plainAddress(req.socket.remoteAddress);
  const proxies = buildList(trusted);
  return (req) => {
    const hops = String(req.headers['x-forwarded-for'] ?? '')
      .split(',')
      .map((hop) => hop.trim());
    let address = plainAddress(req.socket.remoteAddress);
    while (address !== undefined && contains(proxies, address)) {
      const next = plainAddress(hops.pop());
      if (next === undefined || isIP(next) === 0) return address;
      address = next;
    }
    return address;
  };
}

const loopback = buildList(['127.0.0.0/8', '::1']);

export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && contains(loopback, address);

function buildList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function contains(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** An IPv4 address that arrived over IPv6 in its own form; an IPv6 address without the zone that only its sender knows. */
export const plainAddress = (address: string | undefined): string | undefined =>
  address?.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
