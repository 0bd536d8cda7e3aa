/**
 * Whether IP addresses are on the public Internet. The classes are those of the IANA special-purpose address
 * registries, as ipaddr.js has them. A server that sends to addresses that clients name must not give those clients a
 * way into the inner network.
 */
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** Blocks of IPv6 whose last 32 bits are an IPv4 address, which decides: mapped (RFC 4291), NAT64 (RFC 6052). */
const CARRIES_V4: readonly (readonly [IPv6, number])[] = [
  [ipaddr.IPv6.parse('::ffff:0:0'), 96],
  [ipaddr.IPv6.parse('64:ff9b::'), 96],
];

/** The only block of IPv6 for global unicast (RFC 4291); addresses outside it have no public use. */
const GLOBAL_UNICAST: readonly [IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** Whether a text is a public IPv4 or IPv6 address. A text that is no address is not public. */
export function isPublicAddress(text: string): boolean {
  const address = parseIp(text);
  return address !== undefined && isPublic(address);
}

/** Whether a text is an IP address; an IPv6 address has no brackets. */
export const isAddress = (text: string): boolean => parseIp(text) !== undefined;

/** Whether only this machine reaches a host: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopbackHost(host: string): boolean {
  const address = parseIp(host);
  return host === 'localhost' || (address !== undefined && unmapped(address).range() === 'loopback');
}

/** `10.0.0.0/8`, or one address, which is a network of itself. */
export type Network = readonly [address: IPv4 | IPv6, bits: number];

/** Undefined when the text is no address and no network. */
export function parseNetwork(text: string): Network | undefined {
  const [base = '', bits, ...more] = text.split('/');
  const address = parseIp(base);
  if (address === undefined || more.length > 0) return undefined;
  const most = address.kind() === 'ipv4' ? 32 : 128;
  if (bits === undefined) return [address, most];
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? [address, Number(bits)] : undefined;
}

/** Whether an address lies in a network. A mapped IPv4 address counts as the IPv4 address. */
export function isInNetwork(text: string, [network, bits]: Network): boolean {
  const address = parseIp(text);
  if (address === undefined) return false;
  const plain = unmapped(address);
  if (plain.kind() !== network.kind()) return false;
  return plain.match(network as IPv4 & IPv6, bits); // both are of the same kind, as just checked
}

function isPublic(address: IPv4 | IPv6): boolean {
  if (isV4(address)) return address.range() === 'unicast';
  const carries = CARRIES_V4.some(([block, bits]) => address.match(block, bits));
  if (carries) return isPublic(lastFour(address));
  return address.match(...GLOBAL_UNICAST) && address.range() === 'unicast';
}

const isV4 = (address: IPv4 | IPv6): address is IPv4 => address.kind() === 'ipv4';

const unmapped = (address: IPv4 | IPv6): IPv4 | IPv6 =>
  !isV4(address) && address.match(...(CARRIES_V4[0] as [IPv6, number])) ? lastFour(address) : address;

const lastFour = (address: IPv6): IPv4 => new ipaddr.IPv4(address.toByteArray().slice(12));

/**
 * Dotted decimal without leading zeros, which some resolvers read as octal. An address with a zone (`%eth0`) is
 * link-local and none here.
 */
function parseIp(text: string): IPv4 | IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  const isV6 = text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text);
  return isV6 ? ipaddr.IPv6.parse(text) : undefined;
}
