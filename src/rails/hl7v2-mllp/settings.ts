/** The links of an installation as its operator writes them: a JSON file, which the server checks before it listens. */
import { BlockList, isIP } from 'node:net';
import { readFileSync } from 'node:fs';
import { systemOfOid } from '../../fhir/identifier.ts';
import type { Ref } from '../../fhir/types.ts';
import { charsetNamed, type Charset } from '../../hl7v2/charset.ts';
import { isZone } from '../../hl7v2/mapping/moment.ts';
import { LINK_DEFAULTS, type Facility, type Link } from '../../hl7v2/link.ts';
import type { Namespaces } from '../../hl7v2/mapping/authority.ts';
import { parseAllowed, type Allowed } from '../../resources/outgoing-address.ts';

/** One port, and the links that may connect to it. */
export interface Listening {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Files (PEM); with `ca` every peer must show a certificate of it. */
  readonly tls: TlsFiles | undefined;
  readonly links: readonly ConfiguredLink[];
}

interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

/** How the server recognises a link's peer on its port: by its certificate when it shows one, else by its address. */
export interface ConfiguredLink {
  readonly link: Link;
  readonly addresses: BlockList;
  /** SHA-256 fingerprints, `AB:CD:…`; when there are any, no other certificate will do. */
  readonly certificates: readonly string[];
  /** Places without a public address to which messages for the organizations of this link may go. */
  readonly sendTo: readonly Allowed[];
}

const PORT_MEMBERS: ReadonlySet<string> = new Set(['host', 'port', 'tls', 'plain', 'links']);
const LINK_MEMBERS: ReadonlySet<string> = new Set([
  ...Object.keys(LINK_DEFAULTS),
  'name',
  'senders',
  'receivers',
  'certificates',
  'addresses',
  'sendTo',
]);
const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  acknowledge: ['asAsked', 'always'],
  workItemAcknowledged: ['AA', 'AE'],
  noteReferralField: ['ORC-2', 'TXA-14'],
  declineOrderControl: ['UA', 'OC'],
  unacknowledged: [true, false],
};

type Raw = Readonly<Record<string, unknown>>;

/**
 * Reads the file.
 *
 * @throws Error that names the file, the place and the allowed values
 */
export function readListening(file: string): readonly Listening[] {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return listOf(value, file).map((entry, index) => listeningOf(entry, `${file}[${index}]`));
}

/** Reads one member of the file's list; the demonstration uses it for its own ports. */
export function listeningOf(entry: Raw, place: string): Listening {
  knownOnly(entry, PORT_MEMBERS, place);
  const tls = entry['tls'] as TlsFiles | undefined; // files are opened, and missed, by the listener
  const host = textOf(entry['host'] ?? '127.0.0.1', `${place}.host`);
  const loopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  if (!loopback && tls === undefined && entry['plain'] !== true) {
    throw new Error(`${place}: ${host} without tls; set tls, or "plain": true if another thing protects it`);
  }
  return {
    host,
    port: portOf(entry['port'] ?? 0, `${place}.port`),
    tls,
    links: listOf(entry['links'], `${place}.links`).map((link, index) =>
      configuredLinkOf(link, `${place}.links[${index}]`, tls !== undefined),
    ),
  };
}

function configuredLinkOf(entry: Raw, place: string, secure: boolean): ConfiguredLink {
  knownOnly(entry, LINK_MEMBERS, place);
  for (const [member, words] of Object.entries(CHOICES)) {
    const value = entry[member];
    if (value !== undefined && !words.includes(value))
      throw new Error(`${place}.${member} must be ${words.map(String).join(' or ')}`);
  }
  const link: Link = {
    ...LINK_DEFAULTS,
    ...(entry as Partial<Link>), // the parts that matter are checked below
    name: textOf(entry['name'], `${place}.name`),
    senders: facilitiesOf(entry['senders'], `${place}.senders`),
    receivers: facilitiesOf(entry['receivers'], `${place}.receivers`),
    zone: zoneOf(entry['zone'] ?? LINK_DEFAULTS.zone, `${place}.zone`),
    authorities: textsOf(entry['authorities'] ?? [], `${place}.authorities`),
    ...takenOf(entry, place),
    namespaces: namespacesOf(entry['namespaces'] ?? {}, `${place}.namespaces`),
    codeMaps: codeMapsOf(entry['codeMaps'] ?? {}, `${place}.codeMaps`),
    charset: charsetOf(entry['charset'] ?? LINK_DEFAULTS.charset, `${place}.charset`),
    ...(entry['defaultReceiver'] !== undefined && {
      defaultReceiver: organizationOf(entry['defaultReceiver'], `${place}.defaultReceiver`),
    }),
  };
  const certificates = textsOf(entry['certificates'] ?? [], `${place}.certificates`).map(fingerprintOf);
  const addresses = textsOf(entry['addresses'] ?? [], `${place}.addresses`);
  if (certificates.length + addresses.length === 0) {
    throw new Error(`${place}: a link is known by addresses or certificates; it has neither`);
  }
  if (certificates.length > 0 && !secure) {
    throw new Error(`${place}: certificates are shown over TLS only, and this port has no tls`);
  }
  const places = textsOf(entry['sendTo'] ?? addresses, `${place}.sendTo`);
  return {
    link,
    certificates,
    addresses: blockListOf(addresses, place),
    sendTo: allowedOf(places, link, place),
  };
}

/** Checks the zone: with an unknown zone, a time without an offset would be no time at all. */
function zoneOf(value: unknown, place: string): string {
  const zone = textOf(value, place);
  if (isZone(zone)) return zone;
  throw new Error(`${place}: ${zone} is neither an offset (+0100) nor a zone by name (America/Chicago)`);
}

