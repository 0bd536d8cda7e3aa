/**
 * Where mail comes in by SMTP (RFC 5321), for the local domains of the own security agent and for nobody else. A mail is
 * taken, 250, when its fate is on disk; before that its sender keeps it. No reply says what a mail holds, whether it could be
 * decrypted, or what was thought of it.
 */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import { parseDirectAddress } from '../../direct/address.ts';
import type { CallOff, Timers } from '../../ports/clock.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import { CONTENT_FAULTS, createHeldBytes, readMailContent } from './smtp-content.ts';
import { createStay, STAY_BOUNDS, type StayBounds } from './smtp-stay.ts';

export interface SmtpPortSettings {
  /** The lowest version that STARTTLS takes. */
  readonly tlsMinVersion: '1.3' | '1.2';
  readonly receivedBytesMax: number;
  readonly heldBytesMax: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly recipientsMax: number;
  readonly commandTimeoutMs: number;
  readonly dataTimeoutMs: number;
  readonly drainMs: number;
}

/** A certificate chain and its key, PEM. */
interface OwnCertificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** A mail as it came. */
export interface ArrivedMail {
  readonly bytes: Uint8Array;
  readonly to: readonly DirectAddress[];
  /** The envelope's sender is empty: a report, which nobody answers. */
  readonly isOfNobody: boolean;
  /** The address of the host that brought it. */
  readonly host: string;
}

interface SmtpPortParts {
  readonly settings: SmtpPortSettings;
  /** For STARTTLS; undefined where none is configured. */
  readonly certificate: OwnCertificate | undefined;
  /** How the server calls itself in its greeting. */
  readonly name: string;
  readonly timers: Timers;
  /** Whether an address is kept here; what it throws is told as "try again". */
  readonly knows: (address: DirectAddress) => Promise<boolean>;
  /** False when nothing of the mail is on disk, so that its sender must try again. */
  readonly take: (mail: ArrivedMail) => Promise<boolean>;
  /** How long a connection may stay; undefined: {@link STAY_BOUNDS}. */
  readonly stay?: StayBounds;
  /** Something that an operator counts: a word of {@link SMTP_EVENTS}. */
  readonly count: (event: SmtpEvent) => void;
}

/** What happens at the port, beside mails that were taken. */
export const SMTP_EVENTS = [
  'connection-refused',
  'timeout',
  'stayed-too-long',
  'unknown-recipient',
  'content-refused',
  'not-kept',
] as const;
export type SmtpEvent = (typeof SMTP_EVENTS)[number];

export interface SmtpPort {
  readonly host: string;
  readonly port: number;
  /** The certificate that new connections are shown. */
  renew(certificate: OwnCertificate): void;
  close(): Promise<void>;
}

/** A refusal with its reply code; the text goes to the peer. */
const reply = (code: number, says: string): Error => Object.assign(new Error(says), { responseCode: code });

/** @throws what keeps the port from being opened */
export async function openSmtpPort(
  { host, port }: { readonly host: string; readonly port: number },
  parts: SmtpPortParts,
): Promise<SmtpPort> {
  const { settings, certificate } = parts;
  const server = new SMTPServer({ ...fixedOptions(parts), ...callbacksOf(parts, () => server) });
  // A broken handshake or a reset is the peer's affair; the port goes on.
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = server.server.address() as AddressInfo; // a TCP port
  return {
    host,
    port: bound.port,
    renew: (renewed) => {
      if (certificate !== undefined) server.updateSecureContext(renewed);
    },
    close: () =>
      new Promise((resolve) => {
        server.options.closeTimeout = Math.max(1, settings.drainMs);
        server.close(resolve);
        for (const connection of server.connections) if (!isAtWork(connection)) connection.close();
      }),
  };
}

/** Between the beginning of a content and its reply. */
const isAtWork = (connection: { readonly _dataStream?: unknown }): boolean =>
  connection._dataStream !== undefined && connection._dataStream !== false;

