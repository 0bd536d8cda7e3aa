/**
 * Hands mail to a relay by SMTP, over the guard's connections: one connection and one recipient for each mail, its bytes
 * untouched. The words of a relay are no evidence and may name a patient, so the server passes on its codes alone.
 */
import type { Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import { ConnectionFailed, type Destination } from '../../ports/outgoing.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { Finding } from '../../ports/store.ts';
import { parsePlace, type AddressParts } from '../../resources/outgoing-address.ts';
import { isLoopbackHost } from '../../resources/public-address.ts';
import type { Account } from './domains.ts';

/** One mail in its envelope. */
interface OutgoingMail {
  /** Undefined: nobody, as of notifications. */
  readonly from: DirectAddress | undefined;
  readonly to: DirectAddress;
  readonly bytes: Uint8Array;
}

/** What the relay said. `again`: now it could not take it; `refused`: it never will. */
export type RelayAnswer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'again'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

export interface Relay {
  /** Never rejects. Ends soon after the signal aborts. */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<RelayAnswer>;
  /** Whether a host is one that this relay was reached at: it may bring reports about what it was handed. */
  isAt(host: string): boolean;
  /** Doctor's check: connects, logs in and says NOOP. */
  verify(): Promise<Finding>;
}

/** Connects, as `Guard` does; TLS is made where the scheme has it. */
export type GuardedConnect = (
  destination: Destination,
  options: { readonly signal?: AbortSignal; readonly tls?: { readonly ca: string } },
) => Promise<Socket>;

export interface RelayParts {
  readonly account: Omit<Account, 'ca'>;
  /** What it takes: mails of Direct, or ordinary ones. */
  readonly purpose: 'direct-relay' | 'mail-relay';
  /** Authorities of the relay's certificate, PEM; undefined: the system's. */
  readonly ca: string | undefined;
  readonly connect: GuardedConnect;
  /** How the server calls itself in its greeting. */
  readonly name: string;
}

const GREETING_TIMEOUT_MS = 15_000;
const SILENCE_TIMEOUT_MS = 60_000;

/** @throws when the address of the relay means nothing */
export function createRelay(parts: RelayParts): Relay {
  const { account, purpose } = parts;
  const place = parsePlace({ purpose, address: account.server });
  if (place === undefined) throw new Error(`${account.server} is no address of a relay`);
  const hosts = new Set<string>();
  const open = async (signal?: AbortSignal) => {
    const socket = await connectTo(parts, signal);
    hosts.add(withoutMapping(socket.remoteAddress ?? ''));
    return { socket, transport: createTransport(transportOptions(parts, place, socket)) };
  };
  return {
    isAt: (host) => hosts.has(withoutMapping(host)),
    async send({ from, to, bytes }, signal) {
      let socket: Socket | undefined;
      const abort = (): void => void socket?.destroy();
      signal.addEventListener('abort', abort, { once: true });
      try {
        const opened = await open(signal);
        ({ socket } = opened);
        if (signal.aborted) throw new ConnectionFailed('timeout');
        await opened.transport.sendMail({ envelope: { from: from ?? '', to }, raw: Buffer.from(bytes) });
        return { kind: 'taken' };
      } catch (error) {
        return signal.aborted ? { kind: 'again', why: 'timeout' } : answerOf(error);
      } finally {
        signal.removeEventListener('abort', abort);
        socket?.destroy();
      }
    },
    async verify() {
      const at = `relay ${place.host}:${place.port}`;
      try {
        const { socket, transport } = await open(AbortSignal.timeout(GREETING_TIMEOUT_MS));
        try {
          await transport.verify();
        } finally {
          socket.destroy();
        }
        return {
          ok: true,
          says: `${at} answers${account.user === undefined ? '' : ' and takes the account'}`,
        };
      } catch (error) {
        return { ok: false, says: `${at}: ${answerOf(error).why} → check its address, TLS and account` };
      }
    },
  };
}

const connectTo = (
  { account, purpose, ca, connect }: RelayParts,
  signal: AbortSignal | undefined,
): Promise<Socket> =>
  connect(
    { purpose, address: account.server },
    { ...(signal !== undefined && { signal }), ...(ca !== undefined && { tls: { ca } }) },
  );

function transportOptions({ account, ca, name }: RelayParts, place: AddressParts, socket: Socket) {
  const { user, password, tls } = account;
  return {
    name,
    host: place.host,
    port: place.port,
    secure: place.tls,
    secured: place.tls,
    // A password never travels where others could read it.
    requireTLS: !place.tls && (tls === 'required' || (user !== undefined && !isLoopbackHost(place.host))),
    tls: { minVersion: 'TLSv1.2' as const, ...(ca !== undefined && { ca }) },
    ...(user !== undefined && { auth: { user, pass: password ?? '' }, forceAuth: true }),
    connectionTimeout: GREETING_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: (_options: unknown, callback: (error: Error | null, found: { connection: Socket }) => void) =>
      callback(null, { connection: socket }),
  };
}

/** An IPv4 address as an IPv6 socket names it, without that. */
const withoutMapping = (address: string): string => address.replace(/^::ffff:/i, '').toLowerCase();

/** What nodemailer says of a failure: the command it failed at, and the reply of the relay. */
interface SmtpFailure {
  readonly code?: unknown;
  /** The code of Node, where there is one. */
  readonly originalCode?: unknown;
  readonly responseCode?: unknown;
  readonly response?: unknown;
}

/** Errors that are about this mail: a reply 5yz to them is for good. A login that fails is the operator's to mend. */
const ABOUT_THE_MAIL: ReadonlySet<unknown> = new Set(['EENVELOPE', 'EMESSAGE']);

function answerOf(error: unknown): Exclude<RelayAnswer, { kind: 'taken' }> {
  if (error instanceof ConnectionFailed) return { kind: 'again', why: error.failure };
  const { code, originalCode, responseCode, response } = (error ?? {}) as SmtpFailure; // an error of nodemailer, or another
  if (typeof responseCode === 'number') {
    const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(
      typeof response === 'string' ? response : '',
    )?.[1];
    const why = `the relay answered ${responseCode}${status === undefined ? '' : ` ${status}`}`;
    return { kind: ABOUT_THE_MAIL.has(code) && responseCode >= 500 ? 'refused' : 'again', why };
  }
  const isTls = /^ERR_(TLS|SSL|OSSL)|CERT|SELF_SIGNED|UNABLE_TO|^EPROTO$/.test(String(originalCode));
  return { kind: 'again', why: isTls ? 'tls' : (FAILURE_WORDS[String(code)] ?? 'unreachable') };
}

/** The public words for failures without a reply (ports/outgoing.ts). */
const FAILURE_WORDS: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'timeout',
  ETLS: 'tls',
  EAUTH: 'the relay offers no login',
  ECONNECTION: 'unreachable',
};
