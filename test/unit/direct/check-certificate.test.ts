/** Each row of section 4 alone, broken and met, by certificates of openssl (direct-xdm 4, 14). */
import { describe, expect, test } from '@jest/globals';
import type { X509Certificate } from 'node:crypto';
import {
  CERTIFICATE_FAULTS,
  checkCertificate,
  type CertificateFault,
  type CertificateUse,
} from '../../../src/direct/certificates/check-certificate.ts';
import type { DirectAddress } from '../../../src/ports/direct.ts';
import type { Revocation } from '../../../src/direct/certificates/revocation.ts';
import { AUTHORITY, authority, endEntity, issue, RSA, type Issued } from '../../direct-authority.ts';

const AT = Date.parse('2026-11-30T12:00:00Z');
const ADDRESS: DirectAddress = 'intake@direct.tarn.example.org';
const NO_LISTS: Revocation = { lists: new Map(), graceMs: 0 };

const ca = authority();
const middle = authority({ issuer: ca });
const rsa = authority({ key: RSA });

function judge(
  leaf: Issued,
  {
    use = 'sign',
    anchors = [ca.certificate, rsa.certificate],
    intermediates = [],
    at = AT,
    address = ADDRESS,
  }: {
    use?: CertificateUse;
    anchors?: readonly X509Certificate[];
    intermediates?: readonly X509Certificate[];
    at?: number;
    address?: DirectAddress;
  } = {},
): CertificateFault | undefined {
  return checkCertificate({ leaf: leaf.certificate, intermediates }, address, use, anchors, at, NO_LISTS);
}

