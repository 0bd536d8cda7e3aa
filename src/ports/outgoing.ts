/**
 * The connections that this server makes (rules 6.3): their purposes and destinations, and the public word for a failed
 * one.
 */
import type { Ref } from '../fhir/types.ts';

/** The purpose of a connection. Each purpose has its schemes, its ports and its list of places that are not public. */
export type ConnectionPurpose =
  | 'rest-hook'
  | 'hl7v2-mllp'
  | 'jwks'
  | 'sign-on'
  | 'client-keys'
  | 'audit-feed'
  | 'malware-scanner'
  | 'mail-relay'
  | 'sms-gateway'
  | 'direct-relay'
  | 'direct-mailbox'
  | 'direct-bundle'
  | 'direct-list'
  | 'direct-directory';

/** The destination of a connection. */
export interface Destination {
  readonly purpose: ConnectionPurpose;
  /** The address as it was written: `https://host/path`, `mllp://host:port`. */
  readonly address: string;
  /** The organization that is reached there; the operator may allow a place to some organizations only. */
  readonly organization?: Ref | undefined;
}

/**
 * The public words for a failed connection. More detail would map a network for the organizations that name its
 * addresses.
 */
export type ConnectionFailure = 'unreachable' | 'tls' | 'timeout' | 'refused' | 'policy';

/** A connection that was not made, or broke before it answered. */
export class ConnectionFailed extends Error {
  readonly failure: ConnectionFailure;

  constructor(failure: ConnectionFailure) {
    super(failure);
    this.name = 'ConnectionFailed';
    this.failure = failure;
  }
}

/** `too-many`: the organization has named as many new addresses today as it may. */
export type Admission = 'admitted' | 'not-allowed' | 'too-many';

/**
 * Asks the guard about an address before it is stored; the guard judges again at every connection. It admits a name
 * that does not resolve now. `by` is the organization that names the address; undefined for an administrator.
 */
export type AdmitAddress = (destination: Destination, by: Ref | undefined) => Promise<Admission>;

/** A request to another server. */
interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
  /** The largest number of bytes of the answer that are read. */
  readonly responseBytesMax: number;
}

/** The parts of an answer that are read. */
interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** How long the answer may be kept (RFC 9111, 5.2). */
  readonly cacheControl?: string | undefined;
  /** Empty unless the caller asked for it. */
  readonly body: string;
  /** The body as it came; empty unless the caller asked for it. */
  readonly bytes: Uint8Array;
}

/** HTTP over guarded connections. A redirect is an answer; the client does not follow it. */
export interface HttpClient {
  /**
   * Sends one request and reads its answer. `reads`: the answer's body is wanted; otherwise it is thrown away.
   *
   * @throws ConnectionFailed
   */
  send(url: URL, asked: HttpRequest, reads?: boolean): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/**
 * Asks the name servers of the settings, or of the system, by UDP or TCP (RFC 1035), from a new port each time.
 *
 * @param accepts whether these bytes answer the query; by UDP others are ignored, and the answer is waited for
 * @throws ConnectionFailed when none of them answers in time
 */
export type AskNameServers = (
  query: Uint8Array,
  way: 'udp' | 'tcp',
  accepts: (answer: Uint8Array) => boolean,
  signal: AbortSignal,
) => Promise<Uint8Array>;
