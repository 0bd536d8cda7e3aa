/** A mail of Direct from draft to reading: what one side protects, the other opens (direct-xdm 2, 3). */
import { randomBytes, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SigningKey } from '../../../src/direct/certificates/signing-key.ts';
import { judgeSigner, type SaidSenders } from '../../../src/direct/cms/judge.ts';
import { openMail, type OpenedMail, type OpenedMessage } from '../../../src/direct/cms/open.ts';
import { protectMail, type OuterHeaders, type Protection } from '../../../src/direct/cms/protect.ts';
import { composeMail, type MailDraft } from '../../../src/direct/mime/compose.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail } from '../../../src/direct/mime/read.ts';
import type { Distrust } from '../../../src/ports/direct.ts';
import { signingKeyOf } from '../../../tools/direct/correspondent.ts';
import { createDirectWorld, type DirectWorld } from '../../direct-world.ts';

const AT = Date.UTC(2026, 11, 1, 2, 0, 0);

let world: DirectWorld;
let ours: SigningKey;
let theirs: SigningKey;
let headers: OuterHeaders;

beforeAll(async () => {
  world = await createDirectWorld();
  ours = signingKeyOf(world.initiator);
  theirs = signingKeyOf(world.recipient);
  headers = {
    from: world.initiator.address,
    to: world.recipient.address,
    messageId: 'm1@direct.alder.example.org',
    date: AT,
  };
});

const draft = (over: Partial<MailDraft> = {}): MailDraft => ({
  ...headers,
  subject: 'XDM/1.0/DDM',
  text: 'A referral is attached.',
  files: [{ fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: randomBytes(2000) }],
  asks: 'dispatched',
  ...over,
});

const protect = (message: Uint8Array, over: Partial<Protection> = {}): Promise<Uint8Array> =>
  protectMail(message, {
    headers,
    signer: ours,
    recipient: theirs.certificate,
    keyTransport: 'pkcs1',
    at: AT,
    random: (bytes) => randomBytes(bytes),
    ...over,
  });

const open = (mail: Uint8Array, keys = [theirs]): Promise<OpenedMail> => openMail(mail, keys, MAIL_LIMITS);

async function opened(mail: Uint8Array): Promise<OpenedMessage> {
  const found = await open(mail);
  if (found.kind !== 'opened') throw new Error(JSON.stringify(found));
  return found;
}

describe('(direct-xdm 2) a mail that is protected', () => {
  test('opens to the same bytes, signed by who sent it', async () => {
    const message = await composeMail(draft());
    const found = await opened(await protect(message));
    expect(Buffer.compare(found.message, message)).toBe(0);
    expect(found.isWrapped).toBe(true);
    expect(found.signed.length).toBeGreaterThan(message.length);
    expect(found.signers).toHaveLength(1);
    expect(found.signers[0]).toMatchObject({ digest: 'sha256', signedAt: AT, chain: [] });
    expect(found.signers[0]?.certificate.fingerprint256).toBe(ours.certificate.fingerprint256);
  });

  test('tells those on the way neither the subject nor anything else of the inside', async () => {
    const mail = Buffer.from(
      await protect(await composeMail(draft({ subject: 'XDM/1.0/DDM+SECRET' }))),
    ).toString();
    expect(
      mail
        .slice(0, mail.indexOf('\r\n\r\n'))
        .split(/\r\n(?! )/)
        .map((line) => line.split(':')[0]),
    ).toEqual([
      'From',
      'To',
      'Date',
      'Message-ID',
      'Subject',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
      'Content-Disposition',
    ]);
    expect(mail).not.toMatch(/SECRET/);
    expect(mail.split('\r\n').every((line) => line.length <= 998 && /^[\t\x20-\x7e]*$/.test(line))).toBe(
      true,
    );
  });

  test('of the greatest size that we send is opened and read', async () => {
    const mostBytes = 20_000_000; // of a message before it is encrypted (direct-xdm 2)
    expect(mostBytes * (4 / 3) * (78 / 76)).toBeLessThan(MAIL_LIMITS.bytesMax);
    const zip = randomBytes(14_200_000);
    const message = await composeMail(
      draft({ files: [{ fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: zip }] }),
    );
    expect(message.length).toBeLessThan(mostBytes);
    expect(message.length).toBeGreaterThan(mostBytes * 0.97);
    const reading = readMail((await opened(await protect(message))).message, MAIL_LIMITS);
    expect(reading.kind === 'mail' && zip.equals(reading.parts[1]?.bytes ?? new Uint8Array())).toBe(true);
  });
});

describe('(direct-xdm 4) the signer of a mail', () => {
  const judge = async (
    said: Partial<SaidSenders> = {},
    anchors = [world.authority.certificate],
    at = Date.now(),
  ): Promise<Distrust | undefined> => {
    const found = await opened(await protect(await composeMail(draft())));
    const reading = readMail(found.message, MAIL_LIMITS);
    const inner = reading.kind === 'mail' ? reading.from : headers.to;
    const [signer] = found.signers;
    if (signer === undefined) throw new Error('a mail that was opened has a signer');
    return judgeSigner(
      signer,
      { outer: headers.from, inner, ...said },
      anchors.map((pem) => new X509Certificate(pem)),
      at,
      { lists: new Map(), graceMs: 0 },
    );
  };

  test('is believed when it covers the sender and leads to an anchor', async () => {
    expect(await judge()).toBeUndefined();
  });

  test.each([
    [
      'another sender outside than inside',
      { outer: 'x@direct.alder.example.org' as const },
      'sender-differs',
    ],
    ['no sender outside', { outer: undefined }, 'sender-differs'],
    [
      'another domain',
      { outer: 'a@direct.tarn.example.org', inner: 'a@direct.tarn.example.org' },
      'signer-not-sender',
    ],
    [
      'a subdomain',
      { outer: 'a@x.direct.alder.example.org', inner: 'a@x.direct.alder.example.org' },
      'signer-not-sender',
    ],
  ] as const)('is not believed: %s', async (_name, said, distrust) => {
    expect(await judge(said)).toBe(distrust);
  });

  test('is not believed without an anchor, or after it expired, whatever its own clock says', async () => {
    expect(await judge({}, [])).toBe('untrusted');
    expect(await judge({}, undefined, AT + 1e12)).toBe('certificate-expired');
  });
});
