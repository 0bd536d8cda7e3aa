/** Where a request came from: the connection, or what a trusted proxy says in X-Forwarded-For. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** The address of the client; proxies are walked from the nearest outwards for as long as they are trusted. */
export type ClientIpOf = (req: IncomingMessage) => string | undefined;

/** @param trusted addresses or networks (`10.0.0.0/8`) */
export function createClientIpOf(trusted: readonly string[]): ClientIpOf {
  if (trusted.length === 0) return (req) => plainIp(req.socket.remoteAddress);
  const proxies = buildList(trusted);
  return (req) => {
    const hops = String(req.headers['x-forwarded-for'] ?? '')
      .split(',')
      .map((hop) => hop.trim());
    let ip = plainIp(req.socket.remoteAddress);
    while (ip !== undefined && contains(proxies, ip)) {
      const next = plainIp(hops.pop());
      if (next === undefined || isIP(next) === 0) return ip;
      ip = next;
    }
    return ip;
  };
}

const loopback = buildList(['127.0.0.0/8', '::1']);

export const isLoopback = (ip: string | undefined): boolean => ip !== undefined && contains(loopback, ip);

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

function contains(list: BlockList, ip: string): boolean {
  return isIP(ip) !== 0 && list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
}

/** An IPv4 address that arrived over IPv6 in its own form; an IPv6 address without the zone that only its sender knows. */
export const plainIp = (ip: string | undefined): string | undefined =>
  ip?.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
