/** The rows of the CMS profile with `openssl cms` on the other side: emitted, accepted, refused (direct-xdm 3). */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { openMail, type OpenedMail } from '../../../src/direct/cms/open.ts';
import { protectMail } from '../../../src/direct/cms/protect.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail } from '../../../src/direct/mime/read.ts';
import {
  createAuthority,
  ecKeys,
  rsaKeys,
  type Authority,
  type Certificate,
} from '../../../tools/certificates/authority.ts';
import { signingKeyOf } from '../../../tools/direct/correspondent.ts';
import { judged } from '../../judges.ts';
import { octetsIn, readBer } from './ber.ts';
import {
  base64Body,
  cutByHand,
  envelopeMime,
  openOpensslCms,
  signedMime,
  type OpensslCms,
} from './openssl-cms.ts';

type Kind = 'rsa' | 'p256' | 'p384' | 'p521' | 'rsa1024';

const MESSAGE =
  'From: nokafor@direct.alder.example.org\r\nTo: intake@direct.tarn.example.org\r\nSubject: XDM/1.0/DDM\r\n\r\nWhat is signed.\r\n';
const PART = `Content-Type: message/rfc822\r\n\r\n${MESSAGE}`;
const AT = Date.UTC(2026, 11, 1);

let peer: OpensslCms;
let authority: Authority;
const parties = new Map<Kind, Certificate>();

beforeAll(async () => {
  peer = openOpensslCms();
  authority = createAuthority({ commonName: 'Throw-away', keys: await rsaKeys() });
  const kinds: readonly (readonly [Kind, Promise<Certificate['keys']>])[] = [
    ['rsa', rsaKeys()],
    ['p256', ecKeys('P-256')],
    ['p384', ecKeys('P-384')],
    ['p521', ecKeys('P-521')],
    ['rsa1024', rsaKeys(1024)],
  ];
  for (const [kind, keys] of kinds)
    parties.set(
      kind,
      authority.issue({
        commonName: kind,
        keys: await keys,
        domains: ['direct.alder.example.org'],
        usages: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
      }),
    );
});

afterAll(() => peer.close());

function party(kind: Kind): Certificate {
  const found = parties.get(kind);
  if (found === undefined) throw new Error(kind);
  return found;
}

/** Where the encrypted key, the nonce, the content and the tag of an authenticated envelope begin. */
function longPlacesOf(envelope: Buffer): readonly number[] {
  const fields = readBer(envelope, MAIL_LIMITS)?.children[1]?.children[0]?.children ?? [];
  const [, infos, encrypted, tag] = fields;
  const found = [
    infos?.children[0]?.children[3],
    encrypted?.children[1]?.children[1]?.children[0],
    encrypted?.children[2],
    tag,
  ];
  return found.flatMap((node) => (node === undefined ? [] : [envelope.indexOf(octetsIn(node))]));
}

const open = (mail: Uint8Array, kind: Kind = 'rsa'): Promise<OpenedMail> =>
  openMail(mail, [signingKeyOf(party(kind))], MAIL_LIMITS);

describe('(direct-xdm 3) we emit, openssl reads', () => {
  const rows: readonly (readonly [signer: Kind, recipient: Kind, 'pkcs1' | 'oaep', algorithm: RegExp])[] = [
    ['rsa', 'rsa', 'pkcs1', /algorithm: rsaEncryption \(1\.2\.840\.113549\.1\.1\.1\)\s+parameter: NULL/],
    ['rsa', 'rsa', 'oaep', /rsaesOaep[\s\S]*sha256[\s\S]*mgf1/],
    ['rsa', 'p256', 'pkcs1', /dhSinglePass-stdDH-sha256kdf-scheme/],
    ['rsa', 'p384', 'pkcs1', /dhSinglePass-stdDH-sha256kdf-scheme/],
    ['rsa', 'p521', 'pkcs1', /dhSinglePass-stdDH-sha256kdf-scheme/],
    ['p256', 'rsa', 'pkcs1', /rsaEncryption/],
    ['p384', 'p256', 'pkcs1', /dhSinglePass-stdDH-sha256kdf-scheme/],
  ];
  for (const [signer, recipient, keyTransport, algorithm] of rows)
    judged('openssl', `signed by ${signer}, encrypted for ${recipient} with ${keyTransport}`, async () => {
      const mail = await protectMail(Buffer.from(MESSAGE), {
        headers: {
          from: 'nokafor@direct.alder.example.org',
          to: 'intake@direct.tarn.example.org',
          messageId: 'x@direct.alder.example.org',
          date: AT,
        },
        signer: {
          ...signingKeyOf(party(signer)),
          intermediates: [new X509Certificate(authority.certificate)],
        },
        recipient: new X509Certificate(party(recipient).certificate),
        keyTransport,
        at: AT,
        random: (bytes) => randomBytes(bytes),
      });
      const envelope = base64Body(mail);
      expect(peer.print(envelope)).toMatch(algorithm);
      expect(peer.print(envelope)).toMatch(/aes-256-cbc/);
      const { part, signature } = cutByHand(peer.decrypt(envelope, party(recipient)));
      expect(part.toString()).toBe(PART);
      expect(peer.verify(part, signature, authority.certificate)).toBe(PART);
      const told = peer.print(signature);
      expect(told).toMatch(/object: contentType[\s\S]*object: signingTime[\s\S]*object: messageDigest/);
      expect(told.match(/d\.certificate/g)).toHaveLength(2);
    });
});

