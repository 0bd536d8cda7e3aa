/**
 * Subscription.channel (http://hl7.org/fhir/R4/subscription-definitions.html#Subscription.channel): the endpoints and
 * headers that a Subscription may have. The server checks them when a client writes the Subscription, and again at each
 * notification (rules 6.2).
 */

/** Shown in place of a header's value, which is a secret: `Authorization: ***`. */
const MASK = '***';

interface Header {
  readonly name: string;
  readonly value: string;
}

const ENDPOINT_LENGTH_MAX = 2048;

/** The fault in the form of `Subscription.channel.endpoint`. The guard of connections judges where it leads. */
export function judgeEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return 'a rest-hook needs channel.endpoint';
  if (endpoint.length > ENDPOINT_LENGTH_MAX) return 'channel.endpoint is too long';
  if (!/^https?:\/\//i.test(endpoint)) return 'channel.endpoint must be an https address';
  const { username, password, hash } = URL.parse(endpoint) ?? {};
  if (username || password)
    return 'channel.endpoint must not hold a user name or password: use channel.header';
  return hash ? 'channel.endpoint must not have a fragment' : undefined;
}

/** Headers that a Subscription may not set: the connection's own, and those this server sets itself. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-closeloop-delivery-id',
]);

const HEADERS_MAX = 20;
/** RFC 9110 section 5.1: a token. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5, visible characters of US-ASCII, spaces and tabs: no line break can end the field early. */
const VALUE = /^[\t\x20-\x7e]{0,4096}$/;

/** `Name: value` of `channel.header`; undefined when it is not one. */
export function parseHeader(text: string): Header | undefined {
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  const name = text.slice(0, colon);
  const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
  return NAME.test(name) && VALUE.test(value) ? { name, value } : undefined;
}

/** The reason why these lines of `channel.header` may not be sent, without a quote; undefined when they may. */
export function judgeHeaders(lines: readonly string[]): string | undefined {
  if (lines.length > HEADERS_MAX) return `channel.header has more than ${HEADERS_MAX} lines`;
  for (const [i, line] of lines.entries()) {
    const header = parseHeader(line);
    if (header === undefined) return `channel.header[${i}] must be one line "Name: value" in US-ASCII`;
    if (RESERVED.has(header.name.toLowerCase())) return `channel.header[${i}] is set by this server`;
    if (header.value === MASK)
      return `channel.header[${i}] stands for a value that is not stored for this endpoint: give the value`;
  }
  return undefined;
}

/** A line as the server shows it: only its name. For a line that is no header it shows nothing. */
export function maskHeader(line: string): string {
  const colon = line.indexOf(':');
  return colon < 1 ? MASK : `${line.slice(0, colon)}: ${MASK}`;
}

/**
 * The written lines, with the stored values of masked ones: the n-th line of a name gets the value of the n-th stored
 * line of that name.
 */
export function unmaskHeaders(written: readonly string[], stored: readonly string[]): readonly string[] {
  const left = [...stored];
  return written.map((line) => {
    const name = nameOf(line);
    const at = left.findIndex((one) => nameOf(one) === name);
    const [kept] = at === -1 ? [] : left.splice(at, 1);
    return kept !== undefined && parseHeader(line)?.value === MASK ? kept : line;
  });
}

const nameOf = (line: string): string => line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase();