const fixedOptions = ({ settings, certificate, name }: SmtpPortParts): SMTPServerOptions => ({
  name,
  banner: 'Direct',
  disabledCommands: ['AUTH', ...(certificate === undefined ? ['STARTTLS'] : [])],
  ...certificate,
  minVersion: `TLSv${settings.tlsMinVersion}`,
  size: settings.receivedBytesMax,
  maxClients: settings.connectionsMax,
  maxRecipients: settings.recipientsMax,
  maxCommandLength: 2048,
  maxAllowedUnauthenticatedCommands: false,
  hideSMTPUTF8: true,
  hideENHANCEDSTATUSCODES: false,
  disableReverseLookup: true,
  // The longest pause that is ever allowed; the watch below is stricter.
  socketTimeout: settings.dataTimeoutMs + settings.commandTimeoutMs,
  logger: false,
});

type Callbacks = Pick<
  SMTPServerOptions,
  'onConnect' | 'onClose' | 'onMailFrom' | 'onRcptTo' | 'onData' | 'onSecure'
>;

function callbacksOf(parts: SmtpPortParts, server: () => SMTPServer): Callbacks {
  const { settings, count, knows } = parts;
  const watch = createWatch(parts, server);
  const stay = stayOf(parts, server);
  const places = createPlaces(settings.connectionsPerAddressMax);
  const held = createHeldBytes(settings.heldBytesMax, settings.receivedBytesMax);
  return {
    onConnect(session, callback) {
      if (!places.enter(session)) {
        count('connection-refused');
        return callback(reply(421, 'too many connections'));
      }
      stay.enter(session);
      countCommands(connectionOf(server(), session), () => stay.command(session));
      watch.expect(session, settings.commandTimeoutMs);
      callback();
    },
    onClose(session) {
      stay.leave(session);
      places.leave(session);
      watch.forget(session);
    },
    onMailFrom(_address, session, callback) {
      watch.expect(session, settings.commandTimeoutMs);
      callback();
    },
    onRcptTo({ address }, session, callback) {
      watch.expect(session, settings.commandTimeoutMs);
      const answer = async (): Promise<void> => {
        const refusal = await recipientReply(address, knows);
        if (refusal !== undefined) count('unknown-recipient');
        callback(refusal);
      };
      void answer();
    },
    onData(stream, session, callback) {
      watch.expect(session, settings.dataTimeoutMs);
      const ended = (): void => {
        watch.forget(session);
        stay.working(session);
      };
      const arrived = { session, held, parts, ended };
      const answer = async (): Promise<void> => {
        const refusal = await contentReply(stream, arrived);
        if (refusal !== undefined) count(refusal.event);
        watch.expect(session, settings.commandTimeoutMs);
        callback(refusal?.reply, 'taken');
        stay.answered(session, refusal === undefined);
      };
      void answer();
    },
  };
}

const connectionOf = (server: SMTPServer, session: SMTPServerSession) =>
  [...server.connections].find(({ id }) => id === session.id);

function stayOf(
  { timers, count, settings, stay = STAY_BOUNDS }: SmtpPortParts,
  server: () => SMTPServer,
): ReturnType<typeof createStay> {
  const bounds = {
    commandsMax: stay.commandsMax + settings.recipientsMax,
    withoutMailMs: stay.withoutMailMs + settings.dataTimeoutMs,
  };
  return createStay({
    bounds,
    timers,
    end(session) {
      const connection = connectionOf(server(), session);
      if (connection === undefined) return; // gone in the meantime
      count('stayed-too-long');
      cut(connection, 'connect again');
    },
  });
}

type Commands = { _onCommand(command: unknown, callback?: () => void): unknown };

/** Asks before each command, also those of which the library tells nobody (NOOP, RSET). */
function countCommands(connection: Commands | undefined, mayGoOn: () => boolean): void {
  if (connection === undefined) return;
  const run = connection._onCommand.bind(connection);
  connection._onCommand = (command, callback) => (mayGoOn() ? run(command, callback) : undefined);
}

