/** Opens the ways by which mail comes in: the SMTP port of the own security agent, and the mailboxes at HISPs. */
import { readFileSync } from 'node:fs';
import { localDomain, type LocalDomain, type Mailbox } from './domains.ts';
import type { DirectDesk, DirectRailParts, DirectRailSettings } from './parts.ts';
import { watchMailbox, type MailboxParts } from './mailbox.ts';
import { takeFromMailbox, takeFromSmtp, type ReceiveMailParts } from './receive.ts';
import { openSmtpPort, type SmtpPort } from './smtp-port.ts';

/** What is open. */
export interface WaysIn {
  readonly port: SmtpPort | undefined;
  close(): Promise<void>;
}

/** @throws what keeps the port from being opened */
export async function openWaysIn(
  parts: DirectRailParts,
  desk: DirectDesk,
  inbound: ReceiveMailParts,
): Promise<WaysIn> {
  const { domains, settings } = parts;
  const port =
    settings.listen &&
    (await openSmtpPort(settings.listen, {
      ...parts,
      certificate: certificateOf(settings),
      name: domains.find(({ way }) => way === 'sta')?.domain ?? 'localhost',
      knows: async (address) =>
        localDomain(domains, address)?.way === 'sta' && (await desk.memberOf(address)) !== undefined,
      take: (mail) => takeFromSmtp(inbound, mail),
      count: (event) => inbound.counters.smtp(event),
    }));
  const mailboxes = mailboxesOf(domains).map((mailbox) =>
    watchMailbox(mailboxParts({ parts, inbound, desk }, mailbox)),
  );
  return {
    port,
    async close() {
      await Promise.all([port?.close(), ...mailboxes.map((mailbox) => mailbox.close())]);
    },
  };
}

export const mailboxesOf = (domains: readonly LocalDomain[]): readonly Mailbox[] =>
  domains.flatMap((one) => (one.way === 'edge' ? one.mailboxes : []));

interface MailboxDesk {
  readonly parts: DirectRailParts;
  readonly inbound: ReceiveMailParts;
  readonly desk: DirectDesk;
}

/** How long one server keeps a mailbox to itself without saying so again. */
const MAILBOX_LEASE_MS = 120_000;

function mailboxParts({ parts, inbound, desk: { store } }: MailboxDesk, mailbox: Mailbox): MailboxParts {
  return {
    ...parts,
    mailbox,
    ca: pemOf(mailbox.ca),
    counters: inbound.counters,
    take: (bytes) => takeFromMailbox(inbound, bytes, mailbox),
    async alone(name, work) {
      const lease = await store.leases.take(name, MAILBOX_LEASE_MS);
      if (lease === undefined) return;
      try {
        await work();
      } finally {
        await store.leases.release(lease, 0);
      }
    },
  };
}

/** The text of a file with certificates; undefined where none is named. */
export const pemOf = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readFileSync(file, 'utf8');

/** For STARTTLS; undefined where none is configured. */
export const certificateOf = ({ tls }: DirectRailSettings) =>
  tls === undefined ? undefined : { cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
