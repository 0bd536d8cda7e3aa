/** Identifiers and the systems we quote by name (http://hl7.org/fhir/R4/identifier-registry.html). */
import { createHash } from 'node:crypto';
import type { Coding, Identifier } from './types.ts';

/** HL7 table 0203, identifier type. */
export const V2_0203 = 'http://terminology.hl7.org/CodeSystem/v2-0203';

/** Codes of V2-0203 that a referral uses. */
export const IDENTIFIER_TYPES = {
  /** Placer identifier: the referral initiator's number. */
  placer: 'PLAC',
  /** Filler identifier: the referral recipient's number. */
  filler: 'FILL',
  medicalRecord: 'MR',
  member: 'MB',
  nationalProvider: 'NPI',
} as const;

export type IdentifierType = (typeof IDENTIFIER_TYPES)[keyof typeof IDENTIFIER_TYPES];

/** United States national provider identifier; its OID is {@link NPI_OID}. */
export const NPI = 'http://hl7.org/fhir/sid/us-npi';
export const NPI_OID = '2.16.840.1.113883.4.6';

/** The system of identifiers that are URIs themselves. */
export const URI_SYSTEM = 'urn:ietf:rfc:3986';

const OID = /^[0-2](?:\.(?:0|[1-9]\d*))+$/;

/** `urn:oid:…` of a bare OID; undefined when the text is no OID. */
export function systemOfOid(oid: string): string | undefined {
  if (!OID.test(oid)) return undefined;
  return oid === NPI_OID ? NPI : `urn:oid:${oid}`;
}

/** Whether a text is an OID. */
export const isOid = (text: string): boolean => OID.test(text);

/** The OID for a URL: that of the UUID that the URL makes (RFC 9562, version 8). */
export const oidOfUrl = (url: string): string => oidOfUuid(uuidOf(url));

/** A UUID below the arc of UUIDs (X.667). */
export const oidOfUuid = (uuid: string): string => `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`)}`;

/** The UUID that a text makes (RFC 9562, version 8), in small letters: the same text always makes the same. */
export function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The bare OID of a system; undefined when the system is no OID. */
export function oidOfSystem(system: string | undefined): string | undefined {
  if (system === NPI) return NPI_OID;
  if (system === undefined || !system.startsWith('urn:oid:')) return undefined;
  const oid = system.slice('urn:oid:'.length);
  return OID.test(oid) ? oid : undefined;
}

/** The first identifier of a V2-0203 type. */
export function identifierOf(
  identifiers: readonly Identifier[] | undefined,
  type: IdentifierType,
): Identifier | undefined {
  return identifiers?.find(({ type: concept }) => concept?.coding?.some((coding) => isType(coding, type)));
}

const isType = ({ system, code }: Coding, type: IdentifierType): boolean =>
  system === V2_0203 && code === type;

/** `system|value`, the token by which an identifier is searched. */
export function identifierToken({ system, value }: Identifier): string {
  return `${system ?? ''}|${value ?? ''}`;
}