/** The messages that the link takes, by MSH-9, MSH-11 and MSH-12. */
function takenOf(entry: Raw, place: string): Pick<Link, 'ignore' | 'processingIds' | 'versions'> {
  const { ignore, processingIds, versions } = LINK_DEFAULTS;
  return {
    ignore: wordsOf(entry['ignore'] ?? ignore, `${place}.ignore`, MESSAGE),
    processingIds: wordsOf(entry['processingIds'] ?? processingIds, `${place}.processingIds`, /^[DPT]$/, 1),
    versions: wordsOf(entry['versions'] ?? versions, `${place}.versions`, /^2\.\d(?:\.\d)?$/, 1),
  };
}

/** Name → OID or URI, kept as the system of identifiers. */
function namespacesOf(value: unknown, place: string): Namespaces {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${place} must be an object of names and OIDs or URIs`);
  return Object.fromEntries(
    Object.entries(value).map(([name, meant]) => {
      const text = textOf(meant, `${place}.${name}`);
      const system = systemOfOid(text) ?? (URI.test(text) ? text : undefined);
      if (system === undefined) throw new Error(`${place}.${name}: ${text} is neither an OID nor a URI`);
      return [name, system];
    }),
  );
}

const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;

/** Field → canonical URL of a ConceptMap. */
function codeMapsOf(value: unknown, place: string): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${place} must be an object of fields and canonicals`);
  for (const [field, canonical] of Object.entries(value)) {
    if (!/^[A-Z][A-Z0-9]{2}-[1-9]\d?$/.test(field))
      throw new Error(`${place}: ${field} is not a field (OBR-31)`);
    if (!URI.test(textOf(canonical, `${place}.${field}`)))
      throw new Error(`${place}.${field}: ${String(canonical)} is not a canonical`);
  }
  return value as Readonly<Record<string, string>>; // as just checked
}

function charsetOf(value: unknown, place: string): Charset {
  const charset = charsetNamed(textOf(value, place));
  if (charset === undefined)
    throw new Error(`${place}: ${String(value)} is not a character set that the server reads`);
  return charset;
}

/** `ADT`, `ADT^A04`. */
const MESSAGE = /^[A-Z0-9]{3}(?:\^[A-Z0-9]{3})?$/;

function wordsOf<Word extends string>(
  value: unknown,
  place: string,
  shape: RegExp,
  min = 0,
): readonly Word[] {
  const words = Array.isArray(value) ? value : [value];
  const wrong = words.find((word) => typeof word !== 'string' || !shape.test(word)) as unknown;
  if (wrong !== undefined)
    throw new Error(`${place}: ${JSON.stringify(wrong)} is not of the form ${shape.source}`);
  if (words.length < min) throw new Error(`${place} must name at least one`);
  return words as readonly Word[]; // as just checked
}

/**
 * A fingerprint as `openssl x509 -fingerprint -sha256` writes it, with colons; others write it without, or in small
 * letters.
 */
function fingerprintOf(text: string): string {
  const digits = text.replaceAll(':', '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(digits)) throw new Error(`${text} is not a SHA-256 fingerprint`);
  return digits.replaceAll(/(..)(?=.)/g, '$1:');
}

function facilitiesOf(value: unknown, place: string): readonly Facility[] {
  return listOf(value, place).map(({ facility, organization }, index) => ({
    facility: textOf(facility, `${place}[${index}].facility`),
    organization: organizationOf(organization, `${place}[${index}].organization`),
  }));
}

function organizationOf(value: unknown, place: string): Ref {
  const ref = textOf(value, place);
  if (!/^Organization\/[A-Za-z0-9\-.]{1,64}$/.test(ref))
    throw new Error(`${place}: ${ref} is not an Organization/id`);
  return ref as Ref; // as just checked
}

/** Without `sendTo`: the addresses by which the link's peer is known. */
function allowedOf(
  places: readonly string[],
  { senders, receivers }: Link,
  place: string,
): readonly Allowed[] {
  const organizations = [...senders, ...receivers].map(({ organization }) => organization);
  return places.map((entry) => {
    const allowed = parseAllowed(entry, 'hl7v2-mllp', organizations);
    if (allowed === undefined)
      throw new Error(`${place}.sendTo: ${entry} must be host:port, or a network as in 10.0.0.0/8:2575`);
    return allowed;
  });
}

function blockListOf(addresses: readonly string[], place: string): BlockList {
  const list = new BlockList();
  for (const address of addresses) {
    const [base = '', bits] = address.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(base) === 0) throw new Error(`${place}.addresses: ${address} is not an address or network`);
    if (bits === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(bits), family);
  }
  return list;
}

/** A misspelt option would silently not be set, so the server refuses it. */
function knownOnly(entry: Raw, members: ReadonlySet<string>, place: string): void {
  const unknown = Object.keys(entry).filter((member) => !members.has(member));
  if (unknown.length > 0) throw new Error(`${place} has no option ${unknown.join(', ')}`);
}

function portOf(value: unknown, place: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${place} must be 0 to 65535`);
  return port;
}

function listOf(value: unknown, place: string): readonly Raw[] {
  if (!Array.isArray(value)) throw new Error(`${place} must be a list`);
  return value as readonly Raw[];
}

function textOf(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${place} must be a text`);
  return value;
}

const textsOf = (value: unknown, place: string): readonly string[] =>
  Array.isArray(value)
    ? value.map((text, index) => textOf(text, `${place}[${index}]`))
    : [textOf(value, place)];
