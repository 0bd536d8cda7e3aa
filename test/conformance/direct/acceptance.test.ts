/**
 * What an outside agent does with nothing but the line of JSON that the demonstration prints: it signs as the initiator and
 * encrypts for the recipient with OpenSSL, sends by SMTP, looks for the referral over FHIR with the tokens, accepts, and
 * opens what came back with OpenSSL. The packages are samples of another initiator's system. (direct-xdm 2, 8, 13)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect } from '@jest/globals';
import { createTransport } from 'nodemailer';
import type { DirectReady } from '../../../tools/demo/direct.ts';
import { judged } from '../../judges.ts';
import { openDemo, type Told } from '../docs/demo.ts';

const scratch = mkdtempSync(join(tmpdir(), 'closeloop-acceptance-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const SAMPLE = readFileSync(join(import.meta.dirname, '../../fixtures/direct/REQUEST.ZIP'));
const NUMBER = 'R-2025-00731';
const WITHIN_MS = 20_000;

judged(
  'openssl',
  'a request that OpenSSL signs and encrypts is applied, accepted and answered',
  async () => {
    const demo = await openDemo();
    try {
      const told = demo.told as Told & { readonly direct: DirectReady };
      const { direct } = told;
      const mail = mailOf(direct);
      const transport = createTransport({ ...direct.smtp, ignoreTLS: true });
      const { initiator: from, recipient: to } = direct.addresses;
      await transport.sendMail({ envelope: { from, to: [to] }, raw: mail });
      transport.close();

      for (const side of ['initiator', 'recipient']) {
        const [task, order] = await referralOf(told, side);
        expect(task).toMatchObject({ status: 'received', businessStatus: { coding: [{ code: '2.0' }] } });
        expect(order).toMatchObject({
          identifier: expect.arrayContaining([expect.objectContaining({ value: NUMBER })]),
        });
        const documents = await search(told, side, `DocumentReference?related=ServiceRequest/${order?.id}`);
        const types = documents.map(({ content }) => content?.[0]?.attachment.contentType);
        expect(types).toEqual(expect.arrayContaining(['application/hl7-cda+xml']));
      }
      const [task] = await referralOf(told, 'recipient');
      const accepted = await fetch(`${told.base}/Task/${task?.id}`, {
        method: 'PATCH',
        headers: { ...headersOf(told, 'recipient'), 'content-type': 'application/json-patch+json' },
        body: JSON.stringify([{ op: 'replace', path: '/status', value: 'accepted' }]),
      });
      expect(accepted.status).toBe(200);

      const letters = await lettersIn(direct, 3);
      expect(letters.filter((text) => /disposition:.*; processed/i.test(text))).toHaveLength(1);
      expect(letters.filter((text) => /disposition:.*; dispatched/i.test(text))).toHaveLength(1);
      expect(letters.filter((text) => /application\/zip/i.test(text))).toHaveLength(1);
    } finally {
      await demo.close();
    }
  },
  3 * WITHIN_MS,
);

const openssl = (argv: readonly string[], input?: Buffer | string): Buffer =>
  execFileSync('openssl', [...argv], {
    ...(input !== undefined && { input }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });

function file(name: string, text: string | Buffer): string {
  const path = join(scratch, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const lines = (bytes: Buffer): string => (bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');

/** Signed with the initiator's key, detached; then encrypted for the recipient: AES-256-CBC, RSA with PKCS #1 v1.5. */
function mailOf({ addresses, certificates }: DirectReady): string {
  const headers = [
    `From: ${addresses.initiator}`,
    `To: ${addresses.recipient}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'Message-ID: <acceptance-1@direct.elm-street.example.org>',
    'MIME-Version: 1.0',
  ];
  const message = [
    ...headers,
    'Subject: XDM/1.0/DDM',
    `Disposition-Notification-To: ${addresses.initiator}`,
    'Disposition-Notification-Options: X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true',
    'Content-Type: multipart/mixed; boundary="inner"',
    '',
    '--inner',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'A referral is attached.',
    '--inner',
    'Content-Type: application/zip; name="REQUEST.ZIP"',
    'Content-Disposition: attachment; filename="REQUEST.ZIP"',
    'Content-Transfer-Encoding: base64',
    '',
    lines(SAMPLE),
    '--inner--',
    '',
  ].join('\r\n');
  const part = `Content-Type: message/rfc822\r\n\r\n${message}`;
  const signer = file('initiator.pem', certificates.initiator.certificate);
  const key = file('initiator.key', certificates.initiator.privateKey);
  const signature = openssl([
    'cms',
    '-sign',
    '-binary',
    '-md',
    'sha256',
    '-signer',
    signer,
    '-inkey',
    key,
    '-outform',
    'DER',
    '-in',
    file('part', part),
  ]);
  const signed = [
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="signed"',
    '',
    '--signed',
    part,
    '--signed',
    'Content-Type: application/pkcs7-signature; name="smime.p7s"',
    'Content-Transfer-Encoding: base64',
    '',
    lines(signature),
    '--signed--',
    '',
  ].join('\r\n');
  const recipient = file('recipient.pem', certificates.recipient.certificate);
  const sealed = openssl([
    'cms',
    '-encrypt',
    '-binary',
    '-aes256',
    '-outform',
    'DER',
    '-in',
    file('signed', signed),
    recipient,
  ]);
  return [
    ...headers,
    'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
    'Content-Transfer-Encoding: base64',
    '',
    lines(sealed),
    '',
  ].join('\r\n');
}

interface Found {
  readonly id: string;
  readonly resourceType: string;
  readonly content?: readonly { readonly attachment: { readonly contentType?: string } }[];
}

const headersOf = ({ tokens }: Told, side: string) => ({ authorization: `Bearer ${tokens[side] ?? ''}` });

async function search(told: Told, side: string, query: string): Promise<readonly Found[]> {
  const answer = await fetch(`${told.base}/${query}`, { headers: headersOf(told, side) });
  const { entry = [] } = (await answer.json()) as {
    readonly entry?: readonly { readonly resource: Found }[];
  };
  return entry.map(({ resource }) => resource);
}

/** The Task and its order. */
async function referralOf(told: Told, side: string): Promise<readonly (Found | undefined)[]> {
  const found = await search(
    told,
    side,
    `Task?focus:ServiceRequest.identifier=${NUMBER}&_include=Task:focus`,
  );
  return ['Task', 'ServiceRequest'].map((type) => found.find(({ resourceType }) => resourceType === type));
}

/** The mails in the initiator's mailbox, decrypted and verified by OpenSSL, as text. */
async function lettersIn({ mailbox, certificates }: DirectReady, count: number): Promise<readonly string[]> {
  const ca = file('ca.pem', certificates.ca);
  const [signer, key] = [join(scratch, 'initiator.pem'), join(scratch, 'initiator.key')];
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await pause(100)) {
    const files = readdirSync(mailbox).filter((name) => name.endsWith('.eml'));
    if (files.length < count) continue;
    return files.map((name) => {
      const opened = openssl([
        'cms',
        '-decrypt',
        '-in',
        join(mailbox, name),
        '-recip',
        signer,
        '-inkey',
        key,
      ]);
      return openssl([
        'cms',
        '-verify',
        '-CAfile',
        ca,
        '-purpose',
        'any',
        '-in',
        file('opened', opened),
      ]).toString();
    });
  }
  throw new Error(`the mailbox does not hold ${String(count)} mails in time`);
}
