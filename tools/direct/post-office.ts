/**
 * A relay on loopback for the demonstration and for tests: it carries each mail to the SMTP server of its recipient's
 * domain, and answers the sender as that server answers it; a mail to any other domain it keeps, as a mailbox would.
 */
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';

/** A mail in its envelope. */
export interface CarriedMail {
  /** Empty: of nobody, as reports are. */
  readonly from: string;
  readonly to: string;
  readonly bytes: Buffer;
}

export interface PostOffice {
  readonly port: number;
  /** From now on, mail for this domain is carried to the server at this port of 127.0.0.1. */
  route: (domain: string, port: number) => void;
  /** Mails that were kept here, oldest first. */
  readonly kept: readonly CarriedMail[];
  /** Mails that came by here, whether kept or carried. */
  readonly carried: readonly CarriedMail[];
  /** Resolves with the mails to an address, kept or carried, once there are so many of them. */
  wait: (to: string, count: number) => Promise<readonly CarriedMail[]>;
  close: () => Promise<void>;
}

interface PostOfficeOptions {
  /** Is waited for before a mail is taken; what it throws is told to the sender. */
  readonly before?: (mail: CarriedMail) => Promise<void> | void;
  /** Called with each mail that is kept. */
  readonly onKept?: (mail: CarriedMail) => void;
  readonly port?: number;
}

const WAIT_MS = 20_000;

/** A domain in lower case, of an address. */
const domainIn = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

export async function openPostOffice(options: PostOfficeOptions = {}): Promise<PostOffice> {
  const routes = new Map<string, number>();
  const kept: CarriedMail[] = [];
  const carried: CarriedMail[] = [];
  const waiting = new Set<() => void>();

  async function take(mail: CarriedMail): Promise<void> {
    await options.before?.(mail);
    const port = routes.get(domainIn(mail.to));
    if (port !== undefined) await carry(mail, port);
    carried.push(mail);
    if (port === undefined) {
      kept.push(mail);
      options.onKept?.(mail);
    }
    for (const look of waiting) look();
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, { envelope }, answer) {
      const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      void (async () => {
        const bytes = await bytesOf(stream);
        for (const { address } of envelope.rcptTo) await take({ from, to: address, bytes });
      })().then(
        () => answer(),
        (error: unknown) => answer(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  server.on('error', () => undefined); // a peer that went away
  const port = await listen(server, options.port ?? 0);

  return {
    port,
    route: (domain, at) => void routes.set(domain.toLowerCase(), at),
    kept,
    carried,
    wait(to, count) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly CarriedMail[]>();
      const look = (): void => {
        const found = carried.filter((mail) => mail.to === to);
        if (found.length >= count) resolve(found);
      };
      const late = setTimeout(
        () => reject(new Error(`${String(count)} mails to ${to} did not come in time`)),
        WAIT_MS,
      );
      waiting.add(look);
      look();
      return promise.finally(() => {
        clearTimeout(late);
        waiting.delete(look);
      });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}

function listen(server: SMTPServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve((server.server.address() as AddressInfo).port); // it listens on a port
    });
  });
}

/** Sends a mail as it is to a server on loopback. Throws what the server says against it (nodemailer). */
export async function sendMailTo(port: number, { from, to, bytes }: CarriedMail): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true, secure: false });
  try {
    await transport.sendMail({ envelope: { from, to: [to] }, raw: bytes });
  } finally {
    transport.close();
  }
}

/** The answer of the other server becomes ours. */
async function carry(mail: CarriedMail, port: number): Promise<void> {
  try {
    await sendMailTo(port, mail);
  } catch (error) {
    const { responseCode = 451 } = error as { responseCode?: number }; // nodemailer puts it there
    throw Object.assign(new Error('The server of the recipient refused it'), { responseCode });
  }
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer); // the stream has bytes
  return Buffer.concat(chunks);
}
