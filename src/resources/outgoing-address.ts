/**
 * The places to which this server may connect: the schemes and ports of each purpose, and the operator's lists of
 * places that are not public. The functions are pure: the caller hands in the addresses to which a name resolves (rules
 * 6.3).
 */
import type { Ref } from '../fhir/types.ts';
import type { Destination, ConnectionPurpose } from '../ports/outgoing.ts';
import { isAddress, isPublicAddress, isInNetwork, parseNetwork, type Network } from './public-address.ts';

interface Scheme {
  readonly tls: boolean;
  /** Whether the purpose may lead to public places; otherwise it leads only to places of the list. */
  readonly toPublic: boolean;
  /** What comes is signed by itself, and nothing secret is asked for: public places are reached without TLS, too. */
  readonly plain?: true;
  readonly defaultPort?: number;
}

const HTTP: Readonly<Record<string, Scheme>> = {
  'https:': { tls: true, toPublic: true, defaultPort: 443 },
  'http:': { tls: false, toPublic: false, defaultPort: 80 },
};

interface PurposeRow {
  readonly schemes: Readonly<Record<string, Scheme>>;
  /** Whether a public place that nobody listed may have this port: services on lower ports are not meant for strangers. */
  readonly publicPort: (port: number) => boolean;
}

/** The operator names relays, whole. */
const RELAY: PurposeRow = {
  schemes: {
    'smtps:': { tls: true, toPublic: true, defaultPort: 465 },
    'smtp:': { tls: false, toPublic: false, defaultPort: 587 },
  },
  publicPort: (port) => port === 465 || port >= 1024,
};

const PURPOSES: Readonly<Record<ConnectionPurpose, PurposeRow>> = {
  'rest-hook': { schemes: HTTP, publicPort: (port) => port === 443 || port >= 1024 },
  jwks: { schemes: HTTP, publicPort: (port) => port === 443 || port >= 1024 },
  // An organization names its provider of logins, or its EHR.
  'sign-on': { schemes: HTTP, publicPort: (port) => port === 443 || port >= 1024 },
  'client-keys': { schemes: HTTP, publicPort: (port) => port === 443 || port >= 1024 },
  // The operator names it, whole.
  'audit-feed': {
    schemes: { ...HTTP, 'syslogs:': { tls: true, toPublic: true, defaultPort: 6514 } },
    publicPort: (port) => port === 443 || port >= 1024,
  },
  // The operator names it, whole; it is never a public place.
  'malware-scanner': {
    schemes: { 'clamd:': { tls: false, toPublic: false, defaultPort: 3310 } },
    publicPort: () => false,
  },
  'mail-relay': RELAY,
  // The operator names it, whole.
  'sms-gateway': { schemes: HTTP, publicPort: (port) => port === 443 || port >= 1024 },
  'direct-relay': RELAY,
  // The operator names mailboxes, whole.
  'direct-mailbox': {
    schemes: {
      'imaps:': { tls: true, toPublic: true, defaultPort: 993 },
      'imap:': { tls: false, toPublic: false, defaultPort: 143 },
    },
    publicPort: (port) => port === 993 || port >= 1024,
  },
  // An administrator names bundles of anchors; certificates name lists and, by the DNS of their domain, directories.
  'direct-bundle': {
    schemes: { 'https:': { tls: true, toPublic: true, defaultPort: 443 } },
    publicPort: (port) => port === 443 || port >= 1024,
  },
  'direct-list': {
    schemes: {
      'https:': { tls: true, toPublic: true, defaultPort: 443 },
      'http:': { tls: false, toPublic: true, plain: true, defaultPort: 80 },
    },
    publicPort: (port) => port === 443 || port === 80 || port >= 1024,
  },
  'direct-directory': {
    schemes: { 'ldap:': { tls: false, toPublic: true, plain: true, defaultPort: 389 } },
    publicPort: (port) => port === 389 || port >= 1024,
  },
  'hl7v2-mllp': {
    schemes: {
      'mllps:': { tls: true, toPublic: true },
      // Inside a tunnel an address may be public and the way private: only the operator knows.
      'mllp:': { tls: false, toPublic: true },
    },
    publicPort: (port) => port >= 1024,
  },
};

/** The parts of an address. */
export interface AddressParts {
  readonly purpose: ConnectionPurpose;
  readonly scheme: string;
  /** The host in lower case, without brackets and without a dot at its end. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/**
 * The parts of an address; undefined when it is no address for its purpose. Schemes that the URL standard does not know
 * are parsed like https, so that the host is normalised whatever the scheme: `mllp://2130706433` is 127.0.0.1 before
 * any resolver says so.
 */
export function parsePlace({
  purpose,
  address,
}: Pick<Destination, 'purpose' | 'address'>): AddressParts | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(address)?.[1]?.toLowerCase();
  const known = scheme === undefined ? undefined : PURPOSES[purpose].schemes[scheme];
  if (scheme === undefined || known === undefined) return undefined;
  const rest = address.slice(scheme.length);
  // The parser leaves out a scheme's own default port: the other scheme tells whether it was written.
  const [read, again] = [URL.parse(`https:${rest}`), URL.parse(`http:${rest}`)];
  if (read === null || read.username !== '' || read.password !== '' || read.hash !== '') return undefined;
  const port = Number(read.port || again?.port) || known.defaultPort;
  const host = read.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return port === undefined || host === '' ? undefined : { purpose, scheme, host, port, tls: known.tls };
}

