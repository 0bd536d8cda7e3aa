/** What the texts of settings look like: in words, and by a test. */
import { isOid } from '../fhir/identifier.ts';
import { parseClientPurposes } from '../http/purposes.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { parseAllowed, parseNameServer, parsePlace } from '../resources/outgoing-address.ts';
import { isResourceType } from '../resources/type-names.ts';
import { parseLevelRow, parseReferableRow } from '../resources/validation-level.ts';

export const url = ['an absolute http or https URL without query', isUrl] as const;
export const origin = [
  'origins such as https://app.example.org',
  (part: string) => part === '*' || isOrigin(part),
] as const;
export const path = [
  'a path such as /fhir: no slash at the end, no query',
  (part: string) => /^(\/[\w.-]+)+$/.test(part),
] as const;
export const algorithm = [
  'RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA',
  (part: string) => /^([RPE]S(256|384|512)|EdDSA)$/.test(part),
] as const;
export const oid = ['an OID such as 2.999.360', isOid] as const;
export const organizationRef = [
  'a reference such as Organization/x',
  (given: string) => /^Organization\/[A-Za-z0-9.-]{1,64}$/.test(given),
] as const;
export const carrierRow = [
  'rows such as hl7v2-mllp=Organization/x',
  (row: string) => /^[a-z0-9-]{1,64}=Organization\/[A-Za-z0-9.-]{1,64}$/.test(row),
] as const;
export const network = [
  'addresses or networks such as 10.0.0.0/8',
  (part: string) => /^[\da-fA-F.:]+(\/\d{1,3})?$/.test(part),
] as const;

export const collector = [
  'syslogs://host:port, or an http or https URL',
  (given: string) =>
    /^(syslogs|https?):/.test(given) && parsePlace({ purpose: 'audit-feed', address: given }) !== undefined,
] as const;

export const relayAddress = [
  'smtps://host:port or smtp://host:port',
  (given: string) => parsePlace({ purpose: 'direct-relay', address: given }) !== undefined,
] as const;
export const mailAddress = [
  'an address such as no-reply@example.org',
  (given: string) => /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}$/.test(given),
] as const;
export const listeningPlace = [
  'address:port, as in 0.0.0.0:25 or [::1]:25',
  (given: string) => parseListeningPlace(given) !== undefined,
] as const;

export const nameServer = [
  'addresses such as 10.0.0.53, 10.0.0.53:5353 or [::1]:5353',
  (part: string) => parseNameServer(part) !== undefined,
] as const;

export const scannerPlace = [
  'none, host:port, or the path of a socket file, as in /run/clamav/clamd.ctl',
  (given: string) =>
    given === 'none' ||
    given.startsWith('/') ||
    (/^(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(given) &&
      parsePlace({ purpose: 'malware-scanner', address: `clamd://${given}` }) !== undefined),
] as const;

export const years = [
  'ever, or a whole number from 6 to 100',
  (given: string) =>
    given === 'ever' || (/^\d{1,3}$/.test(given) && Number(given) >= 6 && Number(given) <= 100),
] as const;

export const allowedPlace = [
  'places such as host, host:port, host:*, 10.0.0.0/8:port or http://host:port',
  (part: string) => parseAllowed(part, 'rest-hook') !== undefined,
] as const;

export const clientPurpose = [
  'rows client=PURPOSE PURPOSE of codes of PurposeOfUse',
  (part: string) => parseClientPurposes(part) !== undefined,
] as const;

export const mongodbAddress = [
  'mongodb:// or mongodb+srv:// and what the driver takes after it',
  (part: string) => /^mongodb(\+srv)?:\/\/[^\s/]/.test(part),
] as const;
export const databaseName = [
  'letters, digits, - and _, at most 60',
  (part: string) => /^[\w-]{1,60}$/.test(part),
] as const;

export const level = [
  'rows Type:level or *:level with off, structural, claimed or required (the last for types with profiles), or Type:referable of a type that is not served',
  isLevelRow,
] as const;

function isUrl(given: string): boolean {
  const parsed = URL.parse(given);
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.search === '' && parsed.hash === '';
}

function isOrigin(given: string): boolean {
  return URL.parse(given)?.origin === given && /^https?:/.test(given);
}

/** The parts of `address:port`; an IPv6 address stands in brackets. Port 0 takes a free one. */
export function parseListeningPlace(
  given: string,
): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, port = ''] = /^(?:\[([\da-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(given) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

/** A type that is served, and for `required` one that has profiles. */
function isLevelRow(row: string): boolean {
  const referable = parseReferableRow(row);
  if (referable !== undefined) return referable === '*' || isUnserved(referable);
  const [type, asked] = parseLevelRow(row) ?? [];
  if (type === undefined || type === '*') return type === '*';
  const declared = RESOURCE_TYPES.get(type);
  return declared !== undefined && (asked !== 'required' || (declared.profiles ?? []).length > 0);
}

const isUnserved = (type: string): boolean => isResourceType(type) && !RESOURCE_TYPES.has(type);

/** Why validation of this kind is unsafe; undefined when it is not. */
export function unsafeLevels(rows: readonly string[]): string | undefined {
  const named = (asked: string) =>
    rows.flatMap((row) => (row.endsWith(`:${asked}`) ? [row.slice(0, row.indexOf(':'))] : [])).join(', ');
  const [off, structural] = [named('off'), named('structural')];
  const says = [
    ...(off === '' ? [] : [`what is stored may be no valid FHIR (${off})`]),
    ...(structural === '' ? [] : [`profiles that are claimed are not checked (${structural})`]),
  ];
  return says.length === 0 ? undefined : says.join('; ');
}
