/** The links of an installation, as its operator writes them: a JSON file, checked before anything listens. */
import { BlockList, isIP } from 'node:net';
import { readFileSync } from 'node:fs';
import { LINK_DEFAULTS, type Facility, type Link } from '../../hl7v2/link.ts';

/** One port, and the links that may come in by it. */
export interface Listening {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Files (PEM); with `ca` every peer must show a certificate of it. */
  readonly tls: TlsFiles | undefined;
  readonly links: readonly Hookup[];
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

/** How a link's peer is recognised on its port: by its certificate where it shows one, else by its address. */
export interface Hookup {
  readonly link: Link;
  readonly addresses: BlockList;
  /** SHA-256 fingerprints, `AB:CD:…`; when there are any, no other certificate will do. */
  readonly certificates: readonly string[];
}

type Raw = Readonly<Record<string, unknown>>;

/** @throws Error that names the file, the place and what is allowed */
export function readListening(file: string): readonly Listening[] {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return listOf(value, file).map((entry, index) => listeningOf(entry, `${file}[${index}]`));
}

/** One member of the file's list; also how the demonstration says its own. */
export function listeningOf(entry: Raw, place: string): Listening {
  const tls = entry['tls'] as TlsFiles | undefined; // files are opened, and missed, by the listener
  const host = textOf(entry['host'] ?? '127.0.0.1', `${place}.host`);
  const loopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  if (!loopback && tls === undefined && entry['plain'] !== true) {
    throw new Error(`${place}: ${host} without tls; set tls, or "plain": true if another thing protects it`);
  }
  return {
    host,
    port: Number(entry['port'] ?? 0),
    tls,
    links: listOf(entry['links'], `${place}.links`).map((link, index) =>
      hookupOf(link, `${place}.links[${index}]`, tls !== undefined),
    ),
  };
}

function hookupOf(entry: Raw, place: string, secure: boolean): Hookup {
  const link: Link = {
    ...LINK_DEFAULTS,
    ...(entry as Partial<Link>), // what matters of it is checked below
    name: textOf(entry['name'], `${place}.name`),
    senders: facilitiesOf(entry['senders'], `${place}.senders`),
    receivers: facilitiesOf(entry['receivers'], `${place}.receivers`),
  };
  const certificates = textsOf(entry['certificates'] ?? [], `${place}.certificates`).map(fingerprintOf);
  const addresses = textsOf(entry['addresses'] ?? [], `${place}.addresses`);
  if (certificates.length + addresses.length === 0) {
    throw new Error(`${place}: a link is known by addresses or certificates; it has neither`);
  }
  if (certificates.length > 0 && !secure) {
    throw new Error(`${place}: certificates are shown over TLS only, and this port has no tls`);
  }
  return { link, certificates, addresses: blockListOf(addresses, place) };
}

/** `openssl x509 -fingerprint -sha256` writes it with colons; others without, or in small letters. */
function fingerprintOf(text: string): string {
  const digits = text.replaceAll(':', '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(digits)) throw new Error(`${text} is no SHA-256 fingerprint`);
  return digits.replaceAll(/(..)(?=.)/g, '$1:');
}

function facilitiesOf(value: unknown, place: string): readonly Facility[] {
  return listOf(value, place).map(({ facility, organization }, index) => {
    const ref = textOf(organization, `${place}[${index}].organization`);
    if (!/^Organization\/[A-Za-z0-9\-.]{1,64}$/.test(ref))
      throw new Error(`${place}: ${ref} is no Organization/id`);
    return {
      facility: textOf(facility, `${place}[${index}].facility`),
      organization: ref as Facility['organization'],
    };
  });
}

function blockListOf(addresses: readonly string[], place: string): BlockList {
  const list = new BlockList();
  for (const address of addresses) {
    const [base = '', bits] = address.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(base) === 0) throw new Error(`${place}.addresses: ${address} is no address or network`);
    if (bits === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(bits), family);
  }
  return list;
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
