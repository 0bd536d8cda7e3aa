/** Certificates in DNS: records of type CERT (RFC 4398), as direct-xdm 5 has them. */
import type { X509Certificate } from 'node:crypto';
import { readCertificateDer } from './pem.ts';

/** CERT RR, RFC 4398 2.1. PGP keys and URLs (IPKIX) are never followed. */
const PKIX = 1;
/** Type, key tag, algorithm. */
const HEADER_BYTES = 5;
const CERTIFICATE_BYTES_MAX = 16 * 1024;

/** The certificate in the RDATA of a CERT record; undefined for another kind, or what is no certificate. */
export function readCertRecord(rdata: Uint8Array): X509Certificate | undefined {
  if (rdata.length <= HEADER_BYTES || rdata.length > HEADER_BYTES + CERTIFICATE_BYTES_MAX) return undefined;
  const view = Buffer.from(rdata.buffer, rdata.byteOffset, rdata.length);
  return view.readUInt16BE(0) === PKIX ? readCertificateDer(view.subarray(HEADER_BYTES)) : undefined;
}

/** `local@domain` as `local.domain`, where its CERT records are. */
export const certOwnerName = (asked: string): string => asked.replace('@', '.');

/** The lines for an operator's zone: as every name server takes them (RFC 3597), and as those that know CERT do. */
export function certZoneLines(
  owner: string,
  certificate: X509Certificate,
): readonly [generic: string, cert: string] {
  const rdata = Buffer.concat([Buffer.from([0, PKIX, 0, 0, 0]), certificate.raw]);
  const name = `${certOwnerName(owner)}.`;
  return [
    `${name} IN TYPE37 \\# ${rdata.length} ${rdata.toString('hex')}`,
    `${name} IN CERT PKIX 0 0 ${certificate.raw.toString('base64')}`,
  ];
}
