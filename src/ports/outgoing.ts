/** Connections that this server makes (rules 6.3): what for, to where, and what becomes known of one that failed. */
import type { Ref } from '../fhir/types.ts';

/** What a connection is made for. Each purpose has its schemes, its ports and its list of places that are not public. */
export type Purpose = 'rest-hook' | 'hl7v2-mllp' | 'jwks';

/** Where somebody wants a connection to lead. */
export interface Destination {
  readonly purpose: Purpose;
  /** The address as it was written: `https://host/path`, `mllp://host:port`. */
  readonly address: string;
  /** The organization that is reached there; a place may be allowed to some organizations alone. */
  readonly organization?: Ref | undefined;
}

/** All that anybody is told of a connection that failed: more would map a network for who names its addresses. */
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

/** `too-many`: the organization that names it has named as many new addresses today as it may. */
export type Admission = 'admitted' | 'not-allowed' | 'too-many';

/**
 * Asked when an address is written; every connection asks again. A name that does not resolve now is admitted, for the
 * connection decides. `by`: the organization that names it; undefined for an administrator.
 */
export type AdmitAddress = (destination: Destination, by: Ref | undefined) => Promise<Admission>;

/** A request to another server. */
interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
  /** Bytes of the answer that are read at most. */
  readonly responseBytesMax: number;
}

/** What of an answer is looked at. */
interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Empty unless it was asked for. */
  readonly body: string;
}

/** HTTP over guarded connections; redirects are answers, and not followed. */
export interface HttpClient {
  /**
   * Sends one request and reads its answer. `reads`: the answer's body is wanted; otherwise it is thrown away.
   *
   * @throws ConnectionFailed
   */
  send(url: URL, asked: HttpRequest, reads?: boolean): Promise<HttpAnswer>;
  close(): Promise<void>;
}
