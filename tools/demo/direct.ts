/**
 * Direct mail in the demonstration: the recipient's address is kept by the server's own security agent, the initiator's is
 * outside, with a mailbox in a folder. Certificates come from an authority that is made for the demonstration.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainOfAddress } from '../../src/direct/address.ts';
import type { DirectAddress } from '../../src/ports/direct.ts';
import { createAuthority, rsaKeys } from '../certificates/authority.ts';
import type { Correspondent } from '../direct/correspondent.ts';
import { openPostOffice, type PostOffice } from '../direct/post-office.ts';
import { trust } from '../direct/trust.ts';
import type { Running } from '../../src/server/compose.ts';
import type { Side } from './organizations.ts';
import { verifyDirectEndpoint } from './world.ts';

export const DIRECT_ADDRESSES: Readonly<Record<Side, DirectAddress>> = {
  initiator: 'referrals@direct.elm-street.example.org',
  recipient: 'intake@direct.riverside.example.org',
};

/** What `--json` says of Direct. Keys and certificates are PEM; any program with the initiator's key can mail as the initiator. */
export interface DirectReady {
  readonly smtp: { readonly host: string; readonly port: number };
  readonly addresses: Readonly<Record<Side, DirectAddress>>;
  readonly certificates: {
    readonly ca: string;
    readonly initiator: { readonly certificate: string; readonly privateKey: string };
    readonly recipient: { readonly certificate: string };
  };
  /** The folder with the mails that came to the initiator, a file each, encrypted to its certificate. */
  readonly mailbox: string;
}

export interface DemoDirect {
  readonly ca: string;
  readonly parties: Readonly<Record<Side, Correspondent>>;
  readonly office: PostOffice;
  readonly mailbox: string;
  /** Folder of the private keys of the server. */
  readonly keys: string;
  /** Settings of the server, as on a command line. */
  readonly flags: Readonly<Record<string, string>>;
}

interface Ports {
  readonly smtpPort: number;
  /** Where the initiator takes its mail; undefined: it goes into the mailbox. */
  readonly mailTo: number | undefined;
}

/** Makes keys and certificates, or takes those of the last time from the folder, and opens the relay. */
export async function prepareDirect(folder: string, { smtpPort, mailTo }: Ports): Promise<DemoDirect> {
  const place = join(folder, 'demo-direct');
  const mailbox = join(place, 'mailbox');
  mkdirSync(mailbox, { recursive: true, mode: 0o700 });
  const { ca, parties } = await certificatesIn(join(place, 'certificates.json'));
  const domains = join(place, 'domains.json');
  writeFileSync(
    domains,
    JSON.stringify([{ domain: domainOfAddress(DIRECT_ADDRESSES.recipient), way: 'sta' }]),
  );
  const keys = join(place, 'keys');
  let count = 0;
  const office = await openPostOffice({
    onKept: ({ bytes }) => {
      count += 1;
      writeFileSync(join(mailbox, `${String(Date.now())}-${String(count).padStart(4, '0')}.eml`), bytes);
    },
  });
  if (mailTo !== undefined) office.route(domainOfAddress(DIRECT_ADDRESSES.initiator), mailTo);
  return {
    ca,
    parties,
    office,
    mailbox,
    keys,
    flags: {
      '--direct-domains': domains,
      '--direct-keys': keys,
      '--direct-listen': `127.0.0.1:${String(smtpPort)}`,
      '--direct-relay': `smtp://127.0.0.1:${String(office.port)}`,
      '--direct-relay-tls': 'offered',
    },
  };
}

type Certificates = Pick<DemoDirect, 'ca' | 'parties'>;

async function certificatesIn(file: string): Promise<Certificates> {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Certificates; // written below
  const [own, initiator, recipient] = await Promise.all([rsaKeys(), rsaKeys(), rsaKeys()]);
  const authority = createAuthority({ commonName: 'Authority of the demonstration', keys: own });
  const partyOf = (side: Side, keys: typeof own): Correspondent => {
    const address = DIRECT_ADDRESSES[side];
    const domain = domainOfAddress(address);
    const { certificate, privateKey } = authority.issue({ commonName: domain, domains: [domain], keys });
    return { address, certificate, privateKey };
  };
  const made: Certificates = {
    ca: authority.certificate,
    parties: { initiator: partyOf('initiator', initiator), recipient: partyOf('recipient', recipient) },
  };
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  return made;
}

/** Tells the server its key, whom it trusts, and whose the addresses are. */
export async function settleDirect(running: Running, { ca, parties, keys }: DemoDirect): Promise<void> {
  const { initiator, recipient } = parties;
  await trust(running.store, { own: recipient, authorities: [ca], peers: [initiator], keys });
  for (const side of ['initiator', 'recipient'] as const)
    await verifyDirectEndpoint(running, side, DIRECT_ADDRESSES[side]);
}

export function directReadyOf(
  { ca, parties: { initiator, recipient }, mailbox }: DemoDirect,
  smtp: Running['direct'],
): DirectReady {
  if (smtp === undefined) throw new Error('the demonstration listens for Direct mail');
  return {
    smtp: { host: smtp.host, port: smtp.port },
    addresses: DIRECT_ADDRESSES,
    certificates: {
      ca,
      initiator: { certificate: initiator.certificate, privateKey: initiator.privateKey },
      recipient: { certificate: recipient.certificate },
    },
    mailbox,
  };
}
