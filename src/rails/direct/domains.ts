/**
 * The file with the local domains (setting `directDomains`): a JSON list, a member for each domain whose Direct addresses
 * are kept here, and by which of the two ways its mail comes and goes (direct-xdm 1).
 */
import { readFileSync } from 'node:fs';
import { domainOfAddress, parseDirectAddress } from '../../direct/address.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import { parsePlace } from '../../resources/outgoing-address.ts';

/** `sta`: the own security agent. `edge`: mailboxes at a HISP, which encrypts, decrypts and judges trust. */
export type LocalDomain =
  | {
      readonly domain: string;
      readonly way: 'sta';
      /** Domains of peers to which a mail's key is sent by RSA-OAEP: most peers read PKCS #1 v1.5 alone (direct-xdm 3). */
      readonly oaep?: readonly string[];
    }
  | {
      readonly domain: string;
      readonly way: 'edge';
      readonly mailboxes: readonly Mailbox[];
      readonly submission: Account;
    };

/** A server of the HISP, and the account there. */
export interface Account {
  /** `smtps://`, `smtp://` with STARTTLS, `imaps://`, `imap://` with STARTTLS. */
  readonly server: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** File with the authorities (PEM) of the server's certificate; undefined: the system's. */
  readonly ca: string | undefined;
  /** Whether a plain scheme must be raised to TLS; `offered` is for servers on this machine. */
  readonly tls: 'required' | 'offered';
}

/** A mailbox that is read; several addresses may share one. */
export interface Mailbox extends Account {
  readonly addresses: readonly DirectAddress[];
  readonly folder: string;
  /** The folder for mails that were taken; undefined: they stay, marked as seen. */
  readonly done: string | undefined;
}

type RawMember = Readonly<Record<string, unknown>>;

/**
 * Reads the file.
 *
 * @throws Error that names the file, the place and what is allowed
 */
export function readDomains(file: string): readonly LocalDomain[] {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return localDomainsOf(value, file);
}

/** The domains of a value as the file holds it. */
export function localDomainsOf(value: unknown, place: string): readonly LocalDomain[] {
  const domains = membersOf(value, place).map((entry, index) => domainOf(entry, `${place}[${index}]`));
  const twice = domains.find(({ domain }, index) => domains.findIndex((o) => o.domain === domain) < index);
  if (twice !== undefined) throw new Error(`${place} names ${twice.domain} twice`);
  return domains;
}

/** The local domain of an address; undefined for an address of others. */
export const localDomain = (
  domains: readonly LocalDomain[],
  address: DirectAddress,
): LocalDomain | undefined => domains.find(({ domain }) => domain === domainOfAddress(address));

function domainOf(entry: RawMember, place: string): LocalDomain {
  allowOnly(entry, ['domain', 'way', 'oaep', 'mailboxes', 'submission'], place);
  const domain = domainIn(entry['domain'], `${place}.domain`);
  const way = entry['way'];
  if (way === 'sta') {
    allowOnly(entry, ['domain', 'way', 'oaep'], place);
    return {
      domain,
      way,
      ...(entry['oaep'] !== undefined && { oaep: peersOf(entry['oaep'], `${place}.oaep`) }),
    };
  }
  if (way !== 'edge') throw new Error(`${place}.way must be sta or edge`);
  allowOnly(entry, ['domain', 'way', 'mailboxes', 'submission'], place);
  const mailboxes = membersOf(entry['mailboxes'], `${place}.mailboxes`).map((mailbox, index) =>
    mailboxOf(mailbox, domain, `${place}.mailboxes[${index}]`),
  );
  const submission = accountOf(asMember(entry['submission'], `${place}.submission`), {
    purpose: 'direct-relay',
    more: [],
    place: `${place}.submission`,
  });
  return { domain, way, mailboxes, submission };
}

/** A domain, in lower case. */
function domainIn(value: unknown, place: string): string {
  const domain = wordOf(value, place).toLowerCase();
  if (parseDirectAddress(`any@${domain}`) === undefined) throw new Error(`${place}: ${domain} is no domain`);
  return domain;
}

function peersOf(value: unknown, place: string): readonly string[] {
  if (!Array.isArray(value)) throw new Error(`${place} must be a list`);
  return value.map((peer: unknown, index) => domainIn(peer, `${place}[${index}]`));
}

function mailboxOf(entry: RawMember, domain: string, place: string): Mailbox {
  const account = accountOf(entry, {
    purpose: 'direct-mailbox',
    more: ['addresses', 'folder', 'done'],
    place,
  });
  const given = entry['addresses'];
  if (!Array.isArray(given) || given.length === 0)
    throw new Error(`${place}.addresses must name at least one`);
  const addresses = given.map((text: unknown) => {
    const address = parseDirectAddress(wordOf(text, `${place}.addresses`));
    if (address === undefined || domainOfAddress(address) !== domain)
      throw new Error(`${place}.addresses: ${String(text)} is no address of ${domain}`);
    return address;
  });
  const { folder = 'INBOX', done } = entry;
  return {
    ...account,
    addresses,
    folder: wordOf(folder, `${place}.folder`),
    done: done === undefined ? undefined : wordOf(done, `${place}.done`),
  };
}

interface AccountShape {
  readonly purpose: 'direct-relay' | 'direct-mailbox';
  /** Members beside those of every account. */
  readonly more: readonly string[];
  readonly place: string;
}

function accountOf(entry: RawMember, { purpose, more, place }: AccountShape): Account {
  allowOnly(entry, ['server', 'user', 'passwordFile', 'ca', 'tls', ...more], place);
  const server = wordOf(entry['server'], `${place}.server`);
  if (parsePlace({ purpose, address: server }) === undefined) {
    const scheme = purpose === 'direct-relay' ? 'smtp' : 'imap';
    throw new Error(`${place}.server must be ${scheme}s://host:port or ${scheme}://host:port`);
  }
  const { user, passwordFile, ca, tls = 'required' } = entry;
  if ((user === undefined) !== (passwordFile === undefined))
    throw new Error(`${place}: user and passwordFile go together`);
  if (tls !== 'required' && tls !== 'offered') throw new Error(`${place}.tls must be required or offered`);
  return {
    server,
    user: user === undefined ? undefined : wordOf(user, `${place}.user`),
    password:
      passwordFile === undefined
        ? undefined
        : readFileSync(wordOf(passwordFile, `${place}.passwordFile`), 'utf8').replace(/\r?\n$/, ''),
    ca: ca === undefined ? undefined : wordOf(ca, `${place}.ca`),
    tls,
  };
}

/** A misspelt member would silently not be set, so the server refuses it. */
function allowOnly(entry: RawMember, members: readonly string[], place: string): void {
  const unknown = Object.keys(entry).filter((member) => !members.includes(member));
  if (unknown.length > 0) throw new Error(`${place} has no member ${unknown.join(', ')}`);
}

function asMember(value: unknown, place: string): RawMember {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${place} must be an object`);
  return value as RawMember; // as just checked
}

function membersOf(value: unknown, place: string): readonly RawMember[] {
  if (!Array.isArray(value)) throw new Error(`${place} must be a list`);
  return value.map((entry: unknown, index) => asMember(entry, `${place}[${index}]`));
}

function wordOf(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${place} must be a text`);
  return value;
}
