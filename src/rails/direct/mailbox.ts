/**
 * A mailbox at a HISP, by IMAP (direct-xdm 1). The server fetches each mail, puts its fate on disk, then marks or moves it;
 * after a crash in between it fetches the mail again, and the desk recognises it. The HISP has decrypted the mail and judged
 * its signer.
 */
import type { Socket } from 'node:net';
import { connect as raiseToTls } from 'node:tls';
import { ImapFlow, type ImapTransport } from 'imapflow';
import { pause, type Clock, type Timers } from '../../ports/clock.ts';
import { parsePlace, type AddressParts } from '../../resources/outgoing-address.ts';
import { isLoopbackHost } from '../../resources/public-address.ts';
import type { Finding } from '../../ports/store.ts';
import type { DirectCounters } from './counters.ts';
import type { Mailbox } from './domains.ts';
import type { DirectLog } from './owed.ts';
import type { GuardedConnect } from './relay.ts';

export interface MailboxParts {
  readonly mailbox: Mailbox;
  /** Authorities of the server's certificate, PEM; undefined: the system's. */
  readonly ca: string | undefined;
  readonly connect: GuardedConnect;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly settings: { readonly pollMs: number; readonly receivedBytesMax: number };
  /** Puts the fate of a mail on disk. */
  readonly take: (bytes: Uint8Array) => Promise<MailboxFate>;
  /** Work for one mailbox is done by one server at a time; undefined: another one has it. */
  readonly alone: (name: string, work: () => Promise<void>) => Promise<void | undefined>;
  readonly counters: DirectCounters;
  readonly log: DirectLog;
}

/** `again`: it must be fetched again. `for-nobody`: it does not tell whose it is, so it stays where a person finds it. */
export type MailboxFate = 'taken' | 'again' | 'for-nobody';

interface MailboxWatch {
  close(): Promise<void>;
}

/** Pauses after failures of the connection: from a second to five minutes. */
const BACKOFF_MS: readonly [number, ...number[]] = [1000, 5000, 15_000, 60_000, 300_000];
const CONNECT_TIMEOUT_MS = 20_000;
const SILENCE_TIMEOUT_MS = 120_000;
/** Mails that are taken in one look. */
const TAKEN_AT_ONCE = 200;

/** Watches until it is closed; reconnects as often as it must. */
export function watchMailbox(parts: MailboxParts): MailboxWatch {
  const stopped = new AbortController();
  const running = watch(parts, stopped.signal);
  return {
    async close() {
      stopped.abort();
      await running;
    },
  };
}

async function watch(parts: MailboxParts, stopped: AbortSignal): Promise<void> {
  const { clock, counters, log, timers } = parts;
  const name = nameOf(parts.mailbox);
  let failures = 0;
  while (!stopped.aborted) {
    try {
      await session(parts, stopped, () => {
        failures = 0;
        counters.mailbox(name, true, clock.now());
      });
    } catch (error) {
      if (stopped.aborted) return;
      counters.mailbox(name, false, clock.now());
      log('warn', 'a mailbox could not be read; it is tried again', {
        mailbox: name,
        why: wordOfImap(error),
      });
    }
    const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? BACKOFF_MS[0];
    failures += 1;
    await Promise.race([pause(timers, wait), aborted(stopped)]);
  }
}

/** One connection: looks at once, then whenever the server announces something, or the time has come. */
async function session(parts: MailboxParts, stopped: AbortSignal, looked: () => void): Promise<void> {
  const client = await openClient(parts);
  const close = (): void => client.close();
  stopped.addEventListener('abort', close, { once: true });
  try {
    let isNew = true;
    let wake = (): void => undefined;
    client.on('exists', () => {
      isNew = true;
      wake();
    });
    const gone = new Promise<void>((resolve) => void client.once('close', () => resolve()));
    while (!stopped.aborted && client.usable) {
      isNew = false;
      await parts.alone(`direct-mailbox/${nameOf(parts.mailbox)}`, () => look(client, parts, stopped));
      looked();
      if (isNew) continue;
      const announced = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([announced, gone, pause(parts.timers, parts.settings.pollMs)]);
    }
  } finally {
    stopped.removeEventListener('abort', close);
    client.close();
  }
}

/** Takes what is there and was not taken: with a folder for what is done all mails, else those that are not marked as seen. */
async function look(client: ImapFlow, parts: MailboxParts, stopped: AbortSignal): Promise<void> {
  const { mailbox } = parts;
  const wanted = mailbox.done === undefined ? { seen: false } : { flagged: false }; // flagged: left there
  // Numbers are of this connection: they are never kept, so that UIDVALIDITY may change between two (RFC 9051 2.3.1.1).
  const found = (await client.search(wanted, { uid: true })) || [];
  for (const uid of found.slice(0, TAKEN_AT_ONCE)) {
    if (stopped.aborted) return;
    const isTaken = await takeOne(client, parts, uid);
    if (isTaken) await markDone(client, mailbox, uid);
  }
}