/** The operator's settings about addresses. */
export interface AddressPolicy {
  readonly allowed: readonly Allowed[];
  /** Whether HL7 v2 may go to public addresses without TLS. */
  readonly plainToPublic: boolean;
}

/** A place that the operator allows. */
export interface Allowed {
  readonly purpose: ConnectionPurpose;
  readonly scheme: string | undefined;
  /** A name stands for the addresses to which it resolves; a network for its addresses, under any name. */
  readonly name: string | undefined;
  readonly network: Network | undefined;
  readonly ports: (port: number) => boolean;
  /** The organization that may be reached there; undefined: any. */
  readonly organizations: readonly Ref[] | undefined;
}

const ENTRY = /^(?:(https?|mllps?|ldap):\/\/)?(\[[^\]]+\]|[^:/[\]]+(?:\/\d{1,3})?)(?::(\d{1,5}|\*))?$/i;

/**
 * Reads `host`, `host:port`, `host:*` or `10.0.0.0/8:port`, with a scheme before it to allow that alone. An IPv6 address
 * with a port stands in brackets.
 */
export function parseAllowed(
  entry: string,
  purpose: ConnectionPurpose,
  organizations?: readonly Ref[],
): Allowed | undefined {
  const bareNetwork = parseNetwork(entry) !== undefined;
  const [, scheme, host = '', port = '*'] = (bareNetwork ? undefined : ENTRY.exec(entry)) ?? [
    '',
    undefined,
    entry,
  ];
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const network = parseNetwork(bare);
  if (bare === '' || (network === undefined && /[/:]/.test(bare))) return undefined;
  return {
    purpose,
    scheme: scheme === undefined ? undefined : `${scheme.toLowerCase()}:`,
    name: network === undefined ? bare.replace(/\.$/, '') : undefined,
    network,
    ports: (asked) => port === '*' || Number(port) === asked,
    organizations,
  };
}

/** A name server: its address, and a port, 53 unless it is written; undefined for what is none. */
export function parseNameServer(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, port = '53'] =
    /^(?:\[([\da-f:.]+)\]|([\d.]+|[\da-f:]+(?=$)))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  return isAddress(host) && Number(port) > 0 && Number(port) < 65_536
    ? { host, port: Number(port) }
    : undefined;
}

/** A place that the operator named by its whole address. */
export const allowPlace = ({ purpose, scheme, host, port }: AddressParts): Allowed => ({
  purpose,
  scheme,
  name: host,
  network: undefined,
  ports: (asked) => asked === port,
  organizations: undefined,
});

/** Names of this machine and of inner networks, whatever they resolve to (RFC 6761, RFC 6762, RFC 8375, ICANN). */
const INNER_NAME = /(^|\.)(localhost|local|internal|home\.arpa|onion)$/;

/**
 * Whether the server may connect to a place whose host is an address or resolves to these addresses. Each of several
 * addresses must be allowed, because the network chooses one.
 */
export function mayConnect(
  place: AddressParts,
  addresses: readonly string[],
  organization: Ref | undefined,
  { allowed, plainToPublic }: AddressPolicy,
): boolean {
  const listed = allowed.filter(
    ({ purpose, scheme, ports, organizations }) =>
      purpose === place.purpose &&
      (scheme ?? place.scheme) === place.scheme &&
      ports(place.port) &&
      (organizations === undefined || (organization !== undefined && organizations.includes(organization))),
  );
  if (listed.some(({ name }) => name === place.host)) return true;
  const { schemes, publicPort } = PURPOSES[place.purpose];
  const { toPublic = false, plain = false } = schemes[place.scheme] ?? {};
  const isOpen =
    toPublic && (place.tls || plain || plainToPublic) && publicPort(place.port) && mayBePublic(place.host);
  const isListed = (address: string): boolean =>
    listed.some(({ network }) => network !== undefined && isInNetwork(address, network));
  return addresses.every((address) => isListed(address) || (isOpen && isPublicAddress(address)));
}

/**
 * Whether a client may name a place of which no address is known: a name that could be public, or one that could lead
 * into a listed network.
 */
export const mayBeNamed = (
  place: AddressParts,
  organization: Ref | undefined,
  policy: AddressPolicy,
): boolean =>
  // A public address stands in for the unknown ones; a plain scheme or an inner name needs the list.
  mayConnect(place, ['2000::'], organization, policy);

const mayBePublic = (host: string): boolean =>
  isAddress(host) || (host.includes('.') && !INNER_NAME.test(host));