describe('(direct-xdm 3) openssl emits, we read', () => {
  const signatures: readonly (readonly [
    name: string,
    signer: Kind,
    options: readonly string[],
    expected: string,
  ])[] = [
    ['SHA-256, RSA', 'rsa', ['-md', 'sha256'], 'sha256'],
    ['SHA-384, RSA', 'rsa', ['-md', 'sha384'], 'sha384'],
    ['SHA-512, RSA', 'rsa', ['-md', 'sha512'], 'sha512'],
    ['SHA-256, ECDSA P-256', 'p256', ['-md', 'sha256'], 'sha256'],
    ['SHA-384, ECDSA P-384', 'p384', ['-md', 'sha384'], 'sha384'],
    ['SHA-256, ECDSA P-384', 'p384', ['-md', 'sha256'], 'sha256'],
    ['RSA-PSS, SHA-256', 'rsa', ['-md', 'sha256', '-keyopt', 'rsa_padding_mode:pss'], 'sha256'],
    [
      'RSA-PSS, SHA-512, salt of 20',
      'rsa',
      ['-md', 'sha512', '-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:20'],
      'sha512',
    ],
    ['by subjectKeyIdentifier', 'rsa', ['-md', 'sha256', '-keyid'], 'sha256'],
    ['in pieces, with the content inside', 'rsa', ['-md', 'sha256', '-stream'], 'signature-broken'],
    ['SHA-1', 'rsa', ['-md', 'sha1'], 'digest-forbidden'],
    ['MD5', 'rsa', ['-md', 'md5'], 'digest-forbidden'],
    ['SHA-224', 'rsa', ['-md', 'sha224'], 'digest-forbidden'],
    ['ECDSA with SHA-1', 'p256', ['-md', 'sha1'], 'digest-forbidden'],
    ['RSA of 1024 bits', 'rsa1024', ['-md', 'sha256'], 'certificate-unfit'],
    ['with the content inside', 'rsa', ['-md', 'sha256', '-nodetach'], 'signature-broken'],
    ['without attributes', 'rsa', ['-md', 'sha256', '-noattr'], 'signature-broken'],
    ['without its certificate', 'rsa', ['-md', 'sha256', '-nocerts'], 'signature-broken'],
  ];
  for (const [name, signer, options, expected] of signatures)
    judged('openssl', `a signature: ${name} → ${expected}`, async () => {
      const signed = signedMime(PART, peer.sign(Buffer.from(PART), party(signer), options));
      const found = await open(envelopeMime(peer.encrypt(signed, [party('rsa')], ['-aes-256-cbc'])));
      if (expected.startsWith('sha')) {
        expect(found).toMatchObject({ kind: 'opened', isWrapped: true, signers: [{ digest: expected }] });
        expect(Buffer.from(found.kind === 'opened' ? found.message : []).toString()).toBe(MESSAGE);
      } else expect(found).toEqual({ kind: 'distrusted', distrust: expected });
    });

  const oaep = (digest: string): readonly string[] => [
    '-keyopt',
    'rsa_padding_mode:oaep',
    '-keyopt',
    `rsa_oaep_md:${digest}`,
  ];
  const envelopes: readonly (readonly [
    name: string,
    recipient: Kind,
    options: readonly string[],
    ofRecipient: readonly string[],
    isTaken: boolean,
  ])[] = [
    ['AES-128-CBC', 'rsa', ['-aes-128-cbc'], [], true],
    ['AES-192-CBC', 'rsa', ['-aes-192-cbc'], [], true],
    ['AES-256-CBC', 'rsa', ['-aes-256-cbc'], [], true],
    ['AES-128-GCM', 'rsa', ['-aes-128-gcm'], [], true],
    ['AES-192-GCM', 'rsa', ['-aes-192-gcm'], [], true],
    ['AES-256-GCM', 'rsa', ['-aes-256-gcm'], [], true],
    ['OAEP, SHA-1', 'rsa', ['-aes-256-cbc'], oaep('sha1'), true],
    ['OAEP, SHA-256', 'rsa', ['-aes-256-cbc'], oaep('sha256'), true],
    ['OAEP, SHA-384', 'rsa', ['-aes-256-cbc'], oaep('sha384'), true],
    ['OAEP, SHA-512', 'rsa', ['-aes-256-cbc'], oaep('sha512'), true],
    ['OAEP, SHA-224', 'rsa', ['-aes-256-cbc'], oaep('sha224'), false],
    ['OAEP, two digests', 'rsa', ['-aes-256-cbc'], [...oaep('sha256'), '-keyopt', 'rsa_mgf1_md:sha1'], false],
    [
      'OAEP with a label',
      'rsa',
      ['-aes-256-cbc'],
      [...oaep('sha256'), '-keyopt', 'rsa_oaep_label:0102'],
      false,
    ],
    ['ECDH P-256, its default', 'p256', ['-aes-256-cbc'], [], true],
    ['ECDH P-256, SHA-256', 'p256', ['-aes-128-cbc'], ['-keyopt', 'ecdh_kdf_md:sha256'], true],
    ['ECDH P-384, SHA-384', 'p384', ['-aes-256-gcm'], ['-keyopt', 'ecdh_kdf_md:sha384'], true],
    ['ECDH, SHA-224', 'p256', ['-aes-256-cbc'], ['-keyopt', 'ecdh_kdf_md:sha224'], false],
    ['by subjectKeyIdentifier', 'rsa', ['-aes-256-cbc', '-keyid'], [], true],
    ['by subjectKeyIdentifier, EC', 'p256', ['-aes-256-cbc', '-keyid'], [], true],
    ['in pieces of indefinite length', 'rsa', ['-aes-256-cbc', '-stream'], [], true],
    ['3DES', 'rsa', ['-des3'], [], false],
    ['DES', 'rsa', ['-des-cbc', '-provider', 'legacy', '-provider', 'default'], [], false],
    ['Camellia', 'rsa', ['-camellia256'], [], false],
  ];
  for (const [name, recipient, options, ofRecipient, isTaken] of envelopes)
    judged('openssl', `an envelope: ${name} → ${isTaken ? 'opened' : 'undecryptable'}`, async () => {
      const signed = signedMime(PART, peer.sign(Buffer.from(PART), party('rsa'), ['-md', 'sha256']));
      const envelope = peer.encrypt(
        signed,
        [{ certificate: party(recipient).certificate, options: ofRecipient }],
        options,
      );
      const found = await open(envelopeMime(envelope), recipient);
      if (isTaken) expect(found).toMatchObject({ kind: 'opened' });
      else expect(found).toEqual({ kind: 'undecryptable' });
    });

  judged('openssl', 'an envelope for several recipients, each by its own key', async () => {
    const signed = signedMime(PART, peer.sign(Buffer.from(PART), party('rsa'), ['-md', 'sha256']));
    const all = [party('rsa'), party('p256'), party('p384')];
    const mail = envelopeMime(peer.encrypt(signed, all, ['-aes-256-cbc']));
    for (const kind of ['rsa', 'p256', 'p384'] as const)
      expect(await open(mail, kind)).toMatchObject({ kind: 'opened' });
    expect(await open(mail, 'rsa1024')).toEqual({ kind: 'undecryptable' });
    const keys = [party('rsa1024'), party('p384')].map((one) => ({
      certificate: new X509Certificate(one.certificate),
      privateKey: createPrivateKey(one.privateKey),
      intermediates: [],
    }));
    expect(await openMail(mail, keys, MAIL_LIMITS)).toMatchObject({ kind: 'opened' });
    expect(await openMail(mail, keys, { ...MAIL_LIMITS, recipientsMax: 2 })).toEqual({
      kind: 'undecryptable',
    });
  });

  judged(
    'openssl',
    'an authenticated envelope: one bit of key, nonce, content or tag, and it is undecryptable',
    async () => {
      const signed = signedMime(PART, peer.sign(Buffer.from(PART), party('rsa'), ['-md', 'sha256']));
      const envelope = peer.encrypt(signed, [party('rsa')], ['-aes-256-gcm']);
      const places = longPlacesOf(envelope);
      expect(places).toHaveLength(4);
      for (const place of places) {
        const changed = Buffer.from(envelope);
        changed[place] = (changed[place] ?? 0) ^ 1;
        expect(await open(envelopeMime(changed))).toEqual({ kind: 'undecryptable' });
      }
    },
  );

  judged('openssl', 'a mail that two signed: one bad signature is one too many', async () => {
    const once = peer.sign(Buffer.from(PART), party('rsa'), ['-md', 'sha256']);
    const both = peer.resign(once, Buffer.from(PART), party('p256'), ['-md', 'sha256']);
    const weak = peer.resign(once, Buffer.from(PART), party('rsa1024'), ['-md', 'sha256']);
    const mail = (signature: Uint8Array): Buffer =>
      envelopeMime(peer.encrypt(signedMime(PART, signature), [party('rsa')], ['-aes-256-cbc']));
    const found = await open(mail(both));
    expect(found).toMatchObject({ kind: 'opened' });
    expect(found.kind === 'opened' && found.signers.length).toBe(2);
    expect(await open(mail(weak))).toEqual({ kind: 'distrusted', distrust: 'certificate-unfit' });
    expect(
      await openMail(mail(both), [signingKeyOf(party('rsa'))], { ...MAIL_LIMITS, signersMax: 1 }),
    ).toEqual({
      kind: 'distrusted',
      distrust: 'signature-broken',
    });
  });

  judged(
    'openssl',
    '(direct-xdm 2) an opaque signature is none, and neither is a mail that is only signed',
    async () => {
      const opaque = peer.sign(Buffer.from(PART), party('rsa'), ['-md', 'sha256', '-nodetach']);
      const inner = Buffer.from(
        `Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n${opaque.toString('base64')}\r\n`,
      );
      expect(await open(envelopeMime(peer.encrypt(inner, [party('rsa')], ['-aes-256-cbc'])))).toEqual({
        kind: 'distrusted',
        distrust: 'unsigned',
      });
      const signed = signedMime(PART, peer.sign(Buffer.from(PART), party('rsa'), ['-md', 'sha256']));
      expect(await open(Buffer.concat([Buffer.from('From: a@b.example\r\n'), signed]))).toEqual({
        kind: 'not-protected',
      });
      expect(await open(Buffer.concat([Buffer.from('From: a@b.example\r\n'), inner]))).toEqual({
        kind: 'not-protected',
      });
    },
  );

  judged(
    'openssl',
    '(direct-xdm 2) a message that is not wrapped is read under the header outside',
    async () => {
      const part = 'Content-Type: text/plain\r\n\r\nNot wrapped.\r\n';
      const signed = signedMime(part, peer.sign(Buffer.from(part), party('rsa'), ['-md', 'sha256']));
      const found = await open(envelopeMime(peer.encrypt(signed, [party('rsa')], ['-aes-256-cbc'])));
      expect(found).toMatchObject({ kind: 'opened', isWrapped: false });
      expect(Buffer.from(found.kind === 'opened' ? found.message : []).toString()).toBe(
        `from: nokafor@direct.alder.example.org\r\nto: intake@direct.tarn.example.org\r\nmessage-id: <o1@direct.alder.example.org>\r\nmime-version: 1.0\r\n${part}`,
      );
    },
  );

  judged(
    'openssl',
    '(direct-xdm 2) a header in what was signed counts before the one outside, whoever it names',
    async () => {
      for (const from of ['nokafor@direct.alder.example.org', 'somebody@direct.alder.example.org']) {
        const part = `From: ${from}\r\nSubject: XDM/1.0/DDM\r\nContent-Type: text/plain; protected-headers="v1"\r\n\r\nNot wrapped.\r\n`;
        const signed = signedMime(part, peer.sign(Buffer.from(part), party('rsa'), ['-md', 'sha256']));
        const found = await open(envelopeMime(peer.encrypt(signed, [party('rsa')], ['-aes-256-cbc'])));
        const message = found.kind === 'opened' ? found.message : new Uint8Array();
        expect(readMail(message, MAIL_LIMITS)).toMatchObject({
          from,
          subject: 'XDM/1.0/DDM',
          messageId: 'o1@direct.alder.example.org',
        });
      }
    },
  );
});
