/** Certificates, lists and bundles of anybody: whatever the bytes are, they are read, or are nothing (direct-xdm 4). */
import { expect, test } from '@jest/globals';
import { readAttributeCertificates, readBundle } from '../../../src/direct/cms/bundle.ts';
import { readCertRecord } from '../../../src/direct/certificates/cert-record.ts';
import { readFacts } from '../../../src/direct/certificates/certificate-facts.ts';
import { octetsOf, oidOf, readElement, readOrNothing } from '../../../src/direct/certificates/der.ts';
import { readRevocationList } from '../../../src/direct/certificates/revocation-list.ts';
import { array, assert, constantFrom, nat, property, tuple } from '../../chance.ts';
import { authority, endEntity, listOf } from '../../direct-authority.ts';

const AT = Date.parse('2026-11-30T12:00:00Z');
const ca = authority();
const leaf = endEntity(ca, { more: ['crlDistributionPoints=URI:http://lists.example.org/ca.crl'] });
const samples = [
  listOf(ca, { revoked: [{ certificate: leaf, reason: 'superseded' }] }),
  leaf.certificate.raw,
];

test('changed octets never make a reader fail, nor go on without end', () => {
  const read = () =>
    assert(
      property(
        constantFrom(...samples),
        array(tuple(nat(2000), nat(255)), { maxLength: 4 }),
        (sample, changes) => {
          const bytes = Buffer.from(sample);
          for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
          readRevocationList(bytes);
          readBundle(bytes, ca.certificate, AT);
          const header = Buffer.from([0, 1, 0, 0, 0]);
          for (const certificate of [
            ...readAttributeCertificates(bytes),
            readCertRecord(Buffer.concat([header, bytes])),
          ])
            if (certificate !== undefined) readFacts(certificate);
        },
      ),
      { numRuns: 500 },
    );
  expect(read).not.toThrow();
});

test('elements within elements end at a depth, and each within the one around it', () => {
  const deep = Buffer.from('3080'.repeat(10_000), 'hex');
  expect(readOrNothing(() => readElement(deep))).toBeUndefined();
  // Pieces of pieces, as deep as a bundle may be large.
  let pieces = Buffer.from('0400', 'hex');
  for (let depth = 0; depth < 2000; depth += 1) {
    const header = Buffer.from([0x24, 0x84, 0, 0, 0, 0]);
    header.writeUInt32BE(pieces.length, 2);
    pieces = Buffer.concat([header, pieces]);
  }
  expect(readOrNothing(() => octetsOf(readElement(pieces)))).toBeUndefined();
  const oid = Buffer.concat([Buffer.from([6, 0x82, 0x27, 0x10]), Buffer.alloc(10_000, 0xff)]);
  expect(readOrNothing(() => oidOf(readElement(oid)))).toBeUndefined();
  for (const hex of ['', '30', '3005', '300501', '3084ffffffff', '308501000000000000', '1f8101', '3080'])
    expect(readOrNothing(() => readElement(Buffer.from(hex, 'hex')))).toBeUndefined();
  expect(readElement(Buffer.from('30800500' + '0000', 'hex'))).toMatchObject({
    contentStart: 2,
    contentEnd: 4,
    end: 6,
  });
});

test('a list of twenty thousand certificates is read in less than a second', () => {
  const serials = Array.from({ length: 20_000 }, (_, index) => {
    const serial = Buffer.alloc(16, 0x11);
    serial.writeUInt32BE(index, 8);
    const body = Buffer.concat([
      Buffer.from([2, 16]),
      serial,
      Buffer.from([0x17, 13]),
      Buffer.from('260101000000Z'),
    ]);
    return Buffer.concat([Buffer.from([0x30, body.length]), body]);
  });
  const long = (tag: number, content: Uint8Array): Buffer => {
    const header = Buffer.from([tag, 0x84, 0, 0, 0, 0]);
    header.writeUInt32BE(content.length, 2);
    return Buffer.concat([header, content]);
  };
  const algorithm = Buffer.from('300a06082a8648ce3d040302', 'hex');
  const times = Buffer.concat(
    ['260101000000Z', '270101000000Z'].map((time) =>
      Buffer.concat([Buffer.from([0x17, 13]), Buffer.from(time)]),
    ),
  );
  const signed = long(
    0x30,
    Buffer.concat([
      Buffer.from('020101', 'hex'),
      algorithm,
      Buffer.from('3000', 'hex'),
      times,
      long(0x30, Buffer.concat(serials)),
    ]),
  );
  const began = performance.now();
  expect(
    readRevocationList(long(0x30, Buffer.concat([signed, algorithm, Buffer.from('030100', 'hex')])))?.revoked
      .size,
  ).toBe(20_000);
  expect(performance.now() - began).toBeLessThan(1000);
});
