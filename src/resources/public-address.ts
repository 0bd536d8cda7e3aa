/**
 * Which IP addresses are on the public Internet, after the IANA special-purpose address registries (RFC 6890 and what
 * came since). A server that sends to addresses its clients name must not become their way into the inner network.
 */

/** IPv4 blocks that are not public: first address, prefix length, what they are. */
const NOT_PUBLIC_V4 = [
  ['0.0.0.0', 8, 'this network, RFC 791'],
  ['10.0.0.0', 8, 'private use, RFC 1918'],
  ['100.64.0.0', 10, 'carrier-grade NAT, RFC 6598'],
  ['127.0.0.0', 8, 'loopback, RFC 1122'],
  ['169.254.0.0', 16, 'link-local, RFC 3927; cloud metadata at 169.254.169.254'],
  ['172.16.0.0', 12, 'private use, RFC 1918'],
  ['192.0.0.0', 24, 'protocol assignments, RFC 6890'],
  ['192.0.2.0', 24, 'documentation, RFC 5737'],
  ['192.88.99.0', 24, '6to4 relay, RFC 7526'],
  ['192.168.0.0', 16, 'private use, RFC 1918'],
  ['198.18.0.0', 15, 'benchmarking, RFC 2544'],
  ['198.51.100.0', 24, 'documentation, RFC 5737'],
  ['203.0.113.0', 24, 'documentation, RFC 5737'],
  ['224.0.0.0', 4, 'multicast, RFC 5771'],
  ['240.0.0.0', 4, 'reserved and broadcast, RFC 1112'],
] as const;

/** IPv6 blocks whose last 32 bits are an IPv4 address, by which they are judged. */
const CARRIES_V4 = [
  ['::ffff:0:0', 96, 'IPv4-mapped, RFC 4291'],
  ['64:ff9b::', 96, 'NAT64, RFC 6052'],
] as const;

/** Only this block of IPv6 is public; loopback, unique-local, link-local and multicast lie outside. */
const GLOBAL_UNICAST_V6 = ['2000::', 3, 'global unicast, RFC 4291'] as const;

/** Blocks of global unicast that are not public all the same. */
const NOT_PUBLIC_V6 = [
  ['2001::', 23, 'protocol assignments and Teredo, RFC 2928, RFC 4380'],
  ['2001:db8::', 32, 'documentation, RFC 3849'],
  ['2002::', 16, '6to4, RFC 3056'],
  ['3fff::', 20, 'documentation, RFC 9637'],
] as const;

type Block = readonly [first: string, prefix: number, meaning: string];

/** Whether this is the text of a public IPv4 or IPv6 address. Anything that is not an address is not public. */
export function isPublicAddress(address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== undefined) return isPublicV4(v4);
  const v6 = parseV6(address);
  return v6 !== undefined && isPublicV6(v6);
}

/** Whether this is the text of an IP address at all; an IPv6 address without brackets. */
export function isAddress(text: string): boolean {
  return (parseV4(text) ?? parseV6(text)) !== undefined;
}

const isPublicV4 = (address: bigint): boolean =>
  !NOT_PUBLIC_V4.some((block) => isWithin(address, block, 32, parseV4));

function isPublicV6(address: bigint): boolean {
  const within = (block: Block): boolean => isWithin(address, block, 128, parseV6);
  if (CARRIES_V4.some(within)) return isPublicV4(address & 0xffff_ffffn);
  return within(GLOBAL_UNICAST_V6) && !NOT_PUBLIC_V6.some(within);
}

function isWithin(
  address: bigint,
  [first, prefix]: Block,
  bits: number,
  parse: (text: string) => bigint | undefined,
): boolean {
  const host = BigInt(bits - prefix);
  const block = parse(first);
  if (block === undefined) throw new Error(`not an address: ${first}`);
  return address >> host === block >> host;
}

/** Dotted decimal without leading zeros, which some resolvers read as octal. */
function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    address = (address << 8n) | BigInt(part);
  }
  return address;
}

/** RFC 4291 section 2.2, with the dotted form of the last 32 bits; a zone (`%eth0`) is link-local and no address here. */
function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => parseGroups(half, i === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const zeros = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined;
  const groups = [...head, ...Array<bigint>(zeros).fill(0n), ...(tail ?? [])];
  return groups.reduce((address, group) => (address << 16n) | group, 0n);
}

/** `last`: these are the address's last groups, where the dotted form may stand. */
function parseGroups(text: string, last: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const v4 = last && i === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}