/** The refusal of a recipient: of an address that is not kept here, wherever else it may be. */
async function recipientReply(given: string, knows: SmtpPortParts['knows']): Promise<Error | undefined> {
  const address = parseDirectAddress(given);
  try {
    if (address !== undefined && (await knows(address))) return undefined;
  } catch {
    return reply(451, 'try again later');
  }
  return reply(550, 'no such recipient here');
}

interface ArrivingContent {
  readonly session: SMTPServerSession;
  readonly held: ReturnType<typeof createHeldBytes>;
  readonly parts: Pick<SmtpPortParts, 'settings' | 'take'>;
  /** The peer has done its part: what takes time now is ours. */
  readonly ended: () => void;
}

async function contentReply(
  stream: AsyncIterable<Uint8Array>,
  { session, held, parts: { settings, take }, ended }: ArrivingContent,
): Promise<{ readonly reply: Error; readonly event: SmtpEvent } | undefined> {
  const { envelope, remoteAddress } = session;
  const to = envelope.rcptTo.flatMap(({ address }) => parseDirectAddress(address) ?? []);
  const content = await readMailContent(stream, settings.receivedBytesMax, {
    held,
    host: remoteAddress,
  });
  ended();
  if (content.kind !== 'content') {
    const { code, says } = CONTENT_FAULTS[content.kind];
    return { reply: reply(code, says), event: 'content-refused' };
  }
  const isOfNobody = envelope.mailFrom === false || envelope.mailFrom.address === '';
  try {
    const mail = { bytes: content.bytes, to: [...new Set(to)], isOfNobody, host: remoteAddress };
    if (await take(mail)) return undefined;
  } catch {
    // After an error that nobody foresaw nothing is on disk either.
  } finally {
    held.give(remoteAddress, content.bytes.length);
  }
  return { reply: reply(451, 'try again later'), event: 'not-kept' };
}

interface Watch {
  /** Cuts the connection off unless the next step comes within so many milliseconds, however many bytes come. */
  expect(session: SMTPServerSession, ms: number): void;
  forget(session: SMTPServerSession): void;
}

function createWatch(
  { timers, count }: Pick<SmtpPortParts, 'timers' | 'count'>,
  server: () => SMTPServer,
): Watch {
  const waiting = new Map<string, CallOff>();
  const forget = ({ id }: SMTPServerSession): void => {
    waiting.get(id)?.();
    waiting.delete(id);
  };
  return {
    forget,
    expect(session, ms) {
      forget(session);
      const connection = connectionOf(server(), session);
      if (connection === undefined) return; // gone in the meantime
      const cutOff = (): void => {
        waiting.delete(session.id);
        count('timeout');
        cut(connection, 'timeout');
      };
      waiting.set(session.id, timers.after(ms, cutOff));
    },
  };
}

/** Says so, and goes without waiting for the peer. */
function cut(
  connection: {
    send(code: number, says: string): void;
    close(): void;
    _socket: Destroyable;
  },
  says: string,
): void {
  connection.send(421, says);
  connection.close();
  connection._socket.destroy();
}

interface Destroyable {
  destroy(): void;
}

/** Connections of each address; a session holds at most one place. */
function createPlaces(most: number): {
  readonly enter: (session: SMTPServerSession) => boolean;
  readonly leave: (session: SMTPServerSession) => void;
} {
  const taken = new Map<string, Set<string>>();
  return {
    enter({ id, remoteAddress }) {
      const sessions = taken.get(remoteAddress) ?? new Set();
      if (sessions.size >= most) return false;
      taken.set(remoteAddress, sessions.add(id));
      return true;
    },
    leave({ id, remoteAddress }) {
      const sessions = taken.get(remoteAddress);
      sessions?.delete(id);
      if (sessions?.size === 0) taken.delete(remoteAddress);
    },
  };
}