describe('a certificate is judged by each row of the table (direct-xdm 4)', () => {
  test.each<[what: string, make: () => Issued, use: CertificateUse, fault: CertificateFault | undefined]>([
    ['bound to the domain', () => endEntity(ca), 'sign', undefined],
    [
      'bound to the address',
      () => endEntity(ca, { san: 'email:Intake@Direct.Tarn.example.org' }),
      'sign',
      undefined,
    ],
    [
      'bound to another address',
      () => endEntity(ca, { san: 'email:other@direct.tarn.example.org' }),
      'sign',
      'not-bound',
    ],
    ['bound to a domain above', () => endEntity(ca, { san: 'DNS:tarn.example.org' }), 'sign', 'not-bound'],
    [
      'bound to a domain below',
      () => endEntity(ca, { san: 'DNS:a.direct.tarn.example.org' }),
      'sign',
      'not-bound',
    ],
    ['bound to a wildcard', () => endEntity(ca, { san: 'DNS:*.tarn.example.org' }), 'sign', 'not-bound'],
    [
      'the subject alone names the address',
      () => endEntity(ca, { san: '', subject: `/CN=direct.tarn.example.org/emailAddress=${ADDRESS}` }),
      'sign',
      'not-bound',
    ],
    ['the address as a URI', () => endEntity(ca, { san: `URI:mailto:${ADDRESS}` }), 'sign', 'not-bound'],
    ['not valid yet', () => endEntity(ca, { notBefore: '20270101000000Z' }), 'sign', 'not-yet-valid'],
    ['expired', () => endEntity(ca, { notAfter: '20260101000000Z' }), 'sign', 'expired'],
    [
      'an authority',
      () => issue({ issuer: ca, extensions: [...AUTHORITY, 'subjectAltName=DNS:direct.tarn.example.org'] }),
      'sign',
      'authority',
    ],
    ['no keyUsage', () => endEntity(ca, { usage: '' }), 'sign', 'key-usage'],
    ['signs only, to encrypt', () => endEntity(ca, { usage: 'digitalSignature' }), 'encrypt', 'key-usage'],
    ['signs only', () => endEntity(ca, { usage: 'digitalSignature' }), 'sign', undefined],
    [
      'encrypts only, to sign',
      () => endEntity(ca, { usage: 'keyEncipherment', key: RSA }),
      'sign',
      'key-usage',
    ],
    ['encrypts only', () => endEntity(ca, { usage: 'keyEncipherment', key: RSA }), 'encrypt', undefined],
    ['a curve that agrees on keys', () => endEntity(ca, { usage: 'keyAgreement' }), 'encrypt', undefined],
    [
      'a curve that enciphers keys',
      () => endEntity(ca, { usage: 'keyEncipherment' }),
      'encrypt',
      'key-usage',
    ],
    ['for mail', () => endEntity(ca, { more: ['extendedKeyUsage=emailProtection'] }), 'sign', undefined],
    [
      'for servers',
      () => endEntity(ca, { more: ['extendedKeyUsage=serverAuth'] }),
      'sign',
      'extended-key-usage',
    ],
    ['RSA of 1024 bits', () => endEntity(ca, { key: ['rsa:1024'] }), 'sign', 'weak-key'],
    ['Ed25519', () => endEntity(ca, { key: ['ed25519'], usage: 'digitalSignature' }), 'sign', 'weak-key'],
    ['signed with SHA-1', () => endEntity(ca, { digest: 'sha1' }), 'sign', 'weak-signature'],
    ['signed with SHA-384', () => endEntity(ca, { digest: 'sha384' }), 'sign', undefined],
    ['signed with RSA', () => endEntity(rsa), 'sign', undefined],
    [
      'signed with RSASSA-PSS',
      () => endEntity(rsa, { signing: ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'] }),
      'sign',
      undefined,
    ],
    [
      'a critical extension of somebody',
      () => endEntity(ca, { more: ['1.2.3.4=critical,ASN1:NULL'] }),
      'sign',
      'strange',
    ],
    ['an extension of somebody', () => endEntity(ca, { more: ['1.2.3.4=ASN1:NULL'] }), 'sign', undefined],
    ['of nobody', () => endEntity(authority()), 'sign', 'untrusted'],
    ['signed by itself', () => endEntity(ca, { issuer: undefined }), 'sign', 'untrusted'],
    ['below an authority that did not come along', () => endEntity(middle), 'sign', 'untrusted'],
  ])('%s', (_what, make, use, fault) => {
    expect(judge(make(), { use })).toBe(fault);
  });

  test('version 1', () => {
    expect(judge(issue({ issuer: ca }))).toBe('unreadable');
  });
});

describe('a chain is made of what is at hand (direct-xdm 4)', () => {
  const leaf = endEntity(middle);

  test('by an authority that came along, whatever else did', () => {
    const intermediates = [
      endEntity(ca).certificate,
      authority().certificate,
      middle.certificate,
      ca.certificate,
    ];
    expect(judge(leaf, { intermediates })).toBeUndefined();
  });

  test('an authority of the middle may be the anchor itself', () => {
    expect(judge(leaf, { anchors: [middle.certificate] })).toBeUndefined();
  });

  test.each<[what: string, between: () => Issued]>([
    ['is no authority', () => endEntity(ca, { usage: 'digitalSignature,keyCertSign' })],
    [
      'may not sign certificates',
      () => authority({ issuer: ca, extensions: ['basicConstraints=critical,CA:true', 'keyUsage=cRLSign'] }),
    ],
    ['has expired', () => authority({ issuer: ca, notAfter: '20260101000000Z' })],
    ['was signed with SHA-1', () => authority({ issuer: ca, digest: 'sha1' })],
    ['has a weak key', () => authority({ issuer: ca, key: ['rsa:1024'] })],
    [
      'must be understood otherwise',
      () =>
        authority({
          issuer: ca,
          extensions: [...AUTHORITY, 'nameConstraints=critical,permitted;DNS:tarn.example.org'],
        }),
    ],
  ])('an authority between that %s leads nowhere', (_what, make) => {
    const between = make();
    expect(judge(endEntity(between), { intermediates: [between.certificate] })).toBe('untrusted');
  });

  test('no more authorities follow than one above allows', () => {
    const short = authority({
      extensions: ['basicConstraints=critical,CA:true,pathlen:0', 'keyUsage=keyCertSign,cRLSign'],
    });
    const below = authority({ issuer: short });
    const anchors = [short.certificate];
    expect(judge(endEntity(short), { anchors })).toBeUndefined();
    expect(judge(endEntity(below), { anchors, intermediates: [below.certificate] })).toBe('untrusted');
  });

  test('an anchor that has expired, or is no authority, is none', () => {
    const old = authority({ notAfter: '20260101000000Z' });
    expect(judge(endEntity(old), { anchors: [old.certificate] })).toBe('untrusted');
    const own = endEntity(ca, { issuer: undefined });
    expect(judge(own, { anchors: [own.certificate] })).toBe('untrusted');
  });

  test('an authority of the same name with another key is another one', () => {
    const one = authority({ subject: '/CN=One name' });
    const other = authority({ subject: '/CN=One name' });
    expect(judge(endEntity(one), { anchors: [other.certificate] })).toBe('untrusted');
    expect(judge(endEntity(one), { anchors: [other.certificate, one.certificate] })).toBeUndefined();
  });

  test('each fault has words and a kind of distrust', () => {
    for (const { says, distrust } of Object.values(CERTIFICATE_FAULTS)) {
      expect(says).toMatch(/^[a-z]/);
      expect(distrust).toMatch(/^[a-z-]+$/);
    }
  });
});
