/** Random messages, and mails that were changed at random (direct-xdm 2, 3, 14; issue 13, "Bad input"). */
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SigningKey } from '../../../src/direct/certificates/signing-key.ts';
import { openMail, type OpenedMail } from '../../../src/direct/cms/open.ts';
import { protectMail } from '../../../src/direct/cms/protect.ts';
import { signDetached } from '../../../src/direct/cms/sign.ts';
import { verifyDetached } from '../../../src/direct/cms/verify.ts';
import { readDispositions } from '../../../src/direct/mdn/read.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail } from '../../../src/direct/mime/read.ts';
import { signingKeyOf } from '../../../tools/direct/correspondent.ts';
import * as fc from '../../chance.ts';
import { createDirectWorld } from '../../direct-world.ts';
import { proofOf } from '../../proof.ts';
import { base64Body, envelopeMime } from './openssl-cms.ts';

const proof = proofOf('direct-bytes');
const RUN = { numRuns: proof.runs, seed: proof.seed };
const RUN_MS = 50;
const AT = Date.UTC(2026, 11, 1);

const PART = Buffer.from(
  'Content-Type: message/rfc822\r\n\r\nFrom: nokafor@direct.alder.example.org\r\n\r\nWhat is signed.\r\n',
);

const PLAIN = Buffer.from(
  [
    'From: "A" <a@one.example>',
    'Subject: =?utf-8?Q?=C3=BC?=',
    'X-Direct-Context: <c@x>',
    'Date: Tue, 01 Dec 2026 02:30:00 +0000',
    'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8; format=flowed',
    '',
    'a ',
    'b',
    '--b',
    'Content-Type: message/disposition-notification',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Final-Recipient: rfc822; b@two.example',
    'Original-Message-ID: <m=40one.example>',
    'Disposition: a/b; processed/error',
    '--b',
    "Content-Disposition: attachment; filename*0*=utf-8''a; filename*1=b",
    'Content-ID: <c@x>',
    'Content-Transfer-Encoding: base64',
    '',
    'QUJD',
    '--b--',
    '',
  ].join('\r\n'),
);

let ours: SigningKey;
let theirs: SigningKey;
let mail: Uint8Array;

beforeAll(async () => {
  const world = await createDirectWorld();
  ours = signingKeyOf(world.initiator);
  theirs = signingKeyOf(world.recipient);
  mail = await protect(PLAIN, 'pkcs1');
});

const protect = (message: Uint8Array, keyTransport: 'pkcs1' | 'oaep'): Promise<Uint8Array> =>
  protectMail(message, {
    headers: { from: 'a@one.example', to: 'b@two.example', messageId: 'm@one.example', date: AT },
    signer: ours,
    recipient: theirs.certificate,
    keyTransport,
    at: AT,
    random: (bytes) => randomBytes(bytes),
  });

const open = (bytes: Uint8Array): Promise<OpenedMail> => openMail(bytes, [theirs], MAIL_LIMITS);

/** Some bytes of the original are others, and perhaps its end is missing. */
const changesOf = (length: number, most = 8) =>
  fc.record({
    bytes: fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: most }),
    length: fc.oneof({ weight: 3, arbitrary: fc.constant(length) }, fc.nat(length)),
  });

function changed(
  original: Uint8Array,
  { bytes, length }: { readonly bytes: readonly (readonly [number, number])[]; readonly length: number },
): Uint8Array {
  const copy = Buffer.from(original);
  for (const [at, byte] of bytes) copy[at] = byte;
  return copy.subarray(0, length);
}

describe('(direct-xdm 14) whatever the bytes', () => {
  test(
    '(direct-xdm 2) open(protect(m)) = m',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 4000 }), fc.boolean(), async (message, isOaep) => {
          const found = await open(await protect(message, isOaep ? 'oaep' : 'pkcs1'));
          expect(found.kind === 'opened' && Buffer.compare(found.message, message)).toBe(0);
        }),
        RUN,
      );
    },
    proof.within(RUN_MS),
  );

  test(
    '(direct-xdm 3) a mail that was changed opens to what was signed, or not at all, and never throws',
    async () => {
      await fc.assert(
        fc.asyncProperty(changesOf(mail.length), async (changes) => {
          const found = await open(changed(mail, changes));
          expect(found.kind !== 'opened' || PLAIN.equals(found.message)).toBe(true);
        }),
        RUN,
      );
      const envelope = base64Body(mail);
      await fc.assert(
        fc.asyncProperty(changesOf(envelope.length, 2), async (changes) => {
          const found = await open(envelopeMime(changed(envelope, changes)));
          expect(found.kind !== 'opened' || PLAIN.equals(found.message)).toBe(true);
        }),
        RUN,
      );
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
          expect(await open(envelopeMime(bytes))).toEqual({ kind: 'undecryptable' });
        }),
        RUN,
      );
    },
    proof.within(RUN_MS),
  );

  test(
    '(direct-xdm 3) a signature that was changed is of the same key, or bad',
    () => {
      const signature = signDetached(PART, ours, AT);
      fc.assert(
        fc.property(changesOf(signature.length), (changes) => {
          const found = verifyDetached(PART, changed(signature, changes), MAIL_LIMITS);
          // A changed certificate with the same key leads to no anchor.
          const [signer] = found.kind === 'good' ? found.signers : [];
          expect(signer?.certificate.publicKey.equals(ours.certificate.publicKey) ?? true).toBe(true);
        }),
        RUN,
      );
    },
    proof.within(RUN_MS),
  );

  test(
    '(direct-xdm 12) a message is read or is a fault, and so is a notification',
    () => {
      const read = (bytes: Uint8Array): void => {
        const reading = readMail(bytes, MAIL_LIMITS);
        expect(['mail', 'fault']).toContain(reading.kind);
        expect(readDispositions(reading).length).toBeLessThanOrEqual(100);
      };
      fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), read), RUN);
      fc.assert(
        fc.property(changesOf(PLAIN.length), (changes) => read(changed(PLAIN, changes))),
        RUN,
      );
    },
    proof.within(RUN_MS),
  );
});