async function takeOne(client: ImapFlow, parts: MailboxParts, uid: number): Promise<boolean> {
  const { settings, mailbox, take, counters, log } = parts;
  const sized = await client.fetchOne(String(uid), { size: true }, { uid: true });
  if (sized === false) return false; // somebody removed it
  if ((sized.size ?? 0) > settings.receivedBytesMax) {
    counters.received('too-large');
    log('warn', 'a mail of a mailbox is larger than the server takes; it stays there', {
      mailbox: nameOf(mailbox),
      bytes: sized.size ?? 0,
    });
    await leave(client, uid);
    return false;
  }
  const fetched = await client.fetchOne(String(uid), { source: true }, { uid: true });
  if (fetched === false || fetched.source === undefined) return false;
  const fate = await take(fetched.source);
  if (fate === 'for-nobody') {
    log(
      'warn',
      'a mail of a mailbox names none of its addresses, which are of several members; it stays there',
      {
        mailbox: nameOf(mailbox),
        uid,
      },
    );
    await leave(client, uid);
  }
  return fate === 'taken';
}

/** It stays, marked for a person, and is not fetched again until the marks are taken away. */
const leave = (client: ImapFlow, uid: number): Promise<boolean> =>
  client.messageFlagsAdd(String(uid), ['\\Seen', '\\Flagged'], { uid: true });

async function markDone(client: ImapFlow, { done }: Mailbox, uid: number): Promise<void> {
  await client.messageFlagsAdd(String(uid), ['\\Seen'], { uid: true });
  if (done !== undefined) await client.messageMove(String(uid), done, { uid: true });
}

async function openClient(parts: MailboxParts): Promise<ImapFlow> {
  const { mailbox } = parts;
  const client = await connectImap(parts);
  try {
    if (mailbox.done !== undefined) await client.mailboxCreate(mailbox.done);
    await client.mailboxOpen(mailbox.folder);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

type ConnectingParts = Pick<MailboxParts, 'mailbox' | 'ca' | 'connect'> & {
  readonly settings: Pick<MailboxParts['settings'], 'receivedBytesMax'>;
};

/** Bytes of an answer beside the mail in it: a list of numbers of many mails has more than others. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** Connects and logs in. */
async function connectImap({ mailbox, ca, connect, settings }: ConnectingParts): Promise<ImapFlow> {
  const place = parsePlace({ purpose: 'direct-mailbox', address: mailbox.server });
  if (place === undefined) throw new Error(`${mailbox.server} is no address of a mailbox`);
  const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  const tls = ca === undefined ? {} : { tls: { ca } };
  const socket = await connect({ purpose: 'direct-mailbox', address: mailbox.server }, { signal, ...tls });
  const { user = '', password = '' } = mailbox;
  // A password never travels where others could read it.
  const needsTls = mailbox.tls === 'required' || !isLoopbackHost(place.host);
  const client = new ImapFlow({
    host: place.host,
    port: place.port,
    secure: place.tls,
    ...(!place.tls && needsTls && { doSTARTTLS: true }),
    transport: transportOver(socket, place, ca),
    auth: { user, pass: password },
    logger: false,
    // A server may send more than the size that it told.
    maxLiteralSize: settings.receivedBytesMax,
    maxLineLength: ANSWER_BYTES_MAX,
    maxResponseSize: settings.receivedBytesMax + ANSWER_BYTES_MAX,
    disableAutoIdle: false,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
  });
  // Failures are those of the calls; without a listener they would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The connection that the guard has made. */
const transportOver = (socket: Socket, { host }: AddressParts, ca: string | undefined): ImapTransport => ({
  connect(_options, onConnect) {
    setImmediate(onConnect);
    return socket;
  },
  upgrade: (plain, _options, onSecure) =>
    raiseToTls(
      {
        socket: plain as Socket, // it is the guard's
        minVersion: 'TLSv1.2',
        ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
        ...(ca !== undefined && { ca }),
      },
      onSecure,
    ),
});

/** Doctor's check: connects, logs in and opens the folder. */
export async function verifyMailbox(parts: ConnectingParts): Promise<Finding> {
  const name = nameOf(parts.mailbox);
  try {
    const client = await connectImap(parts);
    try {
      const { exists } = await client.mailboxOpen(parts.mailbox.folder, { readOnly: true });
      await client.noop();
      return { ok: true, says: `mailbox ${name} opens, ${exists} mails in ${parts.mailbox.folder}` };
    } finally {
      client.close();
    }
  } catch (error) {
    return {
      ok: false,
      says: `mailbox ${name}: ${wordOfImap(error)} → check its address, TLS, account and folder`,
    };
  }
}

/** The account and its server, as an operator wrote them. */
const nameOf = ({ server, user = '' }: Mailbox): string => `${user} at ${server.replace(/^imaps?:\/\//, '')}`;

/** What failed, in one word: what a server says stays with it. */
function wordOfImap(error: unknown): string {
  const { failure, authenticationFailed, code, responseStatus } = (error ?? {}) as ImapFailure; // one of several libraries
  if (typeof failure === 'string') return failure;
  if (authenticationFailed === true) return 'the login failed';
  if (typeof code === 'string') return code.toLowerCase();
  return typeof responseStatus === 'string' ? `answered ${responseStatus}` : 'failed';
}

interface ImapFailure {
  readonly failure?: unknown;
  readonly authenticationFailed?: unknown;
  readonly code?: unknown;
  readonly responseStatus?: unknown;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
