/**
 * Subscription.channel (http://hl7.org/fhir/R4/subscription-definitions.html#Subscription.channel): where a notification
 * may go and what its headers may say. Asked when a Subscription is written and again whenever one is sent (rules 6.2).
 */
import { isAddress, isPublicAddress } from './public-address.ts';

/** Stands for the value of a header, which is a secret: `Authorization: ***`. */
export const MASK = '***';

export interface Header {
  readonly name: string;
  readonly value: string;
}

/** An address that notifications may go to, or the words why they may not. */
export type Destination =
  /** `listed`: the administrator vouches for it; otherwise it must also resolve to public addresses. */
  { readonly url: URL; readonly listed: boolean } | { readonly why: string };

const ENDPOINT_LENGTH_MAX = 2048;

/**
 * Judges `Subscription.channel.endpoint`: https at a public host, or a host of the administrator's list. An entry of the
 * list is `host`, `host:port` or `host:*`, with `http://` or `https://` before it to allow that alone.
 */
export function judgeEndpoint(endpoint: string | undefined, allowList: readonly string[]): Destination {
  if (endpoint === undefined) return { why: 'a rest-hook needs channel.endpoint' };
  if (endpoint.length > ENDPOINT_LENGTH_MAX) return { why: 'channel.endpoint is too long' };
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol))
    return { why: 'channel.endpoint must be an https address' };
  if (url.username !== '' || url.password !== '') {
    return { why: 'channel.endpoint must not hold a user name or password: use channel.header' };
  }
  if (url.hash !== '') return { why: 'channel.endpoint must not have a fragment' };
  if (allowList.some((entry) => isListed(url, entry))) return { url, listed: true };
  if (url.protocol !== 'https:') return { why: 'channel.endpoint must be https' };
  const host = hostOf(url);
  if (isAddress(host) ? !isPublicAddress(host) : !host.includes('.')) {
    return { why: 'channel.endpoint must be at a public address' };
  }
  return { url, listed: false };
}

/** The host without the brackets of an IPv6 address. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1');

const ENTRY = /^(?:(https?):\/\/)?(\[[^\]]+\]|[^:/]+)(?::(\d+|\*))?$/;

/** Whether an entry of the administrator's list is one. */
export const isAllowListEntry = (entry: string): boolean => ENTRY.test(entry);

function isListed(url: URL, entry: string): boolean {
  const match = ENTRY.exec(entry);
  if (match === null) return false;
  const [, scheme, host = '', port = '*'] = match;
  if (scheme !== undefined && url.protocol !== `${scheme}:`) return false;
  if (url.hostname !== host.toLowerCase()) return false;
  return port === '*' || port === portOf(url);
}

const portOf = (url: URL): string =>
  url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;

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

/** Why these lines of `channel.header` may not be sent, without quoting any; undefined when they may. */
export function judgeHeaders(lines: readonly string[]): string | undefined {
  if (lines.length > HEADERS_MAX) return `channel.header has more than ${HEADERS_MAX} lines`;
  for (const [i, line] of lines.entries()) {
    const header = parseHeader(line);
    if (header === undefined) return `channel.header[${i}] must be one line "Name: value" in US-ASCII`;
    if (RESERVED.has(header.name.toLowerCase())) return `channel.header[${i}] is set by this server`;
    if (header.value === MASK)
      return `channel.header[${i}] stands for a value that is not stored: give the value`;
  }
  return undefined;
}

/** The line as it is shown: its name alone. A line that is no header shows nothing. */
export function maskHeader(line: string): string {
  const colon = line.indexOf(':');
  return colon < 1 ? MASK : `${line.slice(0, colon)}: ${MASK}`;
}

/**
 * The lines that were written, where a masked one has its stored value again: the n-th of a name is the n-th of that name.
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
